import type { Bindings, Device } from "../../device/device.ts";
import { type KernelOptions, workOptions } from "../axis.ts";
import { inRows } from "../grid.ts";
import { chunkOf, kernelOn, kernelText, wantsLongThreads } from "../source.ts";

export interface UnitWork {
  /** A struct `Parameters` that starts with `units` and `each`, and an entry point that goes over its units. */
  readonly text: string;
  readonly entryPoint: string;
  readonly constants?: Readonly<Record<string, number | boolean>>;
  /** Things to do; a thread takes `each` in a row. */
  readonly units: number;
  /** On a GPU. Default 1. */
  readonly each?: number;
  readonly bindings: Bindings;
  /** What follows `units` and `each`. */
  readonly parameters?: readonly number[];
}

const longThreads = 64;
const shortThreads = 256;

/** Enqueues a kernel whose threads take runs of units: a few long ones on a processor, many short ones on a GPU. */
export async function runUnits(device: Device, work: UnitWork, options: KernelOptions): Promise<void> {
  const { text, entryPoint, constants, units, bindings, parameters = [] } = work;
  if (units === 0) return;
  const long = wantsLongThreads(device);
  const threads = long ? 1 : shortThreads;
  const kernel = await kernelOn(device, `${text}${kernelText("columns/units.wgsl")}`, {
    entryPoint,
    constants: { ...constants, threads },
    label: `columns ${entryPoint}`,
  });
  const each = long ? chunkOf(units, longThreads, 1) : (work.each ?? 1);
  const groups = inRows(Math.ceil(Math.ceil(units / each) / threads));
  const all = { parameters: Uint32Array.of(units, each, ...parameters), ...bindings };
  device.dispatch(kernel, all, groups, workOptions(options));
}

export interface Chunks {
  readonly chunk: number;
  readonly chunks: number;
}

/** Contiguous chunks for reduce-then-scan: one thread each on a processor, a workgroup of 256 each on a GPU. */
export function chunksOf(device: Device, units: number): Chunks {
  const chunk = wantsLongThreads(device) ? chunkOf(units, longThreads, 16) : chunkOf(units, 1024, 256);
  return { chunk, chunks: Math.ceil(units / chunk) };
}

/** Sums before each chunk, and the sum of all at the end: exact, where the chunks' own sums are. */
export function startsOf(sums: Uint32Array): { readonly starts: Uint32Array; readonly total: number } {
  const starts = new Uint32Array(sums.length + 1);
  let total = 0;
  for (const [at, sum] of sums.entries()) {
    starts[at] = total;
    total += sum;
  }
  starts[sums.length] = total;
  return { starts, total };
}

/** Waits for the first `count` words of scratch memory. */
export async function readWords(
  device: Device,
  memory: Parameters<Device["read"]>[0],
  count: number,
  options: KernelOptions,
): Promise<Uint32Array> {
  const words = new Uint32Array(memory.byteLength / 4);
  await device.read(memory, words, workOptions(options));
  return words.subarray(0, count);
}
