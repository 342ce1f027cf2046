import type { Bindings, BufferView, Device, DeviceBuffer, WorkOptions } from "../device/device.ts";
import { AikoError } from "../errors.ts";
import { digitReversed, type FftPass, fftPasses } from "./fft-plan.ts";
import type { AllocateScratch } from "./gemm.ts";
import { inRows } from "./grid.ts";
import { ScratchScope } from "./scratch-scope.ts";
import { kernelOn, kernelText, wantsLongThreads } from "./source.ts";
import { type Table, tableOn } from "./table.ts";

type Memory = DeviceBuffer | BufferView;

/** Transforms of `length` along the middle axis of [outer, length, inner] complex numbers. */
export interface FftShape {
  readonly outer: number;
  readonly length: number;
  readonly inner: number;
}

export interface FftArguments extends FftShape {
  /** Complex numbers as pairs of f32, real and imaginary. */
  readonly source: Memory;
  /** As many; must not overlap `source`. */
  readonly result: Memory;
  /** Turns the other way: the sums have `exp(+2 pi i j k / length)`. */
  readonly inverse?: boolean | undefined;
  /** Factor of every number of the result. Default 1. */
  readonly scale?: number | undefined;
}

export interface FftOptions extends WorkOptions {
  readonly allocate?: AllocateScratch | undefined;
}

const lanes = 16;
/** Sixteen transforms of 128 numbers fill 16 KiB of workgroup memory; those of 1,024 a part of a processor's cache. */
const mostPoints = { short: 128, long: 1024 };
/** Threads of a CPU-type device, each with an area of its own. */
const longThreads = 16;
const complexBytes = 8;

/** Software WebGPU takes 15 s to compile sixteen lanes. */
function wantsLongTransforms(device: Device): boolean {
  return wantsLongThreads(device) && device.adapter.backend !== "webgpu";
}

/** The passes of a length on this device; `undefined` where it has a prime factor past 5. */
export function passesOn(device: Device, length: number): readonly FftPass[] | undefined {
  return fftPasses(length, wantsLongTransforms(device) ? mostPoints.long : mostPoints.short);
}

/** Bytes of each piece of scratch memory that `smoothFft` allocates. */
export function smoothFftScratchBytes(device: Device, { outer, length, inner }: FftShape): readonly number[] {
  const passes = passesOn(device, length) ?? [];
  const bytes = passes.length > 1 ? [outer * length * inner * complexBytes] : [];
  return wantsLongTransforms(device) ? [areaBytes(passes), ...bytes] : bytes;
}

function areaBytes(passes: readonly FftPass[]): number {
  const most = passes.reduce((points, pass) => Math.max(points, pass.points), 1);
  return longThreads * most * lanes * complexBytes;
}

/**
 * Enqueues the transforms of a length without prime factors past 5: `result[k] = sum_j source[j] exp(-2 pi i j k / length)`.
 * Each pass goes over memory once, with up to 128 points in workgroup memory. Stockham's order of passes: see Govindaraju et
 * al., "High Performance Discrete Fourier Transforms on Graphics Processors", 2008.
 */
export async function smoothFft(device: Device, work: FftArguments, options: FftOptions = {}): Promise<void> {
  const { allocate, ...rest } = options;
  const { source, result, outer, length, inner } = work;
  const passes = passesOn(device, length);
  if (passes === undefined) {
    throw new AikoError("INVALID_ARGUMENT", {
      message: `${length} has a prime factor past 5`,
      hint: "fft() transforms every length.",
    });
  }
  const tables: Table[] = [];
  using scratch = new ScratchScope(device, allocate);
  try {
    const prepared: Prepared[] = [];
    let before = 1;
    for (const pass of passes) {
      prepared.push(await prepare(device, pass, { ...work, before }, tables));
      before *= pass.points;
    }
    const parts = wantsLongTransforms(device) ? scratch.take(areaBytes(passes), "transforms") : undefined;
    const bytes = outer * length * inner * complexBytes;
    const between = passes.length > 1 ? scratch.take(bytes, "transform") : result;
    let from = source;
    prepared.forEach(({ dispatch }, at) => {
      const to = (passes.length - at) % 2 === 1 ? result : between;
      const scale = at === passes.length - 1 ? (work.scale ?? 1) : 1;
      dispatch({ source: from, result: to, parts }, scale, rest);
      from = to;
    });
  } finally {
    for (const table of tables) table.release();
  }
}

