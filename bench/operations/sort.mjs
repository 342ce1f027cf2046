import { OnnxBuilder } from "aikoryu/nn";
import { randomFloats } from "../harness.mjs";
import { onnxRival } from "../peers/onnx-session.mjs";
import { tensorflowRivals } from "../peers/tensorflow.mjs";

const count = 2 ** 20;

/** @param {import("../index.mjs").Bench} bench @returns {Promise<import("../contest.mjs").Contest>} */
export async function sort({ gpu }) {
  const x = randomFloats(count, 7);
  const numbers = Array.from(x);
  const graph = new OnnxBuilder();
  const k = graph.constant("k", "i64", [1], BigInt64Array.of(BigInt(count)));
  const least = { axis: { int: 0 }, largest: { int: 0 }, sorted: { int: 1 } };
  const [sorted] = graph.addAll("TopK", [graph.input("x", "f32", [count]), k], least, 2);
  graph.output("y", sorted, "f32", [count]);
  return {
    family: "matrix",
    operation: "matrix.sort",
    title: "1M f32",
    ours: async (placement, report) => {
      const input = gpu.matrix.from(x, [count]);
      const result = await gpu.matrix.sort(input, { placement, strict: placement === "gpu", report });
      const values = await result.read();
      for (const each of [result, input]) each.dispose();
      return { values, report: result.report };
    },
    rivals: [
      await onnxRival(graph.encode(), { x: { data: x, shape: [count] } }),
      ...(await tensorflowRivals((tf) => {
        const input = tf.tensor1d(x);
        return () => tf.neg(tf.topk(tf.neg(input), count).values);
      })),
    ],
    plain: [
      {
        name: "plain TypeScript",
        version: process.version,
        run: () => [...numbers].sort((a, b) => a - b),
      },
      { name: "Float32Array.sort", version: process.version, run: () => x.slice().sort() },
    ],
    expected: x.slice().sort(),
    tolerance: 0,
    limit: ({ copyBytesPerSecond }, ms) => {
      const passes = 4;
      return {
        kind: "bandwidth",
        unit: "GB/s",
        measured: copyBytesPerSecond / 1e9,
        share: (x.byteLength * 2 * passes) / (ms / 1000) / copyBytesPerSecond,
      };
    },
  };
}
