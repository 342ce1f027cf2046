import type { BufferView, Device } from "../../device/device.ts";
import { type KernelOptions, scratch, workOptions } from "../axis.ts";
import { inRows } from "../grid.ts";
import { scanAxis } from "../scan-axis.ts";
import { kernelOn, kernelText, wantsLongThreads } from "../source.ts";
import type { Memory } from "./column.ts";

export interface RadixWords {
  /** `count` unsigned integers; they are overwritten. */
  readonly words: Memory;
  readonly wordBytes: 4 | 8;
  /** How many of the low bits differ. */
  readonly bits: number;
  readonly count: number;
  /** The rows that the words stand for. Default: their positions. */
  readonly rows?: Memory | undefined;
  /** Gets the rows in order of their words. */
  readonly result: Memory;
}

interface Shape {
  readonly bits: number;
  readonly file: string;
  readonly tile?: number;
}

const shapes = {
  staged: { bits: 11, file: "columns/radix-staged.wgsl" },
  long: { bits: 8, file: "radix-long.wgsl" },
  short: { bits: 4, file: "radix-short.wgsl", tile: 2048 },
} as const;

const longThreads = 64;
const leastChunk = 4096;

/** Software WebGPU keeps no private arrays of the size that staging takes. */
function shapeOn(device: Device): Shape {
  if (!wantsLongThreads(device)) return shapes.short;
  return device.adapter.backend === "opencl" ? shapes.staged : shapes.long;
}

/** Enqueues a stable radix sort of words, from the least significant digit on. */
export async function radixWords(
  device: Device,
  work: RadixWords,
  options: KernelOptions = {},
): Promise<void> {
  const { words, wordBytes, bits, count, rows, result } = work;
  const shape = shapeOn(device);
  const passes = Math.max(1, Math.ceil(bits / shape.bits));
  const staged = shape === shapes.staged;
  const digitBits = staged ? Math.max(1, Math.ceil(bits / passes)) : shape.bits;
  const chunk = shape.tile ?? Math.max(leastChunk, Math.ceil(count / longThreads));
  const chunks = Math.ceil(count / chunk);
  const compile = (entryPoint: "count" | "scatter", isLast = false) => {
    const text = `${accessText(wordBytes, isLast)}${kernelText(shape.file)}`;
    return kernelOn(device, text, { entryPoint, label: `radix words, ${entryPoint}` });
  };
  const countBytes = 2 ** digitBits * chunks * 4;
  using otherWords = scratch(device, options, passes > 1 ? count * wordBytes : 0, "words");
  using rowsA = scratch(device, options, passes > 1 ? count * 4 : 0, "rows");
  using rowsB = scratch(device, options, passes > 2 ? count * 4 : 0, "rows");
  using counts = scratch(device, options, countBytes, "counts");
  using places = scratch(device, options, countBytes, "places");
  let from: { words: Memory; rows: Memory | undefined } = { words, rows };
  for (let pass = 0; pass < passes; pass++) {
    const isLast = pass === passes - 1;
    const [counting, scattering] = await Promise.all([compile("count"), compile("scatter", isLast)]);
    const listed = from.rows === undefined ? 0 : 1;
    const shift = pass * digitBits;
    const mask = 2 ** digitBits - 1;
    const parameters = Uint32Array.of(1, count, listed, count, chunks, chunk, shift, staged ? mask : 1);
    const grid = inRows(chunks);
    const read = { parameters, words_in: from.words };
    device.dispatch(counting, { ...read, counts }, grid, workOptions(options));
    const sizes = { outer: 1, n: 2 ** digitBits * chunks, inner: 1 };
    const sums = { operator: "sum", type: "u32", source: counts, result: places, exclusive: true } as const;
    await scanAxis(device, { ...sums, ...sizes }, options);
    const to = pass % 2 === 0 ? { words: otherWords, rows: rowsA } : { words, rows: rowsB };
    const write = isLast ? { rows_out: result } : { words_out: to.words, rows_out: to.rows };
    const moved = { ...read, rows_in: from.rows ?? from.words, ...write, counts: places };
    device.dispatch(scattering, moved, grid, workOptions(options));
    from = to;
  }
}

/** A view of the first `byteLength` bytes. */
export function firstBytes(memory: Memory, byteLength: number): BufferView {
  return "buffer" in memory ? memory.buffer.view(memory.byteOffset, byteLength) : memory.view(0, byteLength);
}

function accessText(wordBytes: 4 | 8, isLast: boolean): string {
  return `alias U = ${wordBytes === 8 ? "u64" : "u32"};
fn digit_of(word: U, shift: u32, mask: u32) -> u32 { return u32(word >> shift) & mask; }
@group(0) @binding(1) var<storage, read> words_in: array<U>;
@group(0) @binding(2) var<storage, read> rows_in: array<u32>;
${isLast ? "" : "@group(0) @binding(3) var<storage, read_write> words_out: array<U>;"}
@group(0) @binding(4) var<storage, read_write> rows_out: array<u32>;
fn key_at(unused: u32, at: u32) -> U { return words_in[at & 0x7fffffffu]; }
fn index_at(unused: u32, at: u32) -> u32 {
  if (parameters.inner == 0u) { return at; }
  return rows_in[at & 0x7fffffffu];
}
fn put(unused: u32, at: u32, word: U, row: u32) {
  ${isLast ? "" : "words_out[at & 0x7fffffffu] = word;"}
  rows_out[at & 0x7fffffffu] = row;
}
`;
}
