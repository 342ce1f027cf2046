import type { Device } from "../../device/device.ts";
import type { Scratch } from "../gemm.ts";
import { kernelText } from "../source.ts";
import type { ColumnOptions, Memory } from "./column.ts";
import { runUnits } from "./launch.ts";
import { Making } from "./owned.ts";

export type BitmapOperation = "and" | "or" | "andNot";

const operations: readonly BitmapOperation[] = ["and", "or", "andNot"];

const text = (file: "bitmap" | "bitmap-bytes") => kernelText(`columns/${file}.wgsl`);

export interface CombineArguments {
  readonly operation: BitmapOperation;
  readonly left: Memory;
  readonly right: Memory;
  /** Bits. */
  readonly count: number;
}

/** Enqueues a new bitmap of two others: `left & right`, `left | right` or `left & ~right`. */
export async function combineBitmaps(
  device: Device,
  { operation, left, right, count }: CombineArguments,
  options: ColumnOptions = {},
): Promise<Scratch> {
  using making = new Making(device, options);
  const result = making.bitmap(count);
  await runUnits(
    device,
    {
      text: text("bitmap"),
      entryPoint: "combine_bits",
      units: Math.ceil(count / 32),
      bindings: { left, right, result },
      parameters: [operations.indexOf(operation)],
    },
    options,
  );
  return making.done(result);
}

export interface BitmapArguments {
  readonly bitmap: Memory;
  /** Bits. */
  readonly count: number;
}

/** Enqueues a new bitmap of the opposite bits. */
export async function invertBitmap(
  device: Device,
  { bitmap, count }: BitmapArguments,
  options: ColumnOptions = {},
): Promise<Scratch> {
  using making = new Making(device, options);
  const result = making.bitmap(count);
  await runUnits(
    device,
    {
      text: text("bitmap"),
      entryPoint: "invert_bits",
      units: Math.ceil(count / 32),
      bindings: { left: bitmap, result },
      parameters: [0],
    },
    options,
  );
  return making.done(result);
}

/** Enqueues a new bitmap of `count` equal bits. */
export async function fillBitmap(
  device: Device,
  { value, count }: { readonly value: boolean; readonly count: number },
  options: ColumnOptions = {},
): Promise<Scratch> {
  using making = new Making(device, options);
  const result = making.bitmap(count);
  await fillWords(device, { result, words: Math.ceil(count / 32), value: value ? 0xffff_ffff : 0 }, options);
  return making.done(result);
}

/** Enqueues writing the same u32 to the first `words` words. */
export function fillWords(
  device: Device,
  { result, words, value }: { readonly result: Memory; readonly words: number; readonly value: number },
  options: ColumnOptions = {},
): Promise<void> {
  return runUnits(
    device,
    {
      text: text("bitmap"),
      entryPoint: "fill_words",
      units: words,
      bindings: { result },
      parameters: [value],
    },
    options,
  );
}

/** Enqueues a new bitmap with a bit for each of `count` bytes: whether it is not 0. */
export async function bitmapOfBytes(
  device: Device,
  { bytes, count }: { readonly bytes: Memory; readonly count: number },
  options: ColumnOptions = {},
): Promise<Scratch> {
  using making = new Making(device, options);
  const result = making.bitmap(count);
  await runUnits(
    device,
    {
      text: text("bitmap-bytes"),
      entryPoint: "bits_of_bytes",
      units: Math.ceil(count / 32),
      bindings: { source: bytes, result },
      parameters: [Math.ceil(count / 4)],
    },
    options,
  );
  return making.done(result);
}

/** Enqueues new memory with a byte for each bit, 0 or 1: whole words. */
export async function bytesOfBitmap(
  device: Device,
  { bitmap, count }: BitmapArguments,
  options: ColumnOptions = {},
): Promise<Scratch> {
  using making = new Making(device, options);
  const result = making.take(count, "bytes");
  await runUnits(
    device,
    {
      text: text("bitmap-bytes"),
      entryPoint: "bytes_of_bits",
      units: Math.ceil(count / 4),
      bindings: { source: bitmap, result },
      parameters: [0],
    },
    options,
  );
  return making.done(result);
}

/** Enqueues new memory with a u32 for each bit, 0 or 1. */
export async function expandBitmap(
  device: Device,
  { bitmap, count }: BitmapArguments,
  options: ColumnOptions = {},
): Promise<Scratch> {
  using making = new Making(device, options);
  const result = making.take(count * 4, "flags");
  await runUnits(
    device,
    {
      text: text("bitmap-bytes"),
      entryPoint: "words_of_bits",
      units: count,
      bindings: { source: bitmap, result },
      parameters: [0],
    },
    options,
  );
  return making.done(result);
}
