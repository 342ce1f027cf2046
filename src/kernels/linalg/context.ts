import { isTurnLong, nextTurn } from "../../core/turn.ts";
import type { BufferView, Device, DeviceBuffer, Kernel, WorkOptions } from "../../device/device.ts";
import type { AllocateScratch } from "../gemm.ts";

export type { Scratch } from "../gemm.ts";

import { kernelOn, kernelText, wantsLongThreads } from "../source.ts";

export type Real = "f32" | "f64";
export type Memory = DeviceBuffer | BufferView;

export interface FactorOptions extends WorkOptions {
  /** Where scratch memory comes from. Default: new memory of the device. */
  readonly allocate?: AllocateScratch | undefined;
}

/** What the steps of one factorisation have in common. */
export interface Context {
  readonly device: Device;
  readonly type: Real;
  readonly batch: number;
  readonly allocate: AllocateScratch;
  readonly work: WorkOptions;
}

/** A rectangle inside the items of a batch: elements before it, from row to row, and from item to item. */
export interface Block {
  readonly memory: Memory;
  readonly start: number;
  readonly row: number;
  readonly item: number;
}

export const elementBytes: Readonly<Record<Real, number>> = { f32: 4, f64: 8 };

/** Columns that one workgroup factors; the kernels' `side`. */
export const panelWidth = 32;

export function contextOf(
  device: Device,
  type: Real,
  batch: number,
  { allocate, ...work }: FactorOptions,
): Context {
  return {
    device,
    type,
    batch,
    allocate: allocate ?? ((byteLength, label) => device.allocate(byteLength, label)),
    work,
  };
}

/** Scratch for so many elements; never empty, so that it can be bound. */
export function scratch({ allocate, type }: Context, count: number, label: string) {
  return allocate(Math.max(1, count) * elementBytes[type], label);
}

export function inside({ memory, start, row, item }: Block, i: number, j: number): Block {
  return { memory, start: start + i * row + j, row, item };
}

/** A dense matrix of an item each. */
export function dense(memory: Memory, rows: number, columns: number): Block {
  return { memory, start: 0, row: columns, item: rows * columns };
}

const shapes = {
  long: "const threads = 1u;\nconst lanes = 1u;\nfn sync() {}\n",
  short:
    "const threads = 256u;\nconst lanes = 32u;\nfn sync() {\n  storageBarrier();\n  workgroupBarrier();\n}\n",
};

const tests: Readonly<Record<Real, string>> = {
  f32: `
fn is_nan(x: f32) -> bool { return (bitcast<u32>(x) & 0x7fffffffu) > 0x7f800000u; }
fn is_finite(x: f32) -> bool { return (bitcast<u32>(x) & 0x7fffffffu) < 0x7f800000u; }
/// Squares of less are not exact any more.
const least = 1e-18f;
`,
  f64: `
fn is_nan(x: f64) -> bool { return (bitcast<u64>(x) & 0x7ffffffffffffffflu) > 0x7ff0000000000000lu; }
fn is_finite(x: f64) -> bool { return (bitcast<u64>(x) & 0x7ffffffffffffffflu) < 0x7ff0000000000000lu; }
const least = 1e-150lf;
`,
};

/** One text for both shapes: a workgroup of one thread on CPU-type devices, where there is nothing to wait for. */
export async function kernelFor(context: Context, file: string, entryPoint: string): Promise<Kernel> {
  const { device, type } = context;
  const shape = shapes[wantsLongThreads(device) ? "long" : "short"];
  const text = `alias Element = ${type};\n${shape}${tests[type]}${kernelText(`linalg/${file}`)}`;
  const kernel = await kernelOn(device, text, {
    entryPoint,
    contract: true,
    label: `${file.replace(".wgsl", "")} ${entryPoint}`,
  });
  while (isTurnLong()) await nextTurn();
  return kernel;
}

/** Rows a workgroup copies: few on a GPU, many where a workgroup is a thread. */
export function chunkOfRows({ device }: Context, rows: number): number {
  return wantsLongThreads(device) ? Math.max(32, Math.ceil(rows / 8)) : 8;
}
