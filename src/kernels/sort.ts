import type { BufferView, Device, DeviceBuffer } from "../device/device.ts";
import {
  type AxisSizes,
  type KernelOptions,
  type NumberType,
  powerOfTwo,
  scratch,
  workOptions,
} from "./axis.ts";
import { inRows } from "./grid.ts";
import { accessText } from "./radix-access.ts";
import { radixSort } from "./radix-sort.ts";
import { type IndexType, radixBytes, radixText } from "./sort-text.ts";
import { kernelOn, kernelText, wantsLongThreads } from "./source.ts";

export interface SortArguments extends AxisSizes {
  readonly type: NumberType;
  /** `outer * n * inner` numbers. */
  readonly source: DeviceBuffer | BufferView;
  /** `outer * keep * inner` numbers; must not overlap `source`. */
  readonly values?: DeviceBuffer | BufferView | undefined;
  /** `outer * keep * inner` positions along the axis. */
  readonly indices?: DeviceBuffer | BufferView | undefined;
  /** Default i32. */
  readonly indexType?: IndexType;
  readonly descending?: boolean;
  /** Keep so many of each line, the first. Default `n`. */
  readonly keep?: number;
}

export interface SortWork extends SortArguments {
  readonly indexType: IndexType;
  readonly descending: boolean;
  readonly keep: number;
}

const longThreads = 64;
const shortSlots = 1024;
/** From so many rows on, a thread of a CPU device takes whole rows. */
const manyRows = 16;
const shortRow = 2048;

/**
 * Enqueues a stable sort along an axis. NaN counts as greater than every number. With `indices`, -0 and +0 are equal;
 * without, -0 comes before +0, and every NaN becomes the same one. Radix sort for long lines, by order-preserving bits;
 * short ones are sorted within a thread or a workgroup.
 */
export async function sort(device: Device, work: SortArguments, options: KernelOptions = {}): Promise<void> {
  const { outer, n, inner, indexType = "i32", descending = false, keep = n } = work;
  const full: SortWork = { ...work, indexType, descending, keep };
  const rows = outer * inner;
  if (rows * n * keep === 0) return;
  await (isShort(device, work) ? sortRows(device, full, options) : radixSort(device, full, options));
}

function isShort(device: Device, { outer, n, inner }: AxisSizes): boolean {
  return wantsLongThreads(device) ? outer * inner >= manyRows || n <= shortRow : n <= shortSlots;
}

/** Bytes of the larger pieces of scratch memory that a sort allocates. */
export function sortScratchBytes(
  device: Device,
  sizes: AxisSizes & { readonly type: NumberType; readonly withIndices: boolean },
): readonly number[] {
  const { outer, n, inner, type, withIndices } = sizes;
  const rows = outer * inner;
  const pieces = withIndices ? [radixBytes(type), 4] : [radixBytes(type)];
  if (!isShort(device, sizes)) return [...pieces, ...pieces].map((bytes) => rows * n * bytes);
  return wantsLongThreads(device) ? pieces.map((bytes) => 2 * Math.min(rows, longThreads) * n * bytes) : [];
}

async function sortRows(device: Device, work: SortWork, options: KernelOptions): Promise<void> {
  const { type, source, values, indices, indexType, descending, outer, n, inner, keep } = work;
  const long = wantsLongThreads(device);
  const withIndices = indices !== undefined;
  const order = { type, descending, withIndices };
  const access = { ...order, indexType, isFirst: true, isLast: true, withValues: values !== undefined };
  const parts = [
    radixText(order),
    accessText(access),
    kernelText(long ? "sort-rows-long.wgsl" : "sort-rows-short.wgsl"),
  ];
  if (long) parts.push(withIndices ? indexScratch : noIndexScratch);
  const kernel = await kernelOn(device, parts.join(""), { entryPoint: "sort_rows", label: "sort rows" });
  const rows = outer * inner;
  const bytes = radixBytes(type);
  const results = { ...(values === undefined ? {} : { values }), ...(withIndices ? { indices } : {}) };
  if (!long) {
    const size = powerOfTwo(Math.max(2, n));
    const parameters = Uint32Array.of(rows, n, inner, keep, bytes * 8, size, 0, 0);
    const groups = inRows(Math.ceil(rows / (shortSlots / size)));
    device.dispatch(kernel, { parameters, source, ...results }, groups, workOptions(options));
    return;
  }
  const each = Math.ceil(rows / longThreads);
  const threads = Math.ceil(rows / each);
  using keys = scratch(device, options, threads * 2 * n * bytes, "keys");
  using places = scratch(device, options, withIndices ? threads * 2 * n * 4 : 0, "indices");
  const parameters = Uint32Array.of(rows, n, inner, keep, bytes * 8, bytes, threads, each);
  const bindings = { parameters, source, keys, ...(withIndices ? { places } : {}), ...results };
  device.dispatch(kernel, bindings, threads, workOptions(options));
}

const indexScratch = `@group(0) @binding(3) var<storage, read_write> places: array<u32>;
fn set_index(at: u32, index: u32) { places[at] = index; }
fn index_in(at: u32) -> u32 { return places[at]; }
`;
const noIndexScratch = `fn set_index(at: u32, index: u32) {}
fn index_in(at: u32) -> u32 { return 0u; }
`;