interface PassMemory {
  readonly source: Memory;
  readonly result: Memory;
  readonly parts: Memory | undefined;
}

interface Prepared {
  dispatch(memory: PassMemory, scale: number, options: WorkOptions): void;
}

type Entry = "transform" | "transform_blocks" | "transform_sorting" | "transform_each";

async function prepare(
  device: Device,
  pass: FftPass,
  work: FftArguments & { readonly before: number },
  tables: Table[],
): Promise<Prepared> {
  const { outer, length, inner, before, inverse = false } = work;
  const { points, radices } = pass;
  const isLong = wantsLongTransforms(device);
  const perOuter = (length / points) * inner;
  const span = before * inner;
  const entryPoint = isLong ? longEntry(perOuter, span, inner) : "transform";
  const text = kernelText("fft-steps.wgsl") + kernelText(`fft-${isLong ? "long" : "short"}.wgsl`);
  const kernel = await kernelOn(device, text, {
    entryPoint,
    contract: true,
    label: `fft ${entryPoint}`,
  });
  const kept = async (making: Promise<Table>) => {
    const table = await making;
    tables.push(table);
    return table.buffer;
  };
  const roots = await kept(rootsOn(device, points));
  const order = await kept(orderOn(device, pass));
  const twiddles = before > 1 ? await kept(twiddlesOn(device, points, before)) : roots;
  const packed = radices.reduceRight((word, radix) => word * 16 + radix, 0);
  const transforms = outer * perOuter;
  const sizes = [transforms, perOuter, points, packed, span, before, inner, length * inner];
  return {
    dispatch: (memory, scale, options) => {
      const p = new Uint32Array(10);
      p.set(sizes);
      p.set(new Uint32Array(Float32Array.of(inverse ? -1 : 1, scale).buffer), 8);
      const bindings: Bindings = { p, roots, order, twiddles, ...memoryOf(entryPoint, memory, twiddles) };
      const groups = Math.ceil(transforms / lanes);
      device.dispatch(kernel, bindings, isLong ? Math.min(longThreads, groups) : inRows(groups), options);
    },
  };
}

/** Sixteen transforms must be neighbours to be read, or written, as a block. */
function longEntry(perOuter: number, span: number, inner: number): Entry {
  if (perOuter % lanes !== 0) return "transform_each";
  if (span === 1) return "transform_sorting";
  return span % lanes === 0 && (inner === 1 || inner % lanes === 0) ? "transform_blocks" : "transform_each";
}

function memoryOf(entry: Entry, { source, result, parts }: PassMemory, twiddles: DeviceBuffer): Bindings {
  if (parts === undefined) return { source, result };
  if (entry === "transform_blocks") {
    return { parts, source_blocks: source, result_blocks: result, twiddle_blocks: twiddles };
  }
  if (entry === "transform_sorting")
    return { parts, source_blocks: source, result, twiddle_blocks: twiddles };
  return { parts, source, result };
}

/** `exp(-2 pi i k / count)` in f64, rounded to f32. */
export function rootOfUnity(k: number, count: number): readonly [re: number, im: number] {
  const angle = (-2 * Math.PI * (k % count)) / count;
  return [Math.cos(angle), Math.sin(angle)];
}

function rootsOn(device: Device, points: number): Promise<Table> {
  return tableOn(device, `fft roots ${points}`, 2 * points, (values, start, end) => {
    for (let at = start; at < end; at++) values[at] = rootOfUnity(at >> 1, points)[at % 2] ?? 0;
  });
}

function orderOn(device: Device, pass: FftPass): Promise<Table> {
  return tableOn(device, `fft order ${pass.radices}`, pass.points, (values, start, end) => {
    const words = new Uint32Array(values.buffer);
    words.set(digitReversed(pass).subarray(start, end), start);
  });
}

/** Row `r`, column `j`: `exp(-2 pi i r j / (points * before))`. */
function twiddlesOn(device: Device, points: number, before: number): Promise<Table> {
  const count = points * before;
  return tableOn(device, `fft twiddles ${points} ${before}`, 2 * count, (values, start, end) => {
    for (let at = start; at < end; at += 2) {
      const place = at / 2;
      const [re, im] = rootOfUnity(Math.floor(place / before) * (place % before), count);
      values[at] = re;
      values[at + 1] = im;
    }
  });
}
