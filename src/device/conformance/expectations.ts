import assert from "node:assert/strict";
import { type AikoError, type ErrorCode, isAikoError } from "../../errors.ts";
import type { Device } from "../device.ts";

/** Lengths around vectors, workgroups and pages. */
export const sizes = [
  0, 1, 2, 3, 4, 5, 7, 8, 15, 16, 17, 31, 32, 33, 63, 64, 65, 127, 128, 129, 255, 256, 257, 1023, 1024, 1025,
  65_535, 65_536, 65_537,
] as const;

export const someSizes = sizes.filter((size) => size > 0);

/** Seeded uniform numbers in [0, 1): mulberry32. */
export function seeded(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

export function bytesOf(length: number, seed = length): Uint8Array {
  const next = seeded(seed);
  return Uint8Array.from({ length }, () => Math.floor(next() * 256));
}

export function randomFloats(length: number, seed = length): Float32Array {
  const next = seeded(seed);
  return Float32Array.from({ length }, () => next() * 2 - 1);
}

/** Compares bytes; deepEqual takes half a second for 64 KiB. */
export function same(actual: Uint8Array, expected: Uint8Array | Float32Array): void {
  const wanted = new Uint8Array(expected.buffer, expected.byteOffset, expected.byteLength);
  assert.equal(actual.byteLength, wanted.byteLength);
  if (Buffer.compare(actual, wanted) !== 0) assert.deepEqual(actual, wanted);
}

export async function words(device: Device, source: Parameters<Device["read"]>[0]): Promise<Uint32Array> {
  return new Uint32Array((await device.read(source)).buffer);
}

export function parametersOf(factor: number, count: number): DataView {
  const view = new DataView(new ArrayBuffer(8));
  view.setFloat32(0, factor, true);
  view.setUint32(4, count, true);
  return view;
}

/** The properties of `actual` that `expected` has. */
export function pick<T extends object>(actual: T, expected: Partial<T>): Partial<T> {
  return Object.fromEntries(Object.keys(expected).map((key) => [key, actual[key as keyof T]])) as Partial<T>;
}

/** The AikoError that `work` throws or rejects with, checked for its code. */
export async function failure(work: () => unknown, code: ErrorCode): Promise<AikoError> {
  try {
    await work();
  } catch (error) {
    if (!isAikoError(error)) throw error;
    assert.equal(error.code, code);
    return error;
  }
  return assert.fail(`nothing was thrown, expected ${code}`);
}
