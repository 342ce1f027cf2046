import { OnnxBuilder } from "aikoryu/nn";
import { randomFloats } from "../harness.mjs";
import { onnxRival } from "../peers/onnx-session.mjs";
import { tensorflowRivals } from "../peers/tensorflow.mjs";

const [rows, columns] = [4096, 1024];

/** Softmax of each row. @param {import("../index.mjs").Bench} bench @returns {Promise<import("../contest.mjs").Contest>} */
export async function softmax({ gpu }) {
  const x = randomFloats(rows * columns, 6).map((value) => 8 * value);
  const nested = Array.from({ length: rows }, (_, row) =>
    Array.from(x.subarray(row * columns, (row + 1) * columns)),
  );
  const graph = new OnnxBuilder();
  const result = graph.add("Softmax", [graph.input("x", "f32", [rows, columns])], { axis: { int: -1 } });
  graph.output("y", result, "f32", [rows, columns]);
  return {
    family: "matrix",
    operation: "matrix.softmax",
    title: `${rows}x${columns}, rows`,
    ours: async (placement, report) => {
      const input = gpu.matrix.from(x, [rows, columns]);
      const options = { axis: -1, placement, strict: placement === "gpu", report };
      const result = await gpu.matrix.softmax(input, options);
      const values = await result.read();
      for (const each of [result, input]) each.dispose();
      return { values, report: result.report };
    },
    rivals: [
      await onnxRival(graph.encode(), { x: { data: x, shape: [rows, columns] } }),
      ...(await tensorflowRivals((tf) => {
        const input = tf.tensor2d(x, [rows, columns]);
        return () => tf.softmax(input, -1);
      })),
    ],
    plain: [
      {
        name: "plain TypeScript",
        version: process.version,
        run: () => nested.map(softmaxOf),
        values: (result) => result[0],
      },
    ],
    expected: softmaxOf(nested[0]),
    tolerance: 1e-6,
    limit: ({ copyBytesPerSecond }, ms) => ({
      kind: "bandwidth",
      unit: "GB/s",
      measured: copyBytesPerSecond / 1e9,
      share: (x.byteLength * 2) / (ms / 1000) / copyBytesPerSecond,
    }),
  };
}

/** @param {number[]} row */
function softmaxOf(row) {
  const largest = row.reduce((a, b) => Math.max(a, b));
  const powers = row.map((value) => Math.exp(value - largest));
  const sum = powers.reduce((a, b) => a + b);
  return powers.map((power) => power / sum);
}
