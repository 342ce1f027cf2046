import type { Device } from "../../device/device.ts";
import { inRows } from "../grid.ts";
import { subtractProduct, take } from "./blocks.ts";
import {
  type Context,
  contextOf,
  dense,
  type FactorOptions,
  inside,
  kernelFor,
  type Memory,
  panelWidth,
  type Real,
  scratch,
} from "./context.ts";
import { solveTriangular } from "./triangular.ts";

export interface LuArguments {
  readonly type: Real;
  /** [batch, rows, columns], replaced by both factors: below the diagonal `l`, whose diagonal is 1, the rest is `u`. */
  readonly matrix: Memory;
  /** u32 [batch, min(rows, columns)]: the row that each row was exchanged with, in order. */
  readonly pivots: Memory;
  /** u32 [batch], zeros at first: the first pivot that is zero, counted from 1. */
  readonly info: Memory;
  readonly rows: number;
  readonly columns: number;
  readonly batch: number;
}

/**
 * Enqueues an LU factorisation with partial pivoting. Recursive, so that nearly all work is in large products: Toledo,
 * "Locality of Reference in LU Decomposition with Partial Pivoting", 1997.
 */
export async function factorLu(
  device: Device,
  work: LuArguments,
  options: FactorOptions = {},
): Promise<void> {
  const { type, batch, rows, columns } = work;
  const count = Math.min(rows, columns);
  if (count === 0 || batch === 0) return;
  const context = contextOf(device, type, batch, options);
  using panel = scratch(context, batch * rows * panelWidth, "panel");
  await factorColumns(context, work, panel, 0, count);
  if (columns > count) await finishColumns(context, work, 0, count, columns);
}

async function factorColumns(
  context: Context,
  work: LuArguments,
  panel: Memory,
  first: number,
  end: number,
): Promise<void> {
  const width = end - first;
  if (width <= panelWidth) return factorPanel(context, work, panel, first, width);
  const middle = first + Math.ceil(width / panelWidth / 2) * panelWidth;
  await factorColumns(context, work, panel, first, middle);
  await finishColumns(context, work, first, middle, end);
  await factorColumns(context, work, panel, middle, end);
}

/** Columns `middle` to `end` after those from `first` to `middle` are factored. */
async function finishColumns(
  context: Context,
  { matrix, rows, columns }: LuArguments,
  first: number,
  middle: number,
  end: number,
): Promise<void> {
  const size = middle - first;
  const whole = dense(matrix, rows, columns);
  using triangle = scratch(context, context.batch * size * size, "triangle");
  const t = dense(triangle, size, size);
  await take(context, { source: inside(whole, first, first), result: t, rows: size, columns: size });
  const b = inside(whole, first, middle);
  await solveTriangular(context, { t, b, size, columns: end - middle, lower: true, unit: true });
  await subtractProduct(context, {
    a: inside(whole, middle, first),
    b,
    c: inside(whole, middle, middle),
    m: rows - middle,
    n: end - middle,
    k: size,
  });
}

async function factorPanel(
  context: Context,
  { matrix, pivots, info, rows, columns }: LuArguments,
  panel: Memory,
  first: number,
  width: number,
): Promise<void> {
  const { device, batch } = context;
  const [factor, exchange] = await Promise.all([
    kernelFor(context, "lu.wgsl", "factor"),
    kernelFor(context, "lu.wgsl", "exchange"),
  ]);
  const chunk = 256;
  const p = Uint32Array.of(rows, columns, first, width, batch, chunk, Math.min(rows, columns));
  device.dispatch(factor, { p, matrix, panel, pivots, info }, inRows(batch), context.work);
  if (columns === width) return;
  const chunks = Math.ceil((columns - width) / chunk);
  device.dispatch(exchange, { p, matrix, pivots }, inRows(chunks * batch), context.work);
}

export interface LuSolveArguments {
  readonly type: Real;
  /** Both factors, as `factorLu` leaves them: [batch, size, size]. */
  readonly factors: Memory;
  /** As `factorLu` leaves them. */
  readonly pivots: Memory;
  /** [batch, size, columns], replaced by the solution. */
  readonly b: Memory;
  readonly size: number;
  readonly columns: number;
  readonly batch: number;
  /** One matrix for all items of `b`. */
  readonly shared?: boolean;
}

/** Enqueues the solution of `a x = b` from the factors of `a`. */
export async function solveLu(
  device: Device,
  work: LuSolveArguments,
  options: FactorOptions = {},
): Promise<void> {
  const { type, factors, pivots, b, size, columns, batch, shared = false } = work;
  if (size === 0 || columns === 0 || batch === 0) return;
  const context = contextOf(device, type, batch, options);
  const exchange = await kernelFor(context, "lu.wgsl", "exchange_rows");
  const chunk = 256;
  const p = Uint32Array.of(size, columns, 0, size, batch, chunk, shared ? 0 : size);
  const groups = inRows(Math.ceil(columns / chunk) * batch);
  device.dispatch(exchange, { p, matrix: b, pivots }, groups, context.work);
  const t = shared ? { ...dense(factors, size, size), item: 0 } : dense(factors, size, size);
  const both = { t, b: dense(b, size, columns), size, columns };
  await solveTriangular(context, { ...both, lower: true, unit: true });
  await solveTriangular(context, { ...both, lower: false });
}
