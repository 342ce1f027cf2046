import type { BufferView, Device, DeviceBuffer } from "../device/device.ts";
import { fftMap } from "./fft-maps.ts";
import { paddedLength } from "./fft-plan.ts";
import {
  type FftArguments,
  type FftOptions,
  type FftShape,
  passesOn,
  rootOfUnity,
  smoothFft,
  smoothFftScratchBytes,
} from "./fft-smooth.ts";
import { ScratchScope } from "./scratch-scope.ts";
import { type Table, tableOn } from "./table.ts";

const complexBytes = 8;

/** Bytes of each piece of scratch memory that `fft` allocates on this device. */
export function fftScratchBytes(device: Device, shape: FftShape): readonly number[] {
  if (passesOn(device, shape.length) !== undefined) return smoothFftScratchBytes(device, shape);
  const padded = { ...shape, length: paddedLength(shape.length) };
  const bytes = complexBytes * padded.outer * padded.length * padded.inner;
  return [bytes, bytes, ...smoothFftScratchBytes(device, padded)];
}

/**
 * Enqueues the discrete Fourier transform of any length from 1 along the middle axis: in passes where the length has no
 * prime factor past 5, else as a convolution of the least power of two that holds it. Bluestein, "A linear filtering approach
 * to the computation of discrete Fourier transform", 1970.
 */
export async function fft(device: Device, work: FftArguments, options: FftOptions = {}): Promise<void> {
  if (passesOn(device, work.length) !== undefined) return smoothFft(device, work, options);
  const { source, result, outer, length, inner, inverse = false, scale = 1 } = work;
  const { allocate, ...rest } = options;
  const padded = paddedLength(length);
  using scratch = new ScratchScope(device, allocate);
  const chirp = await chirpOn(device, length);
  let spectrum: Table | undefined;
  try {
    spectrum = await chirpSpectrumOn(device, length, padded);
    const count = outer * padded * inner;
    const a = scratch.take(count * complexBytes, "padded signal");
    const b = scratch.take(count * complexBytes, "its spectrum");
    const sign = inverse ? -1 : 1;
    const shape = { outer, length: padded, inner };
    const same = { count, inner, from: padded, to: padded, sign };
    const table = chirp.buffer;
    await fftMap(
      device,
      "reshapeByTable",
      { ...same, source, result: a, table, from: length, limit: length },
      rest,
    );
    await smoothFft(device, { ...shape, source: a, result: b }, options);
    await fftMap(device, "reshapeByTable", { ...same, source: b, result: a, table: spectrum.buffer }, rest);
    await smoothFft(device, { ...shape, source: a, result: b, inverse: true, scale: 1 / padded }, options);
    const last = { count: outer * length * inner, inner, from: padded, to: length, sign, scale };
    await fftMap(device, "reshapeByTable", { ...last, source: b, result, table }, rest);
  } finally {
    chirp.release();
    spectrum?.release();
  }
}

/** `exp(-pi i j^2 / length)`; the square is taken modulo 2 * length in whole numbers. */
function chirpAt(j: number, length: number): readonly [re: number, im: number] {
  const isExact = j * j <= Number.MAX_SAFE_INTEGER;
  const square = isExact ? (j * j) % (2 * length) : Number((BigInt(j) * BigInt(j)) % BigInt(2 * length));
  return rootOfUnity(square, 2 * length);
}

function chirpOn(device: Device, length: number): Promise<Table> {
  return tableOn(device, `fft chirp ${length}`, 2 * length, (values, start, end) => {
    for (let at = start; at < end; at += 2) values.set(chirpAt(at / 2, length), at);
  });
}

/** The transform of the conjugate chirp, which goes both ways from 0. */
async function chirpSpectrumOn(device: Device, length: number, padded: number): Promise<Table> {
  const chirp = (values: Float32Array, start: number, end: number) => {
    for (let at = start; at < end; at += 2) {
      const j = Math.min(at / 2, padded - at / 2);
      const [re, im] = j < length ? chirpAt(j, length) : [0, 0];
      values[at] = re;
      values[at + 1] = -im;
    }
  };
  const transform = async (source: DeviceBuffer, result: DeviceBuffer) => {
    await smoothFft(device, { source, result, outer: 1, length: padded, inner: 1 });
  };
  return tableOn(device, `fft chirp spectrum ${length}`, 2 * padded, chirp, transform);
}

