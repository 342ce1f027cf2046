import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { readGguf } from "#src/llm/llama/index.js";
import { encodeGguf, type GgufFile, type GgufValue } from "#src/nn/index.js";
import { failure } from "../../support/errors.js";
import { modelFolder, randomModel, sharedLlama } from "../../support/llama/index.js";
import { seeded } from "../../support/random.js";

const folder = modelFolder({});
let files = 0;

function written(bytes: Uint8Array): string {
  const path = join(folder, `${files++}.gguf`);
  writeFileSync(path, bytes);
  return path;
}

const u32 = (value: number): GgufValue => ({ type: "u32", value });
const metadata = {
  "general.architecture": "llama",
  "llama.context_length": u32(64),
  "llama.embedding_length": u32(8),
  "llama.block_count": u32(1),
  "llama.attention.head_count": u32(2),
  "llama.feed_forward_length": u32(16),
  "tokenizer.ggml.model": "llama",
  "tokenizer.ggml.tokens": { type: "string", values: ["<unk>", "<s>", "</s>", "\u2581caf\u00e9"] },
  "tokenizer.ggml.scores": { type: "f32", values: [0, -1, -2, -3] },
  "tokenizer.ggml.token_type": { type: "i32", values: [2, 3, 3, 1] },
} satisfies GgufFile["metadata"];
const tensors = [
  { name: "token_embd.weight", type: "f32", shape: [4, 8], data: new Float32Array(32) },
  { name: "output_norm.weight", type: "f32", shape: [8], data: new Float32Array(8) },
  { name: "blk.0.ffn_up.weight", type: "f16", shape: [16, 8], data: new Uint16Array(128) },
] satisfies GgufFile["tensors"];
const withEntry = (key: string, value: GgufValue | undefined): Uint8Array => {
  const entries = Object.entries({ ...metadata, [key]: value }).filter(([, each]) => each !== undefined);
  return encodeGguf({ metadata: Object.fromEntries(entries) as GgufFile["metadata"], tensors });
};

