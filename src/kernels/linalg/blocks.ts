import { gemm } from "../gemm.ts";
import { inRows } from "../grid.ts";
import { type Block, type Context, chunkOfRows, dense, kernelFor, type Memory, scratch } from "./context.ts";

/** What `take` keeps: everything, a triangle with its diagonal, what is below the diagonal with ones on it, or the lower triangle twice. */
export type Part = "all" | "lower" | "upper" | "unitLower" | "mirrored";

const parts: Readonly<Record<Part, number>> = { all: 0, lower: 1, upper: 2, unitLower: 3, mirrored: 4 };

export interface TakeArguments {
  readonly source: Block;
  readonly result: Block;
  readonly rows: number;
  readonly columns: number;
  /** Reads rows as columns. */
  readonly transposed?: boolean;
  readonly part?: Part;
}

/** Enqueues a copy of a block. */
export async function take(context: Context, work: TakeArguments): Promise<void> {
  const { source, result, rows, columns, transposed = false, part = "all" } = work;
  if (rows === 0 || columns === 0 || context.batch === 0) return;
  const chunk = chunkOfRows(context, rows);
  const [row, column] = transposed ? [1, source.row] : [source.row, 1];
  const sizes = [rows, columns, context.batch, chunk, source.start, row, column, source.item];
  const p = Uint32Array.of(...sizes, result.start, result.row, result.item, parts[part]);
  const kernel = await kernelFor(context, "blocks.wgsl", "take");
  const bound = { p, source: source.memory, result: result.memory };
  context.device.dispatch(kernel, bound, inRows(Math.ceil(rows / chunk) * context.batch), context.work);
}

/** Enqueues ones on the diagonal and zeros elsewhere. */
export async function identity(
  context: Context,
  memory: Memory,
  rows: number,
  columns: number,
): Promise<void> {
  if (rows === 0 || columns === 0 || context.batch === 0) return;
  const chunk = chunkOfRows(context, rows);
  const p = Uint32Array.of(rows, columns, context.batch, chunk, 0, 0, 0, 0, 0, columns, rows * columns, 0);
  const kernel = await kernelFor(context, "blocks.wgsl", "identity");
  const groups = inRows(Math.ceil(rows / chunk) * context.batch);
  context.device.dispatch(kernel, { p, result: memory }, groups, context.work);
}

/** Enqueues each row of `memory`, [batch, rows, columns], times its number in `factors`, [batch, rows]. */
export async function scaleRows(
  context: Context,
  memory: Memory,
  factors: Memory,
  rows: number,
  columns: number,
): Promise<void> {
  if (rows === 0 || columns === 0 || context.batch === 0) return;
  const chunk = chunkOfRows(context, rows);
  const p = Uint32Array.of(rows, columns, context.batch, chunk, 0, 0, 0, 0, 0, columns, rows * columns, 0);
  const kernel = await kernelFor(context, "blocks.wgsl", "scale");
  const groups = inRows(Math.ceil(rows / chunk) * context.batch);
  context.device.dispatch(kernel, { p, source: factors, result: memory }, groups, context.work);
}

export interface UpdateArguments {
  /** k x n stored for `transposeA`, else m x k. */
  readonly a: Block;
  readonly b: Block;
  readonly c: Block;
  readonly m: number;
  readonly n: number;
  readonly k: number;
  readonly transposeA?: boolean;
}

/** Enqueues `c -= op(a) b` on blocks that may all lie in one matrix: this is where factorisations spend their time. */
export async function subtractProduct(context: Context, work: UpdateArguments): Promise<void> {
  const { a, b, c, m, n, k, transposeA = false } = work;
  const { device, batch } = context;
  if (m === 0 || n === 0 || k === 0 || batch === 0) return;
  using left = await compact(context, a, transposeA ? k : m, transposeA ? m : k);
  using right = await compact(context, b, k, n);
  using product = scratch(context, batch * m * n, "update");
  await multiply(context, { a: left.memory, b: right.memory, out: product, m, n, k, transposeA });
  const chunk = chunkOfRows(context, m);
  const p = Uint32Array.of(m, n, batch, chunk, 0, n, 1, m * n, c.start, c.row, c.item, 0);
  const kernel = await kernelFor(context, "blocks.wgsl", "subtract");
  const groups = inRows(Math.ceil(m / chunk) * batch);
  device.dispatch(kernel, { p, source: product, result: c.memory }, groups, context.work);
}

export interface ProductArguments {
  readonly a: Memory;
  readonly b: Memory;
  readonly out: Memory;
  readonly m: number;
  readonly n: number;
  readonly k: number;
  readonly transposeA?: boolean;
  readonly transposeB?: boolean;
}

/** Enqueues a product of dense items. */
export async function multiply(context: Context, work: ProductArguments): Promise<void> {
  const { m, n, k, transposeA = false, transposeB = false } = work;
  const { device, type, batch, allocate } = context;
  const strides = { strideA: m * k, strideB: k * n, strideC: 0 };
  const product = { ...work, ...strides, type, batch, transposeA, transposeB, alpha: 1, beta: 0 };
  await gemm(device, product, { ...context.work, allocate });
}

/** The block as a dense matrix: itself where it is one, else a copy. */
async function compact(
  context: Context,
  block: Block,
  rows: number,
  columns: number,
): Promise<{ readonly memory: Memory } & Disposable> {
  const { batch } = context;
  const isDense =
    block.start === 0 &&
    (rows === 1 || block.row === columns) &&
    (batch === 1 || block.item === rows * columns);
  if (isDense) return { memory: block.memory, [Symbol.dispose]: () => undefined };
  const memory = scratch(context, batch * rows * columns, "block");
  await take(context, { source: block, result: dense(memory, rows, columns), rows, columns });
  return { memory, [Symbol.dispose]: () => memory[Symbol.dispose]() };
}
