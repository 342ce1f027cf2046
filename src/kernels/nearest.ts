import { availableParallelism } from "node:os";
import type { BufferView, Device, DeviceBuffer, WorkOptions } from "../device/device.ts";
import { type AllocateScratch, gemm, gemmScratchBytes } from "./gemm.ts";
import { inRows } from "./grid.ts";
import { ScratchScope } from "./scratch-scope.ts";
import { kernelOn, kernelText, wantsLongThreads } from "./source.ts";

type Memory = DeviceBuffer | BufferView;

/**
 * How `nearest` reads vectors. "panels": queries in panels of 8 and rows in panels of 32, number by number: number i of
 * all vectors of a panel stands together. "lines": one vector after the other.
 */
export type NearestLayout = "panels" | "lines";

export interface NearestSizes {
  /** Vectors to search for; the memory has room for the next multiple of 8. */
  readonly queries: number;
  /** Vectors to search; the memory has room for the next multiple of 64. */
  readonly rows: number;
  /** Numbers of a vector. */
  readonly inner: number;
  /** Rows to keep of each chunk. */
  readonly most: number;
}

export interface NearestArguments extends NearestSizes {
  readonly queryData: Memory;
  readonly rowData: Memory;
  /** A bit for each row that counts, in u32 words; bits past the last row are 0. */
  readonly mask: Memory;
  /**
   * [queries to the next multiple of 8, chunks, most] pairs of u32: a product as f32 bits, and its row; in no order. What
   * a chunk lacks is 0xffffffff.
   */
  readonly found: Memory;
}

export interface NearestOptions extends WorkOptions {
  readonly allocate?: AllocateScratch | undefined;
}

export const queryPanel = 8;
export const rowPanel = 32;

/** Four for each processor, so that unequal ones end together. */
const threadsWanted = 4 * availableParallelism();
/** More pass over the rows less often, but leave the cache themselves. */
const groupPanels = 16;
const groupsWanted = 512;
const leastChunk = 4096;
const productBytes = 64 << 20;
/** Lines of products start at a multiple of this many queries, so that views of the queries are aligned. */
const lineMultiple = 64;

export function nearestLayout(device: Device): NearestLayout {
  return wantsLongThreads(device) ? "panels" : "lines";
}

interface Chunks {
  readonly chunks: number;
  /** Panels of rows, or rows. */
  readonly chunk: number;
  /** Panels of queries that a thread takes, or lines at a time. */
  readonly group: number;
}

function chunksOf(layout: NearestLayout, { queries, rows }: NearestSizes): Chunks {
  if (layout === "panels") {
    const panels = Math.ceil(queries / queryPanel);
    const group = Math.min(groupPanels, Math.ceil(panels / threadsWanted));
    const wanted = Math.ceil(threadsWanted / Math.ceil(panels / group));
    const rowPanels = Math.ceil(rows / rowPanel);
    const chunk = Math.max(16, Math.ceil(rowPanels / wanted));
    return { group, chunk, chunks: Math.ceil(rowPanels / chunk) };
  }
  const lines = Math.max(1, Math.floor(productBytes / 4 / rows / lineMultiple)) * lineMultiple;
  const group = Math.min(lines, queries);
  const wanted = Math.ceil(groupsWanted / group);
  const chunk = Math.max(leastChunk, Math.ceil(rows / wanted));
  return { group, chunk, chunks: Math.ceil(rows / chunk) };
}

/** Chunks that the rows are searched in: each keeps `most` of its own. */
export function nearestChunks(layout: NearestLayout, sizes: NearestSizes): number {
  return chunksOf(layout, sizes).chunks;
}

/** Bytes of each piece of scratch memory that `nearest` allocates. */
export function nearestScratchBytes(device: Device, layout: NearestLayout, sizes: NearestSizes): number[] {
  if (layout === "panels") return [];
  const { group } = chunksOf(layout, sizes);
  const product = productOf(sizes, group);
  return [group * sizes.rows * 4, ...gemmScratchBytes(device, product)];
}

function productOf({ rows, inner }: NearestSizes, queries: number) {
  return { m: queries, n: rows, k: inner, batch: 1, strideA: 0, strideB: 0, strideC: 0 } as const;
}

/**
 * Enqueues the search for the rows whose products with each query are the largest: the dot products are f32 sums in any
 * order. Every size is at least 1; products must be finite. Ties between the last that are kept go either way.
 */
export async function nearest(
  device: Device,
  layout: NearestLayout,
  work: NearestArguments,
  options: NearestOptions = {},
): Promise<void> {
  if (layout === "panels") await nearestPanels(device, work, options);
  else await nearestLines(device, work, options);
}

async function nearestPanels(device: Device, work: NearestArguments, options: NearestOptions): Promise<void> {
  const { queries, rows, inner, most, queryData, rowData, mask, found } = work;
  const text = kernelText("nearest-long.wgsl");
  const kernel = await kernelOn(device, text, { contract: true, label: "nearest" });
  const { chunks, chunk, group } = chunksOf("panels", work);
  const queryPanels = Math.ceil(queries / queryPanel);
  const rowPanels = Math.ceil(rows / rowPanel);
  const p = Uint32Array.of(inner, rowPanels, queryPanels, group, chunk, chunks, most);
  const bindings = { p, queries: queryData, rows: rowData, mask, found };
  device.dispatch(kernel, bindings, inRows(Math.ceil(queryPanels / group) * chunks), {
    timer: options.timer,
  });
}

async function nearestLines(
  device: Device,
  work: NearestArguments,
  { allocate, timer }: NearestOptions,
): Promise<void> {
  const { queries, rows, inner, most, queryData, rowData, mask, found } = work;
  const kernel = await kernelOn(device, kernelText("nearest-select.wgsl"), { label: "nearest select" });
  const { chunks, chunk, group } = chunksOf("lines", work);
  using scratch = new ScratchScope(device, allocate);
  const products = scratch.take(group * rows * 4, "products");
  for (let first = 0; first < queries; first += group) {
    const lines = Math.min(group, queries - first);
    const a = part(queryData, first * inner * 4, lines * inner * 4);
    const turns = { transposeA: false, transposeB: true, alpha: 1, beta: 0 };
    const product = { ...productOf(work, lines), ...turns, a, b: rowData, out: products };
    await gemm(device, product, { timer, allocate });
    const p = Uint32Array.of(rows, chunk, chunks, most, lines, first);
    device.dispatch(kernel, { p, products, mask, found }, inRows(lines * chunks), { timer });
  }
}

function part(memory: Memory, byteOffset: number, byteLength: number): Memory {
  if ("view" in memory) return memory.view(byteOffset, byteLength);
  return { buffer: memory.buffer, byteOffset: memory.byteOffset + byteOffset, byteLength };
}
