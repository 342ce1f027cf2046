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

export interface CholeskyArguments {
  readonly type: Real;
  /** [batch, size, size]; only the lower triangle is read. */
  readonly source: Memory;
  /** [batch, size, size], the lower factor with zeros above. */
  readonly result: Memory;
  /** u32 [batch], zeros at first: the first leading minor that is not positive, counted from 1. */
  readonly info: Memory;
  readonly size: number;
  readonly batch: number;
}

/** Enqueues `a = l l'`, recursively. Works on `u = l'`, whose rows are contiguous where products need them. */
export async function factorCholesky(
  device: Device,
  { type, source, result, info, size, batch }: CholeskyArguments,
  options: FactorOptions = {},
): Promise<void> {
  if (size === 0 || batch === 0) return;
  const context = contextOf(device, type, batch, options);
  using upper = scratch(context, batch * size * size, "upper factor");
  const square = { rows: size, columns: size, transposed: true };
  const whole = dense(upper, size, size);
  await take(context, { ...square, source: dense(source, size, size), result: whole });
  await factorBlock(context, upper, info, size, 0, size);
  await take(context, { ...square, source: whole, result: dense(result, size, size), part: "lower" });
}

async function factorBlock(
  context: Context,
  matrix: Memory,
  info: Memory,
  size: number,
  first: number,
  end: number,
): Promise<void> {
  const width = end - first;
  if (width <= panelWidth) {
    const kernel = await kernelFor(context, "cholesky.wgsl", "factor");
    const p = Uint32Array.of(size, first, width, context.batch);
    context.device.dispatch(kernel, { p, matrix, info }, inRows(context.batch), context.work);
    return;
  }
  const middle = first + Math.ceil(width / panelWidth / 2) * panelWidth;
  const [half, rest] = [middle - first, end - middle];
  const whole = dense(matrix, size, size);
  await factorBlock(context, matrix, info, size, first, middle);
  using triangle = scratch(context, context.batch * half * half, "triangle");
  const t = dense(triangle, half, half);
  await take(context, { source: inside(whole, first, first), result: t, rows: half, columns: half });
  const b = inside(whole, first, middle);
  await solveTriangular(context, { t, b, size: half, columns: rest, lower: false, transposed: true });
  const c = inside(whole, middle, middle);
  await subtractProduct(context, { a: b, b, c, m: rest, n: rest, k: half, transposeA: true });
  await factorBlock(context, matrix, info, size, middle, end);
}
