import { OnnxBuilder } from "aikoryu/nn";
import { randomFloats } from "../harness.mjs";
import { onnxRival } from "../peers/onnx-session.mjs";
import { tensorflowRivals } from "../peers/tensorflow.mjs";

const [channels, filters, size, side] = [64, 64, 56, 3];

/** A layer of ResNet-50's second stage. @param {import("../index.mjs").Bench} bench
 * @returns {Promise<import("../contest.mjs").Contest>} */
export async function convolution({ gpu }) {
  const shape = [1, channels, size, size];
  const weightShape = [filters, channels, side, side];
  const x = randomFloats(channels * size * size, 15);
  const w = randomFloats(filters * channels * side * side, 16);
  const graph = new OnnxBuilder();
  const operands = [graph.input("x", "f32", shape), graph.input("w", "f32", weightShape)];
  const result = graph.add("Conv", operands, { pads: { ints: [1, 1, 1, 1] } });
  graph.output("y", result, "f32", [1, filters, size, size]);
  return {
    family: "matrix",
    operation: "matrix.conv2d",
    title: `${channels}x${size}x${size}, ${filters} filters of ${side}x${side}`,
    ours: async (placement, report) => {
      const [input, weights] = [gpu.matrix.from(x, shape), gpu.matrix.from(w, weightShape)];
      const options = { padding: 1, placement, strict: placement === "gpu", report };
      const result = await gpu.matrix.conv2d(input, weights, options);
      const values = await result.read();
      for (const each of [result, input, weights]) each.dispose();
      return { values, report: result.report };
    },
    rivals: [
      await onnxRival(graph.encode(), { x: { data: x, shape }, w: { data: w, shape: weightShape } }),
      ...(await tensorflowRivals((tf) => {
        const input = tf.tidy(() => tf.transpose(tf.tensor4d(x, [1, channels, size, size]), [0, 2, 3, 1]));
        const filter = tf.tidy(() =>
          tf.transpose(tf.tensor4d(w, [filters, channels, side, side]), [2, 3, 1, 0]),
        );
        return () =>
          tf.transpose(
            tf.conv2d(
              /** @type {import("@tensorflow/tfjs-core").Tensor4D} */ (input),
              /** @type {import("@tensorflow/tfjs-core").Tensor4D} */ (filter),
              1,
              1,
            ),
            [0, 3, 1, 2],
          );
      })),
    ],
    plain: [{ name: "plain TypeScript", version: process.version, run: () => direct(x, w) }],
    expected: direct(x, w),
    tolerance: 1e-3,
    limit: ({ flopsPerSecond }, ms) => ({
      kind: "flops",
      unit: "GFLOP/s",
      measured: flopsPerSecond / 1e9,
      share: (2 * filters * channels * side ** 2 * size ** 2) / (ms / 1000) / flopsPerSecond,
    }),
  };
}

/** @param {ArrayLike<number>} x @param {ArrayLike<number>} w */
function direct(x, w) {
  const out = [];
  for (let filter = 0; filter < filters; filter++) {
    for (let row = 0; row < size; row++) {
      for (let column = 0; column < size; column++) {
        let sum = 0;
        for (let channel = 0; channel < channels; channel++) {
          for (let i = 0; i < side; i++) {
            for (let j = 0; j < side; j++) {
              const [y, z] = [row + i - 1, column + j - 1];
              if (y < 0 || z < 0 || y >= size || z >= size) continue;
              sum +=
                x[(channel * size + y) * size + z] * w[((filter * channels + channel) * side + i) * side + j];
            }
          }
        }
        out.push(sum);
      }
    }
  }
  return out;
}
