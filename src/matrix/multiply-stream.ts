import { setImmediate as nextTurn } from "node:timers/promises";
import { gemm, gemmScratchBytes } from "../kernels/gemm.ts";
import { type PoolBuffer, type StreamOperation, streamThrough } from "../memory/index.ts";
import type { GpuContext } from "../runtime/index.ts";
import { allocateHost } from "./host-memory.ts";
import type { Product } from "./multiply-operation.ts";
import { Storage } from "./storage.ts";

const floatBytes = Float32Array.BYTES_PER_ELEMENT;
const inFlight = 3;
/** Copied without a pause. */
const gatheredAtOnce = 1 << 18;

/**
 * A product that is larger than the device's memory: blocks of rows of `a` flow past `b`, which stays where it fits, and
 * the result is put together on the host. Resolves with nothing where not even one row fits.
 */
export async function multiplyStreamed(product: Product, context: GpuContext): Promise<Storage | undefined> {
  const rows = blockRows(product, context);
  if (rows === 0) return undefined;
  const { shape, a, b, c } = product;
  const { device, memory, timer, signal } = context;
  const [onA, onC] = [await a.host(timer), await c?.host(timer)];
  const onB = shape.strideB === 0 ? undefined : await b.host(timer);
  const { m, n, batch } = shape;
  const out = allocateHost(batch * m * n);
  const perItem = Math.ceil(m / rows);
  const blockAt = (index: number): Block => {
    const item = Math.floor(index / perItem);
    const first = (index % perItem) * rows;
    return { item, first, rows: Math.min(rows, m - first) };
  };

  async function* blocks(): AsyncGenerator<Float32Array[]> {
    for (let index = 0; index < batch * perItem; index++) {
      const block = blockAt(index);
      const parts = [await rowsOf(onA, product, block)];
      if (onB !== undefined) parts.push(itemOf(onB, shape.strideB, block.item, shape.k * n));
      if (onC !== undefined) {
        const start = block.item * shape.strideC + block.first * n;
        parts.push(onC.subarray(start, start + block.rows * n));
      }
      yield parts;
    }
  }

  const regionB = b.region(memory);
  const operation: StreamOperation<Float32Array[], Float32Array> = {
    name: "matrix.multiply",
    residents: () => (onB === undefined ? [regionB.resident] : []),
    outputBytes: ([block]) => ((block?.length ?? 0) / shape.k) * n * floatBytes,
    scratchBytes: ([block]) => gemmScratchBytes(device, sizesOf(product, (block?.length ?? 0) / shape.k)),
    gpu: async (inputs, output, { residents, index, allocate }) => {
      const [blockA, ...others] = inputs as readonly PoolBuffer[];
      const itemB =
        onB === undefined ? residents[0]?.slice(regionB.byteOffset, regionB.byteLength) : others.shift();
      if (blockA === undefined || itemB === undefined) return;
      const sizes = sizesOf(product, blockAt(index).rows);
      const { alpha, beta } = product;
      const work = { ...sizes, a: blockA, b: itemB, c: others[0], out: output, alpha, beta };
      await gemm(device, work, { timer, allocate });
    },
    host: (_, __, index) => {
      const { item, first, rows: count } = blockAt(index);
      const start = (item * m + first) * n;
      return out.subarray(start, start + count * n);
    },
  };
  for await (const _ of streamThrough(blocks(), operation, {
    memory,
    inFlight,
    signal,
    timer,
    strict: true,
  }));
  return Storage.onHost(out);
}

interface Block {
  readonly item: number;
  readonly first: number;
  readonly rows: number;
}

/** The product of one block of so many rows. */
function sizesOf({ shape: { n, k, transposeA, transposeB } }: Product, rows: number) {
  return { m: rows, n, k, transposeA, transposeB, batch: 1, strideA: 0, strideB: 0, strideC: 0 };
}

/** The most rows of which several blocks fit at once, or else one; 0 where none fits. */
function blockRows(product: Product, { memory, device }: GpuContext): number {
  const { shape, b, c } = product;
  const { m, n, k } = shape;
  const { bufferBytes } = device.adapter.limits;
  const ownB = shape.strideB === 0 ? [] : [k * n * floatBytes];
  const room = memory.reachableBytes - (shape.strideB === 0 ? memory.pool.sizeOf(b.byteLength) : 0);
  const fits = (rows: number, count: number) => {
    const block = rows * n * floatBytes;
    const sizes = [rows * k * floatBytes, block, ...(c === undefined ? [] : [block]), ...ownB];
    const all = [...sizes, ...gemmScratchBytes(device, sizesOf(product, rows))];
    if (all.some((size) => size > bufferBytes)) return false;
    return count * all.reduce((sum, size) => sum + memory.pool.sizeOf(size), 0) <= room;
  };
  return largest(m, (rows) => fits(rows, inFlight)) || largest(m, (rows) => fits(rows, 1));
}

/** The largest of 0 ... `most` that passes, where all smaller ones do too. */
function largest(most: number, passes: (value: number) => boolean): number {
  let low = 0;
  let high = most;
  while (low < high) {
    const middle = Math.ceil((low + high) / 2);
    if (passes(middle)) low = middle;
    else high = middle - 1;
  }
  return low;
}

function itemOf(data: Float32Array, stride: number, item: number, length: number): Float32Array {
  return data.subarray(item * stride, item * stride + length);
}

/** Rows of op(a): those of `a` as they are, columns of a transposed one copied together. */
async function rowsOf(
  a: Float32Array,
  { shape }: Product,
  { item, first, rows }: Block,
): Promise<Float32Array> {
  const { m, k, strideA, transposeA } = shape;
  const whole = itemOf(a, strideA, item, m * k);
  if (!transposeA) return whole.subarray(first * k, (first + rows) * k);
  const block = allocateHost(rows * k);
  for (let row = 0, copied = 0; row < k; row++) {
    block.set(whole.subarray(row * m + first, row * m + first + rows), row * rows);
    copied += rows;
    if (copied < gatheredAtOnce) continue;
    copied = 0;
    await nextTurn();
  }
  return block;
}
