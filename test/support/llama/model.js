import { encodeGguf } from "#src/nn/index.js";

const characters = ["\n", ...Array.from({ length: 95 }, (_, at) => String.fromCharCode(32 + at))];
const firstByte = 3;
const firstCharacter = firstByte + 256;
const byteName = (/** @type {number} */ byte) => `<0x${byte.toString(16).toUpperCase().padStart(2, "0")}>`;

/** A SentencePiece vocabulary: three control tokens, every byte, and a token for each printable character. */
const tokens = [
  "<unk>",
  "<s>",
  "</s>",
  ...Array.from({ length: 256 }, (_, byte) => byteName(byte)),
  ...characters.map((character) => (character === " " ? "\u2581" : character)),
];
const kinds = tokens.map((_, at) => (at === 0 ? 2 : at < firstByte ? 3 : at < firstCharacter ? 6 : 1));

export const vocabulary = tokens.length;
export const begin = 1;
export const end = 2;

/** @param {string} text @returns {number[]} the tokens of a text, without the one that begins it */
export function tokensOf(text) {
  return [...text].flatMap((character) => {
    const at = characters.indexOf(character);
    return at >= 0
      ? [firstCharacter + at]
      : [...new TextEncoder().encode(character)].map((byte) => firstByte + byte);
  });
}

/**
 * @typedef {object} TinyModel
 * @property {number} width
 * @property {number} heads
 * @property {number} hidden
 * @property {number} layers
 * @property {number} context
 * @property {(name: string, rows: number, columns: number) => Float32Array} weight
 * @property {string} [name]
 * @property {string} [template] of a chat, in Jinja
 * @property {readonly string[]} [words] more tokens
 * @property {boolean} [causal] false: it embeds, and writes nothing
 */

/** @param {TinyModel} model @returns {Uint8Array} a GGUF file that llama.cpp loads */
export function encodeModel(model) {
  const { width, heads, hidden, layers, context, weight, words = [] } = model;
  const all = [...tokens, ...words.map((word) => word.replaceAll(" ", "\u2581"))];
  const u32 = (/** @type {number} */ value) => ({ type: /** @type {const} */ ("u32"), value });
  const f32 = (/** @type {number} */ value) => ({ type: /** @type {const} */ ("f32"), value });
  /** @type {[string, number, number][]} */
  const matrices = [
    ["token_embd", all.length, width],
    ["output_norm", 1, width],
    ["output", all.length, width],
  ];
  for (let layer = 0; layer < layers; layer++) {
    for (const name of ["attn_norm", "ffn_norm"]) matrices.push([`blk.${layer}.${name}`, 1, width]);
    for (const name of ["attn_q", "attn_k", "attn_v", "attn_output"]) {
      matrices.push([`blk.${layer}.${name}`, width, width]);
    }
    for (const name of ["ffn_gate", "ffn_up"]) matrices.push([`blk.${layer}.${name}`, hidden, width]);
    matrices.push([`blk.${layer}.ffn_down`, width, hidden]);
  }
  return encodeGguf({
    metadata: {
      "general.architecture": "llama",
      "general.name": model.name ?? "tiny",
      "general.file_type": u32(0),
      "llama.vocab_size": u32(all.length),
      "llama.context_length": u32(context),
      "llama.embedding_length": u32(width),
      "llama.block_count": u32(layers),
      "llama.feed_forward_length": u32(hidden),
      "llama.attention.head_count": u32(heads),
      "llama.attention.head_count_kv": u32(heads),
      "llama.attention.layer_norm_rms_epsilon": f32(1e-5),
      "llama.rope.dimension_count": u32(width / heads),
      "llama.rope.freq_base": f32(10_000),
      "tokenizer.ggml.model": "llama",
      "tokenizer.ggml.tokens": { type: "string", values: all },
      "tokenizer.ggml.scores": { type: "f32", values: all.map((_, at) => -at) },
      "tokenizer.ggml.token_type": { type: "i32", values: all.map((_, at) => kinds[at] ?? 1) },
      "tokenizer.ggml.bos_token_id": u32(begin),
      "tokenizer.ggml.eos_token_id": u32(end),
      "tokenizer.ggml.unknown_token_id": u32(0),
      "tokenizer.ggml.add_bos_token": true,
      "tokenizer.ggml.add_space_prefix": false,
      ...(model.causal === undefined ? {} : { "llama.attention.causal": model.causal }),
      ...(model.template === undefined ? {} : { "tokenizer.chat_template": model.template }),
    },
    tensors: matrices.map(([name, rows, columns]) => ({
      name: `${name}.weight`,
      type: "f32",
      shape: rows === 1 ? [columns] : [rows, columns],
      data: weight(name, rows, columns),
    })),
  });
}

/**
 * A model whose next token follows from the last one alone: the oracle of its answers is a table.
 * @param {Record<number, number>} next by token; the others end the answer
 * @param {{ context?: number, name?: string, template?: string, words?: readonly string[] }} [options] words: tokens after those
 * of the vocabulary
 */
export function chainModel(next, options = {}) {
  const width = 384;
  const words = options.words ?? [];
  const count = vocabulary + words.length;
  return encodeModel({
    width,
    heads: 4,
    hidden: 32,
    layers: 1,
    context: options.context ?? 256,
    words,
    ...(options.name === undefined ? {} : { name: options.name }),
    ...(options.template === undefined ? {} : { template: options.template }),
    weight: (name, rows, columns) => {
      const data = new Float32Array(rows * columns);
      if (rows === 1) data.fill(1);
      if (name === "token_embd") for (let token = 0; token < count; token++) data[token * width + token] = 1;
      if (name === "output") {
        for (let token = 0; token < count; token++) data[(next[token] ?? end) * width + token] = 1;
      }
      return data;
    },
  });
}

/**
 * @param {string} cycle each character once: what follows each, and the first follows the last
 * @returns {Record<number, number>}
 */
export function follows(cycle) {
  const list = tokensOf(cycle);
  return Object.fromEntries(list.map((token, at) => [token, list[(at + 1) % list.length] ?? end]));
}

/**
 * A model of random numbers, whose answers depend on all of its context and mean nothing.
 * @param {{ seed?: number, context?: number, name?: string, template?: string, width?: number, layers?: number, causal?: boolean }} [options]
 */
export function randomModel(options = {}) {
  const { seed = 1, context = 256, width = 64, layers = 2 } = options;
  const normal = gaussian(seed);
  return encodeModel({
    width,
    heads: 4,
    hidden: 2 * width,
    layers,
    context,
    ...(options.causal === undefined ? {} : { causal: options.causal }),
    ...(options.name === undefined ? {} : { name: options.name }),
    ...(options.template === undefined ? {} : { template: options.template }),
    weight: (name, rows, columns) => {
      if (rows === 1) return new Float32Array(columns).fill(1);
      const spread = name === "token_embd" ? 0.5 : 2 / Math.sqrt(columns);
      const data = Float32Array.from({ length: rows * columns }, () => normal() * spread);
      // Neither the end nor a byte is ever the likeliest, so that answers are readable and as long as they may be.
      if (name === "output") data.fill(0, 0, firstCharacter * columns);
      return data;
    },
  });
}

/** @param {number} seed */
function gaussian(seed) {
  let state = seed >>> 0;
  const uniform = () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return (state + 0.5) / 2 ** 32;
  };
  return () => Math.sqrt(-2 * Math.log(uniform())) * Math.cos(2 * Math.PI * uniform());
}
