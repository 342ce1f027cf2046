import { encodeGguf, type GgufValue } from "../nn/index.ts";

const [unknown, begin, end] = [0, 1, 2];
const firstByte = 3;
const firstLetter = firstByte + 256;
const space = "\u2581";
const hidden = 32;
/** Of a letter that was never seen to follow. */
const smoothing = 0.01;

export interface LetterModel {
  readonly gguf: Uint8Array;
  readonly letters: number;
  readonly parameters: number;
}

/**
 * A language model in a GGUF file that knows which letter follows which, counted in a text: each letter is a direction of its
 * own, attention and feed-forward weights are zero, and the output holds the logarithms of the frequencies.
 */
export function letterModel(text: string, context: number): LetterModel {
  const letters = ["\n", ...Array.from({ length: 95 }, (_, at) => String.fromCharCode(32 + at))];
  const tokens = [
    "<unk>",
    "<s>",
    "</s>",
    ...Array.from({ length: 256 }, (_, byte) => `<0x${byte.toString(16).toUpperCase().padStart(2, "0")}>`),
    ...letters.map((letter) => (letter === " " ? space : letter)),
  ];
  const kinds = tokens.map((_, at) => (at === unknown ? 2 : at < firstByte ? 3 : at < firstLetter ? 6 : 1));
  const width = Math.ceil(tokens.length / 32) * 32;
  const one = () => new Float32Array(width).fill(1);
  const identity = new Float32Array(tokens.length * width);
  for (let token = 0; token < tokens.length; token++) identity[token * width + token] = 1;
  const matrices: Readonly<Record<string, Weights>> = {
    token_embd: { rows: tokens.length, columns: width, data: identity },
    output: { rows: tokens.length, columns: width, data: logarithms(text, letters, tokens.length, width) },
    output_norm: { rows: 1, columns: width, data: one() },
    "blk.0.attn_norm": { rows: 1, columns: width, data: one() },
    "blk.0.ffn_norm": { rows: 1, columns: width, data: one() },
    ...Object.fromEntries(
      [
        ["blk.0.attn_q", width, width],
        ["blk.0.attn_k", width, width],
        ["blk.0.attn_v", width, width],
        ["blk.0.attn_output", width, width],
        ["blk.0.ffn_gate", hidden, width],
        ["blk.0.ffn_up", hidden, width],
        ["blk.0.ffn_down", width, hidden],
      ].map(([name, rows, columns]) => [name, zeros(Number(rows), Number(columns))]),
    ),
  };
  const tensors = Object.entries(matrices).map(([name, { rows, columns, data }]) => ({
    name: `${name}.weight`,
    type: "f32" as const,
    shape: rows === 1 ? [columns] : [rows, columns],
    data,
  }));
  const gguf = encodeGguf({ metadata: metadata(tokens, kinds, width, context), tensors });
  return {
    gguf,
    letters: letters.length,
    parameters: tensors.reduce((sum, { data }) => sum + data.length, 0),
  };
}

interface Weights {
  readonly rows: number;
  readonly columns: number;
  readonly data: Float32Array;
}

function zeros(rows: number, columns: number): Weights {
  return { rows, columns, data: new Float32Array(rows * columns) };
}

/** [next, last]: after normalisation a letter's direction has the length sqrt(width). */
function logarithms(text: string, letters: readonly string[], count: number, width: number): Float32Array {
  const places = new Map(letters.map((letter, at) => [letter, at]));
  const counts = new Float64Array(letters.length * letters.length).fill(smoothing);
  let last: number | undefined;
  for (const letter of text) {
    const next = places.get(letter);
    if (next !== undefined && last !== undefined) {
      const at = last * letters.length + next;
      counts[at] = (counts[at] ?? 0) + 1;
    }
    last = next;
  }
  const output = new Float32Array(count * width).fill(-30 / Math.sqrt(width));
  for (let row = 0; row < letters.length; row++) {
    const following = counts.subarray(row * letters.length, (row + 1) * letters.length);
    const total = following.reduce((sum, value) => sum + value, 0);
    for (const [at, value] of following.entries()) {
      output[(firstLetter + at) * width + firstLetter + row] = Math.log(value / total) / Math.sqrt(width);
    }
  }
  return output;
}

function metadata(tokens: readonly string[], kinds: readonly number[], width: number, context: number) {
  const u32 = (value: number): GgufValue => ({ type: "u32", value });
  const f32 = (value: number): GgufValue => ({ type: "f32", value });
  return {
    "general.architecture": "llama",
    "general.name": "letters",
    "general.file_type": u32(0),
    "llama.vocab_size": u32(tokens.length),
    "llama.context_length": u32(context),
    "llama.embedding_length": u32(width),
    "llama.block_count": u32(1),
    "llama.feed_forward_length": u32(hidden),
    "llama.attention.head_count": u32(4),
    "llama.attention.head_count_kv": u32(4),
    "llama.attention.layer_norm_rms_epsilon": f32(1e-6),
    "llama.rope.dimension_count": u32(width / 4),
    "llama.rope.freq_base": f32(10_000),
    "tokenizer.ggml.model": "llama",
    "tokenizer.ggml.tokens": { type: "string" as const, values: tokens },
    "tokenizer.ggml.scores": { type: "f32" as const, values: tokens.map((_, at) => -at) },
    "tokenizer.ggml.token_type": { type: "i32" as const, values: kinds },
    "tokenizer.ggml.bos_token_id": u32(begin),
    "tokenizer.ggml.eos_token_id": u32(end),
    "tokenizer.ggml.unknown_token_id": u32(unknown),
    "tokenizer.ggml.add_bos_token": true,
    "tokenizer.ggml.add_space_prefix": false,
  };
}
