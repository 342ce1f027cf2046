import { itemAsDouble, type Reals, transposeOf } from "./reals.ts";
import { basisOf, reflectColumns, reflection } from "./reflections.ts";

export interface QrSizes {
  readonly rows: number;
  readonly columns: number;
  /** Columns of `q` and rows of `r`. */
  readonly width: number;
  readonly batch: number;
}

/** arrays: matrices, room for `r`, and for `q` where it is wanted. */
export function qr(arrays: readonly Reals[], { rows, columns, width, batch }: QrSizes): void {
  const [source, r, q] = arrays as [Reals, Reals, Reals?];
  const count = Math.min(rows, columns);
  for (let item = 0; item < batch; item++) {
    const a = itemAsDouble(source, item, rows * columns);
    const v = new Float64Array(count * rows);
    const taus = new Float64Array(count);
    for (let k = 0; k < count; k++) {
      for (let i = k; i < rows; i++) v[k * rows + i] = a[i * columns + k] as number;
      const { beta, tau } = reflection(v, k * rows + k, rows - k);
      taus[k] = tau;
      a[k * columns + k] = beta;
      for (let i = k + 1; i < rows; i++) a[i * columns + k] = 0;
      reflectColumns(a, rows, columns, k, k + 1, v, k * rows + k, tau);
    }
    r.set(a.subarray(0, width * columns), item * width * columns);
    if (q === undefined) continue;
    const basis = basisOf({ v, taus, length: rows, offset: 0 }, width);
    q.set(transposeOf(basis, width, rows), item * rows * width);
  }
}
