import type { BufferView, Device, DeviceBuffer, WorkOptions } from "../device/device.ts";
import type { AllocateScratch } from "./gemm.ts";
import { ScratchScope } from "./scratch-scope.ts";
import { chunkOf, kernelOn, kernelText, wantsLongThreads } from "./source.ts";

type Memory = DeviceBuffer | BufferView;

/** A sparse matrix in compressed rows. Every column must be in range; rows need no order within. */
export interface SparseArguments {
  readonly type: "f32" | "f64";
  /** u32, `rows + 1` */
  readonly rowStarts: Memory;
  /** u32, one a nonzero */
  readonly places: Memory;
  readonly values: Memory;
  readonly rows: number;
  readonly nonzeros: number;
  /** [rows, columns] */
  readonly result: Memory;
  /** Of the result. */
  readonly columns: number;
}

export interface SpmmArguments extends SparseArguments {
  /** [columns of the sparse matrix, columns] */
  readonly dense: Memory;
}

export interface SpmmOptions extends WorkOptions {
  readonly allocate?: AllocateScratch | undefined;
}

const longThreads = 64;
const sharedColumns = 32;
/** Heads of one row are added one after the other. */
const mostParts = 2 ** 16;

/** Bytes of each piece of scratch memory that `spmm` allocates. */
export function spmmScratchBytes(
  device: Device,
  { type, rows, nonzeros, columns }: Pick<SpmmArguments, "type" | "rows" | "nonzeros" | "columns">,
): readonly number[] {
  const { parts } = partsOf(device, rows + nonzeros, columns);
  return [parts * columns * (type === "f64" ? 8 : 4), parts * 4];
}

function partsOf(device: Device, items: number, columns: number): { parts: number; chunk: number } {
  const least = columns === 1 ? 16 : 64;
  const chunk = wantsLongThreads(device)
    ? chunkOf(items, longThreads, 256)
    : Math.max(least, Math.ceil(items / mostParts));
  return { chunk, parts: Math.max(1, Math.ceil(items / chunk)) };
}

/** Enqueues the product of a sparse and a dense matrix; a vector is one column. f64 rejects with UNSUPPORTED without f64. */
export async function spmm(device: Device, work: SpmmArguments, options: SpmmOptions = {}): Promise<void> {
  const { type, rowStarts, places, values, dense, result, rows, nonzeros, columns } = work;
  const { allocate, ...rest } = options;
  const long = wantsLongThreads(device);
  const across = long || columns === 1 ? 1 : sharedColumns;
  const text = `alias Element = ${type};\n${kernelText("spmm.wgsl")}`;
  const constants = { long_threads: long, across };
  const [multiply, addHeads] = await Promise.all(
    [long ? "multiply_chunks" : "multiply", "add_heads"].map((entryPoint) =>
      kernelOn(device, text, { entryPoint, constants, contract: true, label: `spmm ${entryPoint}` }),
    ),
  );
  if (multiply === undefined || addHeads === undefined || rows === 0 || columns === 0) return;
  const { parts, chunk } = partsOf(device, rows + nonzeros, columns);
  using scratch = new ScratchScope(device, allocate);
  const [headBytes = 0, rowBytes = 0] = spmmScratchBytes(device, work);
  const heads = scratch.take(headBytes, "heads of parts");
  const headRows = scratch.take(rowBytes, "rows of heads");
  const p = Uint32Array.of(rows, columns, nonzeros, chunk, parts);
  const memory = { p, result, heads, head_rows: headRows };
  const all = { ...memory, row_starts: rowStarts, places, values, dense };
  if (long) device.dispatch(multiply, all, parts, rest);
  else device.dispatchThreads(multiply, all, parts * across, rest);
  if (parts > 1) device.dispatchThreads(addHeads, memory, parts * columns, rest);
}

/** Enqueues the dense form of a sparse matrix of `columns` columns; what stands twice is added. */
export async function spread(
  device: Device,
  work: SparseArguments,
  options: WorkOptions = {},
): Promise<void> {
  const { type, rowStarts, places, values, result, rows, nonzeros, columns } = work;
  const text = `alias Element = ${type};\n${kernelText("spmm.wgsl")}`;
  const kernel = await kernelOn(device, text, { entryPoint: "spread", label: "sparse spread" });
  const p = Uint32Array.of(rows, columns, nonzeros, 0, 0);
  if (rows > 0)
    device.dispatchThreads(kernel, { p, row_starts: rowStarts, places, values, result }, rows, options);
}
