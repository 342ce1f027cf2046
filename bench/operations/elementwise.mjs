import { OnnxBuilder } from "aikoryu/nn";
import { randomFloats } from "../harness.mjs";
import { onnxRival } from "../peers/onnx-session.mjs";
import { tensorflowRivals } from "../peers/tensorflow.mjs";

const count = 2 ** 22;
const [scale, shift, weight] = [1.5, 0.25, 3].map(Math.fround);

/** Six operations: sqrt(abs(x scale + shift)) weight - x. @param {import("../index.mjs").Bench} bench */
export async function chain({ gpu }) {
  const x = randomFloats(count, 5);
  const m = gpu.matrix;
  /** @type {import("../contest.mjs").Contest} */
  const contest = {
    family: "matrix",
    operation: "elementwise chain",
    title: "six operations on 4M f32",
    ours: async (placement, report) => {
      const input = m.from(x, [count]);
      const lazy = m.sub(m.mul(m.sqrt(m.abs(m.add(m.mul(input, scale), shift))), weight), input);
      const result = await m.evaluate(lazy, { placement, strict: placement === "gpu", report });
      const values = await result.read();
      for (const each of [result, input]) each.dispose();
      return { values, report: result.report };
    },
    rivals: [await onnx(x), ...(await tensorflow(x))],
    plain: [plain(x), loop(x)],
    expected: x.subarray(0, 10_000).map((value) => one(value)),
    tolerance: 1e-5,
    limit: ({ copyBytesPerSecond }, ms) => ({
      kind: "bandwidth",
      unit: "GB/s",
      measured: copyBytesPerSecond / 1e9,
      share: (count * 8) / (ms / 1000) / copyBytesPerSecond,
    }),
  };
  return contest;
}

/** @param {number} value */
const one = (value) => Math.sqrt(Math.abs(value * scale + shift)) * weight - value;

/** @param {Float32Array} x */
function onnx(x) {
  const graph = new OnnxBuilder();
  const input = graph.input("x", "f32", [count]);
  const number = (/** @type {number} */ value) =>
    graph.constant(`${value}`, "f32", [], Float32Array.of(value));
  const sum = graph.add("Add", [graph.add("Mul", [input, number(scale)]), number(shift)]);
  const root = graph.add("Sqrt", [graph.add("Abs", [sum])]);
  const result = graph.add("Sub", [graph.add("Mul", [root, number(weight)]), input]);
  graph.output("y", result, "f32", [count]);
  return onnxRival(graph.encode(), { x: { data: x, shape: [count] } });
}

/** @param {Float32Array} x */
function tensorflow(x) {
  return tensorflowRivals((tf) => {
    const input = tf.tensor1d(x);
    return () => tf.sub(tf.mul(tf.sqrt(tf.abs(tf.add(tf.mul(input, scale), shift))), weight), input);
  });
}

/** The way arrays are usually written. @param {Float32Array} x */
function plain(x) {
  const input = Array.from(x);
  return {
    name: "plain TypeScript",
    version: process.version,
    run: () =>
      input
        .map((value) => value * scale)
        .map((value) => value + shift)
        .map((value) => Math.abs(value))
        .map((value) => Math.sqrt(value))
        .map((value) => value * weight)
        .map((value, at) => value - input[at]),
  };
}

/** @param {Float32Array} x */
function loop(x) {
  return {
    name: "one typed-array loop",
    version: process.version,
    run: () => {
      const result = new Float32Array(x.length);
      for (let at = 0; at < x.length; at++) result[at] = one(x[at]);
      return result;
    },
  };
}
