import { describe, expect, it } from "vitest";
import { encodeGguf, type GgufTensor, type GgufValue } from "#src/nn/index.js";
import { failure } from "../../support/errors.js";
import { readGguf } from "./gguf-reader.js";

const tensor = (name: string, shape: readonly number[], values: readonly number[]): GgufTensor => ({
  name,
  type: "f32",
  shape,
  data: Float32Array.from(values),
});

describe("the GGUF writer", () => {
  it("writes every kind of metadata", () => {
    const metadata: Record<string, GgufValue> = {
      "general.architecture": "llama",
      "a.truth": true,
      "a.u8": { type: "u8", value: 255 },
      "a.i8": { type: "i8", value: -128 },
      "a.u16": { type: "u16", value: 65535 },
      "a.i16": { type: "i16", value: -32768 },
      "a.u32": { type: "u32", value: 2 ** 32 - 1 },
      "a.i32": { type: "i32", value: -(2 ** 31) },
      "a.u64": { type: "u64", value: 2n ** 64n - 1n },
      "a.i64": { type: "i64", value: -(2n ** 63n) },
      "a.f32": { type: "f32", value: 0.5 },
      "a.f64": { type: "f64", value: Math.PI },
      "a.texts": { type: "string", values: ["", "\u2581é🦜", "\n"] },
      "a.numbers": { type: "i32", values: [1, -2] },
      "a.nothing": { type: "f32", values: [] },
    };
    const read = readGguf(encodeGguf({ metadata, tensors: [] }));
    expect(read.version).toBe(3);
    const values = Object.fromEntries(Object.entries(read.metadata).map(([key, { value }]) => [key, value]));
    expect(values).toEqual({
      "general.architecture": "llama",
      "a.truth": true,
      "a.u8": 255,
      "a.i8": -128,
      "a.u16": 65535,
      "a.i16": -32768,
      "a.u32": 2 ** 32 - 1,
      "a.i32": -(2 ** 31),
      "a.u64": 2n ** 64n - 1n,
      "a.i64": -(2n ** 63n),
      "a.f32": 0.5,
      "a.f64": Math.PI,
      "a.texts": ["", "\u2581é🦜", "\n"],
      "a.numbers": [1, -2],
      "a.nothing": [],
    });
    expect(read.metadata["a.u16"]?.type).toBe(2);
  });

  it.each([undefined, 8, 64, 4096])("places tensors at multiples of the alignment %s", (alignment) => {
    const metadata: Record<string, GgufValue> = { "general.architecture": "test" };
    if (alignment !== undefined) metadata["general.alignment"] = { type: "u32", value: alignment };
    const tensors = [
      tensor("one", [], [7]),
      tensor("row", [3], [1, 2, 3]),
      tensor("matrix", [2, 3], [1, 2, 3, 4, 5, 6]),
      { name: "half", type: "f16", shape: [5], data: Uint16Array.of(1, 2, 3, 4, 5) } as const,
    ];
    const file = encodeGguf({ metadata, tensors });
    const read = readGguf(file);
    const step = alignment ?? 32;
    expect(read.tensors["matrix"]?.sizes).toEqual([3, 2]);
    expect(read.tensors["one"]?.sizes).toEqual([1]);
    expect(read.tensors["half"]?.type).toBe(1);
    for (const { name, data } of tensors) {
      const offset = read.tensors[name]?.offset ?? Number.NaN;
      expect(offset % step).toBe(0);
      const start = read.dataStart + offset;
      expect(file.slice(start, start + data.byteLength)).toEqual(new Uint8Array(data.buffer));
    }
    expect(file.length % step).toBe(0);
  });

  const valid = { metadata: { "general.architecture": "llama" }, tensors: [] };
  it.each<[string, Parameters<typeof encodeGguf>[0], string]>([
    ["a key with capitals", { ...valid, metadata: { "General.name": "x" } }, "General.name"],
    ["an empty key", { ...valid, metadata: { "": "x" } }, "no key"],
    ["a number out of range", { ...valid, metadata: { "a.b": { type: "u8", value: 256 } } }, "a.b holds 256"],
    ["a fraction for an integer", { ...valid, metadata: { "a.b": { type: "i32", value: 0.5 } } }, "no i32"],
    ["text for a number", { ...valid, metadata: { "a.b": { type: "f32", value: "1" } } }, 'holds "1"'],
    [
      "a wrong item of a list",
      { ...valid, metadata: { "a.b": { type: "u32", values: [1, -1] } } },
      "holds -1",
    ],
    [
      "an alignment of 12",
      { ...valid, metadata: { "general.alignment": { type: "u32", value: 12 } } },
      "multiple of 8",
    ],
    [
      "data that do not fill",
      { ...valid, tensors: [tensor("t", [2, 2], [1, 2, 3])] },
      "needs 16 bytes, not 12",
    ],
    [
      "a name twice",
      { ...valid, tensors: [tensor("t", [1], [1]), tensor("t", [1], [1])] },
      '"t" is there twice',
    ],
    ["a long name", { ...valid, tensors: [tensor("é".repeat(33), [1], [1])] }, "64 bytes"],
    ["five sizes", { ...valid, tensors: [tensor("t", [1, 1, 1, 1, 1], [1])] }, "up to 4"],
    ["a size of zero", { ...valid, tensors: [tensor("t", [0], [])] }, "at least 1"],
    ["an unknown type", { ...valid, tensors: [{ ...tensor("t", [1], [1]), type: "q4" as "f32" }] }, "q4"],
  ])("refuses %s", async (_, file, message) => {
    expect((await failure(() => encodeGguf(file), "INVALID_ARGUMENT")).message).toContain(message);
  });
});
