import type { Physical } from "../../core/column-type.ts";
import type { BufferView, DeviceBuffer } from "../../device/device.ts";
import type { KernelOptions } from "../axis.ts";

export type Memory = DeviceBuffer | BufferView;

/** What kernels take as keys and values; a dictionary's codes are `u32`. */
export type FixedPhysical = Exclude<Physical, "text" | "list">;

interface MemoryBase {
  /** A bitmap in whole words of 4 bytes, least significant bit first; absent where no row is null. Bits past the last row are anything. */
  readonly validity?: Memory | undefined;
}

/** Values of a fixed size in whole words of memory; undefined where the row is null. */
export interface FixedMemory extends MemoryBase {
  readonly physical: FixedPhysical;
  readonly values: Memory;
}

/** Row i is the bytes from `offsets[i]` to `offsets[i + 1]` (i32); `values` are whole words. */
export interface TextMemory extends MemoryBase {
  readonly physical: "text";
  readonly offsets: Memory;
  readonly values: Memory;
}

/** A column in device memory, in Apache Arrow's layout, without what only the host needs to know. */
export type ColumnMemory = FixedMemory | TextMemory;

/** In lists of rows: no row, which makes a null where it is taken. */
export const noRow = 0xffff_ffff;

/** The kernels for columns take these; `allocate` also makes what they return, for the caller to dispose. */
export type ColumnOptions = KernelOptions;

/** Bytes of a bitmap of `rows` bits, in whole words. */
export function bitmapBytes(rows: number): number {
  return Math.max(4, Math.ceil(rows / 32) * 4);
}
