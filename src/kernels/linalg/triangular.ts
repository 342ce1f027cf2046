import { inRows } from "../grid.ts";
import { wantsLongThreads } from "../source.ts";
import { subtractProduct } from "./blocks.ts";
import { type Block, type Context, inside, kernelFor } from "./context.ts";

export interface TriangularArguments {
  /** size x size; only the triangle is read. Not in the memory of `b`. */
  readonly t: Block;
  /** size x columns, replaced by the solution. */
  readonly b: Block;
  readonly size: number;
  readonly columns: number;
  readonly lower: boolean;
  /** Solves with the transpose of `t`. */
  readonly transposed?: boolean;
  /** Takes the diagonal for ones. */
  readonly unit?: boolean;
}

const leafOfLongThreads = 64;
const leafOfWorkgroups = 32;
const columnsOfWorkgroups = 256;

/** Enqueues the solution of `op(t) x = b`: halves recursively, products between them. */
export async function solveTriangular(context: Context, work: TriangularArguments): Promise<void> {
  const { t, b, size, columns, lower, transposed = false } = work;
  if (size === 0 || columns === 0 || context.batch === 0) return;
  const leaf = wantsLongThreads(context.device) ? leafOfLongThreads : leafOfWorkgroups;
  if (size <= leaf) return solveLeaf(context, work);
  const half = Math.ceil(size / leaf / 2) * leaf;
  const rest = size - half;
  const upper = { ...work, size: half };
  const down = { ...work, t: inside(t, half, half), b: inside(b, half, 0), size: rest };
  const forward = lower !== transposed;
  const [first, second] = forward ? [upper, down] : [down, upper];
  const corner = lower ? inside(t, half, 0) : inside(t, 0, half);
  await solveTriangular(context, first);
  await subtractProduct(context, {
    a: corner,
    b: first.b,
    c: second.b,
    m: second.size,
    n: columns,
    k: first.size,
    transposeA: transposed,
  });
  await solveTriangular(context, second);
}

async function solveLeaf(context: Context, work: TriangularArguments): Promise<void> {
  const { t, b, size, columns, lower, transposed = false, unit = false } = work;
  const { device, batch } = context;
  const chunk = wantsLongThreads(device)
    ? Math.max(16, Math.ceil(columns / 8 / 16) * 16)
    : columnsOfWorkgroups;
  const [row, column] = transposed ? [1, t.row] : [t.row, 1];
  const backward = Number(lower === transposed);
  const sizes = [size, columns, batch, chunk, t.start, row, column, t.item, b.start, b.row, b.item];
  const p = Uint32Array.of(...sizes, backward, Number(unit));
  const kernel = await kernelFor(context, "triangular.wgsl", "solve");
  const groups = inRows(Math.ceil(columns / chunk) * batch);
  device.dispatch(kernel, { p, t: t.memory, b: b.memory }, groups, context.work);
}
