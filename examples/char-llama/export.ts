import { encodeGguf, type GgufValue, type GraphValue, OnnxBuilder } from "aikoryu/nn";
import { causalMask, headWidthOf, rotary, type Weights, weightShapes } from "./model.ts";
import { capitals, type Recipe, shape } from "./recipe.ts";
import { begin, end, tokenKinds, tokens, unknown } from "./vocabulary.ts";

/** The trained numbers by the names of `weightShapes`. */
export type Numbers = Readonly<Record<string, Float32Array>>;

export async function numbersOf(weights: Weights): Promise<Numbers> {
  const read = async ([name, weight]: [string, Weights[string]]) =>
    [name, await weight.data<"float32">()] as const;
  return Object.fromEntries(await Promise.all(Object.entries(weights).map(read)));
}

/** A GGUF file that llama.cpp loads. */
export function toGguf(numbers: Numbers, { name, shape }: Recipe = capitals): Uint8Array {
  const { width, heads, hidden, layers, vocabulary, context, epsilon, ropeBase } = shape;
  const u32 = (value: number): GgufValue => ({ type: "u32", value });
  const f32 = (value: number): GgufValue => ({ type: "f32", value });
  return encodeGguf({
    metadata: {
      "general.architecture": "llama",
      "general.name": name,
      "general.file_type": u32(0),
      "llama.vocab_size": u32(vocabulary),
      "llama.context_length": u32(context),
      "llama.embedding_length": u32(width),
      "llama.block_count": u32(layers),
      "llama.feed_forward_length": u32(hidden),
      "llama.attention.head_count": u32(heads),
      "llama.attention.head_count_kv": u32(heads),
      "llama.attention.layer_norm_rms_epsilon": f32(epsilon),
      "llama.rope.dimension_count": u32(headWidthOf(shape)),
      "llama.rope.freq_base": f32(ropeBase),
      "tokenizer.ggml.model": "llama",
      "tokenizer.ggml.tokens": { type: "string", values: tokens },
      "tokenizer.ggml.scores": { type: "f32", values: tokens.map((_, at) => -at) },
      "tokenizer.ggml.token_type": { type: "i32", values: tokenKinds },
      "tokenizer.ggml.bos_token_id": u32(begin),
      "tokenizer.ggml.eos_token_id": u32(end),
      "tokenizer.ggml.unknown_token_id": u32(unknown),
      "tokenizer.ggml.add_bos_token": true,
      "tokenizer.ggml.add_space_prefix": false,
    },
    tensors: Object.entries(weightShapes(shape)).map(([name, sizes]) => ({
      name,
      type: "f32",
      shape: sizes,
      data: numbers[name] ?? new Float32Array(),
    })),
  });
}

/** An ONNX file: `tokens`, i64 [batch, 32], to `logits`, f32 [batch, 32, 355]; what follows a text does not change it. */
export function toOnnx(numbers: Numbers): Uint8Array {
  const { width, heads, layers, vocabulary, context, epsilon } = shape;
  const headWidth = headWidthOf(shape);
  const graph = new OnnxBuilder();
  const f32 = (name: string, sizes: readonly number[], data: Float32Array) =>
    graph.constant(name, "f32", sizes, data);
  const i64 = (name: string, values: readonly number[]) =>
    graph.constant(name, "i64", [values.length], BigInt64Array.from(values, BigInt));
  const add = (operator: string, ...inputs: GraphValue[]) => graph.add(operator, inputs);
  const { cos, sin, swap } = rotary();
  const cosines = f32("cosines", [context, headWidth], cos);
  const sines = f32("sines", [context, headWidth], sin);
  const swaps = f32("swaps", [headWidth, headWidth], swap);
  const mask = f32("mask", [context, context], causalMask(context));
  const tiny = f32("epsilon", [], Float32Array.of(epsilon));
  const scale = f32("scale", [], Float32Array.of(1 / Math.sqrt(headWidth)));
  const splitShape = i64("split", [0, context, heads, headWidth]);
  const mergedShape = i64("merged", [0, context, width]);

  const sizesOf = weightShapes();
  const data = (name: string) => numbers[name] ?? new Float32Array();
  const linear = (x: GraphValue, name: string) => {
    const [outputs = 0, inputs = 0] = sizesOf[name] ?? [];
    return add("MatMul", x, f32(name, [inputs, outputs], transposed(data(name), outputs, inputs)));
  };
  const normalised = (x: GraphValue, name: string) => {
    const mean = graph.add("ReduceMean", [add("Mul", x, x)], { axes: { ints: [-1] }, keepdims: { int: 1 } });
    const root = add("Sqrt", add("Add", mean, tiny));
    return add("Mul", add("Div", x, root), f32(name, [width], data(name)));
  };
  const transpose = (x: GraphValue, order: readonly number[]) =>
    graph.add("Transpose", [x], { perm: { ints: order } });
  const inHeads = (x: GraphValue) => transpose(add("Reshape", x, splitShape), [0, 2, 1, 3]);
  const rotated = (x: GraphValue) =>
    add("Add", add("Mul", x, cosines), add("Mul", add("MatMul", x, swaps), sines));

  const input = graph.input("tokens", "i64", ["batch", context]);
  let x = graph.add("Gather", [f32("embedding", [vocabulary, width], data("token_embd.weight")), input]);
  for (let layer = 0; layer < layers; layer++) {
    const name = (part: string) => `blk.${layer}.${part}.weight`;
    const normal = normalised(x, name("attn_norm"));
    const query = rotated(inHeads(linear(normal, name("attn_q"))));
    const key = rotated(inHeads(linear(normal, name("attn_k"))));
    const value = inHeads(linear(normal, name("attn_v")));
    const scores = add("Mul", add("MatMul", query, transpose(key, [0, 1, 3, 2])), scale);
    const shares = graph.add("Softmax", [add("Add", scores, mask)], { axis: { int: -1 } });
    const merged = add("Reshape", transpose(add("MatMul", shares, value), [0, 2, 1, 3]), mergedShape);
    x = add("Add", x, linear(merged, name("attn_output")));
    const between = normalised(x, name("ffn_norm"));
    const gate = linear(between, name("ffn_gate"));
    const gated = add("Mul", add("Mul", gate, add("Sigmoid", gate)), linear(between, name("ffn_up")));
    x = add("Add", x, linear(gated, name("ffn_down")));
  }
  const logits = linear(normalised(x, "output_norm.weight"), "output.weight");
  graph.output("logits", logits, "f32", ["batch", context, vocabulary]);
  return graph.encode();
}

function transposed(values: Float32Array, rows: number, columns: number): Float32Array {
  return Float32Array.from(values, (_, at) => values[(at % rows) * columns + Math.floor(at / rows)] ?? 0);
}
