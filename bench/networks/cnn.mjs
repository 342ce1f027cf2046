import { WeightedGraph } from "./graph.mjs";

const side = 28;
const filters = [32, 64];
const hidden = 128;

/** Two convolutions of 3x3 with ReLU and pooling, two full layers: what MNIST is taught with. @returns {import("./index.mjs").Network} */
export function cnn() {
  const builder = new WeightedGraph();
  const convolutions = filters.map((count, at) => {
    const channels = at === 0 ? 1 : filters[at - 1];
    return {
      weight: builder.weight([count, channels, 3, 3], channels * 9),
      bias: builder.weight([count], count),
    };
  });
  const flat = filters[1] * (side / 4) ** 2;
  const full = [
    { weight: builder.weight([flat, hidden], flat), bias: builder.weight([hidden], hidden) },
    { weight: builder.weight([hidden, 10], hidden), bias: builder.weight([10], 10) },
  ];
  let value = builder.onnx.input("x", "f32", ["batch", 1, side, side]);
  for (const { weight, bias } of convolutions) {
    value = builder.add("Conv", [value, weight, bias], { pads: { ints: [1, 1, 1, 1] } });
    value = builder.add("Relu", [value]);
    value = builder.add("MaxPool", [value], { kernel_shape: { ints: [2, 2] }, strides: { ints: [2, 2] } });
  }
  value = builder.add("Flatten", [value]);
  value = builder.add("Relu", [builder.add("Gemm", [value, full[0].weight, full[0].bias])]);
  value = builder.add("Gemm", [value, full[1].weight, full[1].bias]);
  builder.onnx.output("y", value, "f32", ["batch", 10]);
  return {
    name: "CNN 28x28, 32 and 64 filters",
    model: builder.onnx.encode(),
    inputShape: (batch) => [batch, 1, side, side],
    tensorflow: (tf, x, batch) => {
      const input = tf.tidy(() => tf.transpose(tf.tensor4d(x, [batch, 1, side, side]), [0, 2, 3, 1]));
      const kernels = convolutions.map(({ weight, bias }) => {
        const { data, shape } = builder.dataOf(weight);
        const kernel = tf.tidy(() => tf.transpose(tf.tensor(data, shape), [2, 3, 1, 0]));
        return [kernel, tf.tensor1d(builder.dataOf(bias).data)];
      });
      const dense = full.map(({ weight, bias }) => {
        const { data, shape } = builder.dataOf(weight);
        return [tf.tensor(data, shape), tf.tensor1d(builder.dataOf(bias).data)];
      });
      return () => {
        let values = /** @type {any} */ (input);
        for (const [kernel, bias] of kernels) {
          values = tf.relu(tf.add(tf.conv2d(values, /** @type {any} */ (kernel), 1, "same"), bias));
          values = tf.maxPool(values, 2, 2, "valid");
        }
        values = tf.reshape(tf.transpose(values, [0, 3, 1, 2]), [batch, flat]);
        values = tf.relu(tf.add(tf.matMul(values, /** @type {any} */ (dense[0][0])), dense[0][1]));
        return tf.add(tf.matMul(values, /** @type {any} */ (dense[1][0])), dense[1][1]);
      };
    },
  };
}
