import { WeightedGraph } from "./graph.mjs";

const widths = [784, 512, 512, 10];

/** 784-512-512-10, ReLU between layers. @returns {import("./index.mjs").Network} */
export function mlp() {
  const builder = new WeightedGraph();
  const layers = widths.slice(1).map((width, at) => ({
    weight: builder.weight([widths[at], width], widths[at]),
    bias: builder.weight([width], width),
  }));
  let value = builder.onnx.input("x", "f32", ["batch", widths[0]]);
  layers.forEach(({ weight, bias }, at) => {
    const product = builder.add("Gemm", [value, weight, bias]);
    value = at === layers.length - 1 ? product : builder.add("Relu", [product]);
  });
  builder.onnx.output("y", value, "f32", ["batch", 10]);
  return {
    name: "MLP 784-512-512-10",
    model: builder.onnx.encode(),
    inputShape: (batch) => [batch, widths[0]],
    tensorflow: (tf, x, batch) => {
      const input = tf.tensor2d(x, [batch, widths[0]]);
      const weights = layers.map(({ weight, bias }) => {
        const { data, shape } = builder.dataOf(weight);
        return [
          tf.tensor2d(data, /** @type {[number, number]} */ (shape)),
          tf.tensor1d(builder.dataOf(bias).data),
        ];
      });
      return () =>
        weights.reduce(
          (values, [weight, bias], at) => {
            const sum = tf.add(tf.matMul(values, weight), bias);
            return at === weights.length - 1 ? sum : tf.relu(sum);
          },
          /** @type {import("@tensorflow/tfjs-core").Tensor} */ (input),
        );
    },
    plain: (x, batch) => {
      const rows = Array.from({ length: batch }, (_, row) =>
        Array.from(x.subarray(row * widths[0], (row + 1) * widths[0])),
      );
      const weights = layers.map(({ weight, bias }) => {
        const { data, shape } = builder.dataOf(weight);
        const matrix = Array.from({ length: shape[0] }, (_, row) =>
          Array.from(data.subarray(row * shape[1], (row + 1) * shape[1])),
        );
        return { matrix, bias: Array.from(builder.dataOf(bias).data) };
      });
      return () =>
        rows.flatMap((row) =>
          weights.reduce(
            (values, { matrix, bias }, at) => {
              const sums = bias.map((start, column) =>
                values.reduce((sum, value, k) => sum + value * matrix[k][column], start),
              );
              return at === weights.length - 1 ? sums : sums.map((sum) => Math.max(0, sum));
            },
            /** @type {number[]} */ (row),
          ),
        );
    },
  };
}