describe("the header of a GGUF file", () => {
  test("is what was written", async () => {
    const scalars = {
      "test.u8": { type: "u8", value: 255 },
      "test.i8": { type: "i8", value: -128 },
      "test.i16": { type: "i16", value: -2 },
      "test.u16": { type: "u16", value: 65_535 },
      "test.i32": { type: "i32", value: -3 },
      "test.f32": { type: "f32", value: 0.5 },
      "test.f64": { type: "f64", value: 0.1 },
      "test.u64": { type: "u64", value: 2n ** 63n },
      "test.i64": { type: "i64", value: -1n },
      "test.bool": true,
      "test.text": "\u00e9\u{1f600}",
      "test.list": { type: "bool", values: [true, false] },
    } as const;
    const bytes = encodeGguf({ metadata: { ...metadata, ...scalars }, tensors });
    const header = await readGguf(written(bytes));
    const expected = Object.values(scalars).map((value) =>
      typeof value === "object" && "value" in value ? value.value : value,
    );
    const read = Object.keys(scalars).map((key) => header.metadata.get(key));
    expect(read.slice(0, -1)).toEqual(expected.slice(0, -1));
    expect(read.at(-1)).toEqual({ type: "bool", count: 2, values: [true, false] });
    expect(header.metadata.get("tokenizer.ggml.tokens")).toMatchObject({ count: 4 });
    expect(header.tensors.map(({ name, type, sizes, bytes: size }) => [name, type, sizes, size])).toEqual([
      ["token_embd.weight", "F32", [8, 4], 128],
      ["output_norm.weight", "F32", [8], 32],
      ["blk.0.ffn_up.weight", "F16", [8, 16], 256],
    ]);
    expect(header).toMatchObject({ version: 3, fileBytes: bytes.length });
  });

  test("long lists are counted, not kept", async () => {
    const values = Array.from({ length: 70_000 }, (_, at) => `token ${at}`);
    const list = (type: "f32" | "i32", value: number): GgufValue => ({
      type,
      values: values.map(() => value),
    });
    const bytes = encodeGguf({
      metadata: {
        ...metadata,
        "tokenizer.ggml.tokens": { type: "string", values },
        "tokenizer.ggml.scores": list("f32", 0),
        "tokenizer.ggml.token_type": list("i32", 1),
      },
      tensors,
    });
    const header = await readGguf(written(bytes));
    expect(header.metadata.get("tokenizer.ggml.tokens")).toEqual({ type: "string", count: 70_000 });
    expect(header.tensors.length).toBe(3);
  });

  test("that ends too early is refused, wherever it ends", async () => {
    const bytes = encodeGguf({ metadata, tensors });
    for (let length = 0; length < bytes.length; length += length < 700 ? 7 : 61) {
      const error = await failure(() => readGguf(written(bytes.subarray(0, length))), "INVALID_FILE");
      expect(error.message).toContain("GGUF");
    }
    await failure(() => readGguf(join(folder, "absent.gguf")), "FILE_NOT_FOUND");
    await failure(() => readGguf(folder), "INVALID_FILE");
  });

  test.each([
    ["a length that no file has", 16, 0xff],
    ["more tensors than bytes", 12, 0xff],
    ["another version", 4, 9],
    ["other first bytes", 0, 0],
    ["a key longer than the file", 30, 0xff],
  ])("with %s is refused", async (_, at, value) => {
    const bytes = encodeGguf({ metadata, tensors });
    bytes[at] = value;
    await failure(() => readGguf(written(bytes)), "INVALID_FILE");
  });

  test.each<[string, GgufValue | undefined, RegExp]>([
    ["general.architecture", undefined, /architecture/],
    ["tokenizer.ggml.tokens", undefined, /vocabulary/],
    ["tokenizer.ggml.tokens", { type: "i32", values: [1] }, /no list of texts/],
    ["tokenizer.ggml.scores", { type: "f32", values: [0] }, /4 tokens/],
    ["tokenizer.ggml.token_type", { type: "f32", values: [0, 0, 0, 0] }, /4 tokens/],
    ["llama.attention.head_count", u32(0), /gives 0/],
    ["llama.block_count", u32(1_000_000), /gives 1000000/],
    ["llama.embedding_length", { type: "f32", value: 0.5 }, /gives 0.5/],
    ["llama.feed_forward_length", undefined, /feed_forward_length/],
  ])("whose %s is %j is refused", async (key, value, message) => {
    const error = await failure(() => readGguf(written(withEntry(key, value))), "INVALID_FILE");
    expect(error.message).toMatch(message);
  });
});

describe("files that lie", () => {
  const llama = sharedLlama({ models: folder, sequences: 1 });
  const sound = randomModel({ layers: 1, width: 16, context: 32 });

  test("are refused or answer; whatever llama.cpp does over them, this process goes on", async () => {
    const { dataStart } = await readGguf(written(sound));
    const random = seeded(4);
    const outcomes = new Map<string, number>();
    for (let round = 0; round < 60; round++) {
      const bytes = sound.slice();
      const text = Math.floor(random() * 2200);
      const at = random() < 0.5 ? text : dataStart - 1 - Math.floor(random() * 900);
      bytes[at] = Math.floor(random() * 256);
      const path = written(bytes);
      const outcome = await llama.load(path).then(
        () => "loaded",
        (error) => error.code,
      );
      outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1);
      await llama.load(path, { keepAliveMs: 0 });
    }
    expect(
      [...outcomes.keys()].filter(
        (code) => !["loaded", "INVALID_FILE", "UNSUPPORTED", "OUT_OF_MEMORY"].includes(code),
      ),
    ).toEqual([]);
    expect(outcomes.get("INVALID_FILE")).toBeGreaterThan(0);
  });

  test("a file over which llama.cpp ends its process is an invalid file", async () => {
    const twice = Buffer.from(sound);
    twice.write("<0x41>", twice.indexOf("<0x42>"));
    const path = written(twice);
    await readGguf(path);
    await failure(() => llama.load(path), "INVALID_FILE");
    await llama.load(written(sound));
  });
});
