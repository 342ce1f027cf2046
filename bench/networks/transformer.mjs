import { WeightedGraph } from "./graph.mjs";

const [length, width, heads, inner, layers] = [64, 128, 4, 512, 2];
const each = width / heads;
const epsilon = 1e-5;

/** @typedef {import("./graph.mjs").Value} Value */

/** An encoder of two layers, as BERT's: attention, add and normalise, GELU. @returns {import("./index.mjs").Network} */
export function transformer() {
  const builder = new WeightedGraph();
  const linear = (/** @type {number} */ from, /** @type {number} */ to) => ({
    weight: builder.weight([from, to], from),
    bias: builder.weight([to], to),
  });
  const norm = () => ({
    scale: builder.floats(new Array(width).fill(1), [width]),
    bias: builder.floats(new Array(width).fill(0), [width]),
  });
  const blocks = Array.from({ length: layers }, () => ({
    query: linear(width, width),
    key: linear(width, width),
    value: linear(width, width),
    output: linear(width, width),
    first: norm(),
    up: linear(width, inner),
    down: linear(inner, width),
    second: norm(),
  }));
  const split = builder.integers([0, length, heads, each]);
  const joined = builder.integers([0, length, width]);
  const scale = builder.floats([1 / Math.sqrt(each)], []);
  const [half, one, root] = [0.5, 1, Math.SQRT2].map((number) => builder.floats([number], []));

  const dense = (/** @type {Value} */ value, /** @type {ReturnType<typeof linear>} */ { weight, bias }) =>
    builder.add("Add", [builder.add("MatMul", [value, weight]), bias]);
  const normalise = (
    /** @type {Value} */ value,
    /** @type {ReturnType<typeof norm>} */ { scale: gamma, bias },
  ) =>
    builder.add("LayerNormalization", [value, gamma, bias], {
      axis: { int: -1 },
      epsilon: { float: epsilon },
    });
  const headed = (/** @type {Value} */ value, /** @type {number[]} */ order) =>
    builder.add("Transpose", [builder.add("Reshape", [value, split])], { perm: { ints: order } });

  let value = builder.onnx.input("x", "f32", ["batch", length, width]);
  for (const block of blocks) {
    const query = headed(dense(value, block.query), [0, 2, 1, 3]);
    const key = headed(dense(value, block.key), [0, 2, 3, 1]);
    const values = headed(dense(value, block.value), [0, 2, 1, 3]);
    const scores = builder.add("Mul", [builder.add("MatMul", [query, key]), scale]);
    const attention = builder.add("Softmax", [scores], { axis: { int: -1 } });
    const mixed = builder.add("Transpose", [builder.add("MatMul", [attention, values])], {
      perm: { ints: [0, 2, 1, 3] },
    });
    const attended = dense(builder.add("Reshape", [mixed, joined]), block.output);
    value = normalise(builder.add("Add", [value, attended]), block.first);
    const up = dense(value, block.up);
    const error = builder.add("Add", [builder.add("Erf", [builder.add("Div", [up, root])]), one]);
    const gelu = builder.add("Mul", [builder.add("Mul", [up, error]), half]);
    const sum = builder.add("Add", [value, dense(gelu, block.down)]);
    value = normalise(sum, block.second);
  }
  builder.onnx.output("y", value, "f32", ["batch", length, width]);
  return {
    name: `encoder, ${layers} layers of ${width}, ${length} tokens`,
    model: builder.onnx.encode(),
    inputShape: (batch) => [batch, length, width],
    tensorflow: (tf, x, batch) => {
      const tensorOf = (/** @type {Value} */ value) => {
        const { data, shape } = builder.dataOf(value);
        return tf.tensor(data, shape);
      };
      const input = tf.tensor2d(x, [batch * length, width]);
      const kept = blocks.map((block) =>
        Object.fromEntries(
          Object.entries(block).map(([name, parts]) => [name, Object.values(parts).map(tensorOf)]),
        ),
      );
      const apply = (/** @type {any} */ tensor, /** @type {any[]} */ [weight, bias]) =>
        tf.add(tf.matMul(tensor, weight), bias);
      const normal = (/** @type {any} */ tensor, /** @type {any[]} */ [gamma, beta]) => {
        const { mean, variance } = tf.moments(tensor, -1, true);
        return tf.add(tf.mul(tf.mul(tf.sub(tensor, mean), tf.rsqrt(tf.add(variance, epsilon))), gamma), beta);
      };
      const splitHeads = (/** @type {any} */ tensor) =>
        tf.reshape(tf.transpose(tf.reshape(tensor, [batch, length, heads, each]), [0, 2, 1, 3]), [
          batch * heads,
          length,
          each,
        ]);
      return () => {
        let tensor = /** @type {any} */ (input);
        for (const block of kept) {
          const [q, k, v] = [block.query, block.key, block.value].map((part) =>
            splitHeads(apply(tensor, part)),
          );
          const scores = tf.mul(tf.matMul(q, k, false, true), 1 / Math.sqrt(each));
          const mixed = tf.reshape(tf.matMul(tf.softmax(scores), v), [batch, heads, length, each]);
          const rows = tf.reshape(tf.transpose(mixed, [0, 2, 1, 3]), [batch * length, width]);
          tensor = normal(tf.add(tensor, apply(rows, block.output)), block.first);
          const up = apply(tensor, block.up);
          const gelu = tf.mul(tf.mul(up, 0.5), tf.add(tf.erf(tf.div(up, Math.SQRT2)), 1));
          tensor = normal(tf.add(tensor, apply(gelu, block.down)), block.second);
        }
        return tensor;
      };
    },
  };
}
