import { noConvergence, notFinite } from "../linear-errors.ts";
import { bidiagonalise, diagonalise } from "./bidiagonal.ts";
import { isAllFinite, itemAsDouble, type Reals, scaleDown, transposeOf } from "./reals.ts";

export interface SvdSizes {
  readonly rows: number;
  readonly columns: number;
  /** Whether the longer basis is square. */
  readonly full: boolean;
  readonly batch: number;
  /** For messages, where the matrix is one of a larger batch. */
  readonly place?: { readonly item: number; readonly batch: number } | undefined;
}

/** arrays: matrices, room for the singular values, and for `u` and `vt` where they are wanted. */
export function svd(arrays: readonly Reals[], sizes: SvdSizes): void {
  const { rows, columns, full, batch, place } = sizes;
  const [source, values, u, vt] = arrays as [Reals, Reals, Reals?, Reals?];
  const [long, short] = [Math.max(rows, columns), Math.min(rows, columns)];
  const longCount = full ? long : short;
  const wanted = u !== undefined && vt !== undefined;
  for (let item = 0; item < batch; item++) {
    const a = itemAsDouble(source, item, rows * columns);
    if (!isAllFinite(a)) throw notFinite("svd", place?.item ?? item, place?.batch ?? batch);
    const scale = scaleDown(a);
    const tall = rows >= columns ? a : transposeOf(a, rows, columns);
    const b = bidiagonalise(tall, long, short, wanted ? longCount : undefined);
    if (!diagonalise(b)) throw noConvergence("svd", batch);
    const order = Uint32Array.from(b.d.keys()).sort(
      (i, j) => Math.abs(b.d[j] as number) - Math.abs(b.d[i] as number) || i - j,
    );
    const right = new Float64Array(wanted ? short * short : 0);
    const left = wanted && b.left !== undefined ? b.left.slice() : right;
    order.forEach((from, to) => {
      const value = b.d[from] as number;
      values[item * short + to] = Math.abs(value) * scale;
      if (b.left === undefined || b.right === undefined) return;
      left.set(b.left.subarray(from * long, (from + 1) * long), to * long);
      for (let j = 0; j < short; j++) {
        const entry = b.right[from * short + j] as number;
        right[to * short + j] = value < 0 ? -entry : entry;
      }
    });
    if (u === undefined || vt === undefined) continue;
    if (rows >= columns) {
      u.set(transposeOf(left, longCount, long), item * long * longCount);
      vt.set(right, item * short * short);
    } else {
      u.set(transposeOf(right, short, short), item * short * short);
      vt.set(left, item * long * longCount);
    }
  }
}