export interface RealFftArguments extends FftShape {
  /** [outer, length, inner] f32 */
  readonly source: DeviceBuffer | BufferView;
  /** [outer, floor(length / 2) + 1, inner] complex numbers */
  readonly result: DeviceBuffer | BufferView;
  readonly scale?: number | undefined;
}

/** Bytes of each piece of scratch memory that `realFft` and `inverseRealFft` allocate. */
export function realFftScratchBytes(device: Device, shape: FftShape): readonly number[] {
  const { outer, length, inner } = shape;
  if (isPaired(shape)) {
    const half = { outer, length: length / 2, inner };
    return [outer * (length / 2) * complexBytes, ...fftScratchBytes(device, half)];
  }
  const bytes = outer * length * inner * complexBytes;
  return [bytes, bytes, ...fftScratchBytes(device, shape)];
}

/** Neighbours along the axis, taken as real and imaginary parts, halve the work. */
function isPaired({ length, inner }: FftShape): boolean {
  return length % 2 === 0 && inner === 1;
}

/** Enqueues the transform of real numbers: the first half of the spectrum, which determines the other. */
export async function realFft(
  device: Device,
  work: RealFftArguments,
  options: FftOptions = {},
): Promise<void> {
  const { source, result, outer, length, inner, scale = 1 } = work;
  const { allocate, ...rest } = options;
  const kept = Math.floor(length / 2) + 1;
  using scratch = new ScratchScope(device, allocate);
  const last = { result, count: outer * kept * inner, inner, to: kept, scale };
  if (isPaired(work)) {
    const half = length / 2;
    const spectrum = scratch.take(outer * half * complexBytes, "spectrum of pairs");
    await fft(device, { outer, length: half, inner, source, result: spectrum }, options);
    const roots = await halfRootsOn(device, length);
    try {
      const split = { ...last, source: spectrum, from: half, table: roots.buffer };
      await fftMap(device, "split", split, rest);
    } finally {
      roots.release();
    }
    return;
  }
  const count = outer * length * inner;
  const wide = scratch.take(count * complexBytes, "complex signal");
  const spectrum = scratch.take(count * complexBytes, "spectrum");
  const all = { count, inner, from: length, to: length };
  await fftMap(device, "complexify", { ...all, source, result: wide }, rest);
  await fft(device, { outer, length, inner, source: wide, result: spectrum }, options);
  await fftMap(device, "reshape", { ...last, source: spectrum, from: length }, rest);
}

/**
 * Enqueues the inverse: `source` is the first half of a spectrum, `result` the `length` real numbers. The imaginary parts of
 * the first number, and of the last for an even length, do not count.
 */
export async function inverseRealFft(
  device: Device,
  work: RealFftArguments,
  options: FftOptions = {},
): Promise<void> {
  const { source, result, outer, length, inner, scale = 1 } = work;
  const { allocate, ...rest } = options;
  const given = Math.floor(length / 2) + 1;
  using scratch = new ScratchScope(device, allocate);
  if (isPaired(work)) {
    const half = length / 2;
    const joined = scratch.take(outer * half * complexBytes, "spectrum of pairs");
    const roots = await halfRootsOn(device, length);
    try {
      const join = { count: outer * half, inner, from: given, to: half, table: roots.buffer };
      await fftMap(device, "join", { ...join, source, result: joined }, rest);
    } finally {
      roots.release();
    }
    const back = { outer, length: half, inner, inverse: true, scale: 2 * scale };
    await fft(device, { ...back, source: joined, result }, options);
    return;
  }
  const count = outer * length * inner;
  const whole = scratch.take(count * complexBytes, "whole spectrum");
  const wide = scratch.take(count * complexBytes, "complex signal");
  const all = { count, inner, from: length, to: length };
  await fftMap(device, "mirror", { ...all, source, result: whole, from: given }, rest);
  await fft(device, { outer, length, inner, source: whole, result: wide, inverse: true, scale }, options);
  await fftMap(device, "realPart", { ...all, source: wide, result }, rest);
}

/** `exp(-2 pi i k / length)` for the first half, both ends included. */
function halfRootsOn(device: Device, length: number): Promise<Table> {
  return tableOn(device, `fft half roots ${length}`, length + 2, (values, start, end) => {
    for (let at = start; at < end; at += 2) values.set(rootOfUnity(at / 2, length), at);
  });
}
