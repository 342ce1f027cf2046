import { AikoError } from "../../../errors.ts";
import type { GgufHeader } from "./read.ts";
import type { GgufList, GgufScalar } from "./values.ts";

/** Numbers that llama.cpp divides by or sizes tables with, and what they may be at most. */
const counted: readonly (readonly [key: string, most: number])[] = [
  ["context_length", 2 ** 31 - 1],
  ["embedding_length", 2 ** 24],
  ["block_count", 4096],
  ["feed_forward_length", 2 ** 24],
  ["attention.head_count", 65_536],
];

/** Sizes of tensors that llama.cpp takes for 0 where they are not given, and then ends the process. */
const needed: readonly (readonly [tensor: RegExp, key: string])[] = [
  [/\.ffn_(up|gate|down)\.weight$/, "feed_forward_length"],
  [/\.attn_(q|k|v|qkv)\.weight$/, "attention.head_count"],
];

/** Throws INVALID_FILE for metadata that contradicts itself, in ways that llama.cpp does not look for. */
export function assertModel({ path, metadata, tensors }: GgufHeader): void {
  const fail = (what: string, hint?: string): never => {
    throw new AikoError("INVALID_FILE", { message: `${path} is no sound GGUF file: it ${what}`, hint });
  };
  const architecture = metadata.get("general.architecture");
  if (typeof architecture !== "string") fail("does not say its architecture");
  const tokens = metadata.get("tokenizer.ggml.tokens");
  if (tokens === undefined || typeof metadata.get("tokenizer.ggml.model") !== "string") {
    fail("holds no vocabulary", "Only language models can be loaded here.");
  }
  const count = listCount(tokens, "string");
  if (count === undefined || count === 0) fail("has a vocabulary that is no list of texts");
  for (const [key, type] of [
    ["scores", "f32"],
    ["token_type", "i32"],
  ] as const) {
    const list = metadata.get(`tokenizer.ggml.${key}`);
    if (list !== undefined && listCount(list, type) !== count) {
      fail(`has ${count} tokens and other than as many ${type} at tokenizer.ggml.${key}`);
    }
  }
  for (const [tensor, key] of needed) {
    if (metadata.has(`${architecture}.${key}`) || !tensors.some(({ name }) => tensor.test(name))) continue;
    fail(`does not say ${architecture}.${key}`);
  }
  for (const [key, most] of counted) {
    const value = metadata.get(`${architecture}.${key}`);
    if (value === undefined) continue;
    const numbers = typeof value === "object" ? (value.values ?? []) : [value];
    for (const number of numbers) {
      const isOne = typeof number === "number" && Number.isInteger(number) && number >= 0 && number <= most;
      const isZeroOfList = typeof value !== "object" && number === 0;
      if (!isOne || isZeroOfList) fail(`gives ${String(number)} as ${architecture}.${key}`);
    }
  }
}

function listCount(value: GgufScalar | GgufList | undefined, type: GgufList["type"]): number | undefined {
  return typeof value === "object" && value.type === type ? value.count : undefined;
}
