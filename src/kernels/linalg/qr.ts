import type { Device } from "../../device/device.ts";
import { inRows } from "../grid.ts";
import { identity, multiply, subtractProduct, take } from "./blocks.ts";
import {
  type Block,
  type Context,
  contextOf,
  dense,
  type FactorOptions,
  inside,
  kernelFor,
  type Memory,
  panelWidth,
  type Real,
  type Scratch,
  scratch,
} from "./context.ts";

export interface QrArguments {
  readonly type: Real;
  /** [batch, rows, columns], replaced by `r` and zeros below its diagonal. */
  readonly matrix: Memory;
  /** [batch, rows, width] for `q`, or nothing; `width` is at least min(rows, columns). */
  readonly q?: Memory | undefined;
  readonly rows: number;
  readonly columns: number;
  /** Columns of `q`. */
  readonly width: number;
  readonly batch: number;
}

interface Reflectors {
  readonly first: number;
  /** [batch, rows - first, 32] */
  readonly v: Scratch;
  /** [batch, 32, 32] */
  readonly t: Scratch;
}

/** Enqueues a QR factorisation by blocks of Householder reflections. */
export async function factorQr(
  device: Device,
  work: QrArguments,
  options: FactorOptions = {},
): Promise<void> {
  const { type, matrix, q, rows, columns, width, batch } = work;
  if (rows === 0 || batch === 0) return;
  const context = contextOf(device, type, batch, options);
  const count = Math.min(rows, columns);
  const blocks: Reflectors[] = [];
  try {
    const kernel = await kernelFor(context, "qr.wgsl", "factor");
    for (let first = 0; first < count; first += panelWidth) {
      const size = Math.min(panelWidth, count - first);
      const v = scratch(context, batch * (rows - first) * panelWidth, "reflectors");
      const t = scratch(context, batch * panelWidth * panelWidth, "their triangle");
      const block = { first, v, t };
      blocks.push(block);
      const p = Uint32Array.of(rows, columns, first, size, batch);
      device.dispatch(kernel, { p, matrix, panel: v, t }, inRows(batch), context.work);
      const rest = inside(dense(matrix, rows, columns), first, first + size);
      await reflect(context, block, rest, rows - first, columns - first - size, true);
      if (q === undefined) release(blocks);
    }
    if (q === undefined) return;
    await identity(context, q, rows, width);
    for (const block of blocks.toReversed()) {
      const { first } = block;
      const rest = inside(dense(q, rows, width), first, first);
      await reflect(context, block, rest, rows - first, width - first, false);
    }
  } finally {
    release(blocks);
  }
}

function release(blocks: Reflectors[]): void {
  for (const { v, t } of blocks.splice(0)) {
    v[Symbol.dispose]();
    t[Symbol.dispose]();
  }
}

/** `c -= v op(t) v' c`: the product of the block's reflections, or its transpose. */
async function reflect(
  context: Context,
  { v, t }: Reflectors,
  c: Block,
  rows: number,
  columns: number,
  transposed: boolean,
): Promise<void> {
  if (columns === 0) return;
  const { batch } = context;
  const side = panelWidth;
  using copy = scratch(context, batch * rows * columns, "block");
  using products = scratch(context, batch * side * columns, "products");
  using factors = scratch(context, batch * side * columns, "factors");
  await take(context, { source: c, result: dense(copy, rows, columns), rows, columns });
  await multiply(context, { a: v, b: copy, out: products, m: side, n: columns, k: rows, transposeA: true });
  const inner = { m: side, n: columns, k: side, transposeA: transposed };
  await multiply(context, { a: t, b: products, out: factors, ...inner });
  await subtractProduct(context, {
    a: dense(v, rows, side),
    b: dense(factors, side, columns),
    c,
    m: rows,
    n: columns,
    k: side,
  });
}
