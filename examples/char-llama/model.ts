import type { TensorFlow } from "aikoryu/nn";
import { shape as capitals, type Shape } from "./recipe.ts";

type Tf = TensorFlow["tf"];
export type Weights = Readonly<Record<string, ReturnType<Tf["variable"]>>>;
type Tensor = ReturnType<Tf["tensor"]>;

export function headWidthOf({ width, heads }: Shape): number {
  return width / heads;
}

/** Names and sizes as GGUF has them: a matrix is [outputs, inputs]. */
export function weightShapes(shape: Shape = capitals): Record<string, readonly number[]> {
  const { vocabulary, width, layers, hidden } = shape;
  const sizes: Record<string, readonly number[]> = { "token_embd.weight": [vocabulary, width] };
  for (let layer = 0; layer < layers; layer++) {
    const name = (part: string) => `blk.${layer}.${part}.weight`;
    sizes[name("attn_norm")] = [width];
    for (const part of ["attn_q", "attn_k", "attn_v", "attn_output"]) sizes[name(part)] = [width, width];
    sizes[name("ffn_norm")] = [width];
    for (const part of ["ffn_gate", "ffn_up"]) sizes[name(part)] = [hidden, width];
    sizes[name("ffn_down")] = [width, hidden];
  }
  return { ...sizes, "output_norm.weight": [width], "output.weight": [vocabulary, width] };
}

/** Rotary positions: the angle of each position and number of a head, and what swaps the halves of each pair. */
export function rotary(shape: Shape = capitals) {
  const { context, ropeBase } = shape;
  const headWidth = headWidthOf(shape);
  const cos = new Float32Array(context * headWidth);
  const sin = new Float32Array(context * headWidth);
  const swap = new Float32Array(headWidth * headWidth);
  for (let at = 0; at < headWidth; at++) {
    const frequency = ropeBase ** (-(at - (at % 2)) / headWidth);
    for (let position = 0; position < context; position++) {
      cos[position * headWidth + at] = Math.cos(position * frequency);
      sin[position * headWidth + at] = Math.sin(position * frequency);
    }
    if (at % 2 === 0) swap[(at + 1) * headWidth + at] = -1;
    else swap[(at - 1) * headWidth + at] = 1;
  }
  return { cos, sin, swap };
}

/** 0 where a position may look, and something very negative where it may not: at what comes after it. */
export function causalMask(length: number): Float32Array {
  return Float32Array.from({ length: length * length }, (_, at) =>
    at % length > Math.floor(at / length) ? -1e9 : 0,
  );
}

/** A row for each token, with a 1 in its column. The WASM backend writes integers even where floats are asked for. */
export function oneHot(tf: Tf, tokens: Tensor, vocabulary: number): Tensor {
  return tf.cast(tf.oneHot(tf.reshape(tokens, [-1]), vocabulary), "float32");
}

/** Llama's forward pass in TensorFlow.js: tokens [batch, length] to logits [batch, length, vocabulary]. */
export function forward(tf: Tf, weights: Weights, tokens: Tensor, shape: Shape = capitals): Tensor {
  const { width, heads, layers, vocabulary, epsilon } = shape;
  const headWidth = headWidthOf(shape);
  const [batch = 1, length = 1] = tokens.shape;
  const weight = (name: string) => weights[name] as Tensor;
  const { cos, sin, swap } = rotary(shape);
  const angles = (values: Float32Array) =>
    tf.tensor(values.subarray(0, length * headWidth), [length, headWidth]);
  const [cosines, sines, swaps] = [angles(cos), angles(sin), tf.tensor(swap, [headWidth, headWidth])];
  const mask = tf.tensor(causalMask(length), [length, length]);

  const linear = (x: Tensor, name: string) => tf.matMul(x, weight(name), false, true);
  const normalised = (x: Tensor, name: string) => {
    const scale = tf.rsqrt(tf.add(tf.mean(tf.square(x), -1, true), epsilon));
    return tf.mul(tf.mul(x, scale), weight(name));
  };
  const inHeads = (x: Tensor) => tf.transpose(tf.reshape(x, [batch, length, heads, headWidth]), [0, 2, 1, 3]);
  const rotated = (x: Tensor) => {
    const swapped = tf.reshape(tf.matMul(tf.reshape(x, [-1, headWidth]), swaps), x.shape);
    return tf.add(tf.mul(x, cosines), tf.mul(swapped, sines));
  };

  let x = tf.matMul(oneHot(tf, tokens, vocabulary), weight("token_embd.weight"));
  for (let layer = 0; layer < layers; layer++) {
    const name = (part: string) => `blk.${layer}.${part}.weight`;
    const input = normalised(x, name("attn_norm"));
    const [q, k, v] = ["attn_q", "attn_k", "attn_v"].map((part) => inHeads(linear(input, name(part)))) as [
      Tensor,
      Tensor,
      Tensor,
    ];
    const scores = tf.mul(tf.matMul(rotated(q), rotated(k), false, true), 1 / Math.sqrt(headWidth));
    const attended = tf.matMul(tf.softmax(tf.add(scores, mask)), v);
    const merged = tf.reshape(tf.transpose(attended, [0, 2, 1, 3]), [batch * length, width]);
    x = tf.add(x, linear(merged, name("attn_output")));
    const between = normalised(x, name("ffn_norm"));
    const gate = linear(between, name("ffn_gate"));
    const gated = tf.mul(tf.mul(gate, tf.sigmoid(gate)), linear(between, name("ffn_up")));
    x = tf.add(x, linear(gated, name("ffn_down")));
  }
  const logits = linear(normalised(x, "output_norm.weight"), "output.weight");
  return tf.reshape(logits, [batch, length, vocabulary]);
}
