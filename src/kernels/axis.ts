import type { Device, WorkOptions } from "../device/device.ts";
import type { AllocateScratch, Scratch } from "./gemm.ts";

/** Dense numbers as an operation along one axis sees them: `outer` times `n` times `inner`, row-major. */
export interface AxisSizes {
  readonly outer: number;
  readonly n: number;
  readonly inner: number;
}

export interface KernelOptions extends WorkOptions {
  /** Where scratch memory comes from. Default: new memory of the device. */
  readonly allocate?: AllocateScratch | undefined;
}

/** Element types that kernels along an axis compute with. */
export type NumberType = "f32" | "f64" | "i32" | "u32" | "i64" | "u64";

export const typeBytes: Readonly<Record<NumberType, number>> = {
  f32: 4,
  f64: 8,
  i32: 4,
  u32: 4,
  i64: 8,
  u64: 8,
};

/** Scratch memory that can be bound, however little of it is needed. */
export function scratch(device: Device, { allocate }: KernelOptions, bytes: number, label: string): Scratch {
  const size = Math.max(16, Math.ceil(bytes / 16) * 16);
  return allocate === undefined ? device.allocate(size, label) : allocate(size, label);
}

export function workOptions({ timer }: KernelOptions): WorkOptions {
  return { timer };
}

/** The smallest power of two that is not less, for `value` from 1 to 2^30. */
export function powerOfTwo(value: number): number {
  return 2 ** Math.ceil(Math.log2(Math.max(1, value)));
}
