import { addScaled, dot, itemAsDouble, type Reals, transposeOf } from "./reals.ts";
import { svd } from "./svd.ts";

export interface LeastSquaresSizes {
  readonly rows: number;
  readonly columns: number;
  /** Columns of the right-hand side. */
  readonly count: number;
  readonly batch: number;
  readonly sharedB: boolean;
  /** Singular values up to this share of the largest count as zero. */
  readonly tolerance: number;
}

/** The reciprocals of the singular values that count, zeros for the others, and how many count. */
export function invertValues(values: Reals, tolerance: number, out: Reals): number {
  const least = tolerance * (values[0] ?? 0);
  let rank = 0;
  for (let k = 0; k < values.length; k++) {
    const value = values[k] as number;
    const counts = value > least;
    out[k] = counts ? 1 / value : 0;
    if (counts) rank++;
  }
  return rank;
}

/** arrays: matrices, right-hand sides, room for the solutions, the singular values and the ranks. */
export function leastSquares(arrays: readonly (Reals | Uint32Array)[], sizes: LeastSquaresSizes): void {
  const [source, right, x, s, ranks] = arrays as [Reals, Reals, Reals, Reals, Uint32Array];
  const { rows, columns, count, batch, sharedB, tolerance } = sizes;
  const short = Math.min(rows, columns);
  const values = new Float64Array(short);
  const inverse = new Float64Array(short);
  const u = new Float64Array(rows * short);
  const vt = new Float64Array(short * columns);
  for (let item = 0; item < batch; item++) {
    const a = source.subarray(item * rows * columns, (item + 1) * rows * columns);
    svd([a, values, u, vt], { rows, columns, full: false, batch: 1, place: { item, batch } });
    ranks[item] = invertValues(values, tolerance, inverse);
    s.set(values, item * short);
    const b = itemAsDouble(right, sharedB ? 0 : item, rows * count);
    const solution = new Float64Array(columns * count);
    const [left, columnsOfB] = [transposeOf(u, rows, short), transposeOf(b, rows, count)];
    const [v, part] = [transposeOf(vt, short, columns), new Float64Array(count)];
    for (let k = 0; k < short; k++) {
      if (inverse[k] === 0) continue;
      for (let j = 0; j < count; j++)
        part[j] = (inverse[k] as number) * dot(left, k * rows, columnsOfB, j * rows, rows);
      for (let i = 0; i < columns; i++)
        addScaled(solution, i * count, v[i * short + k] as number, part, 0, count);
    }
    x.set(solution, item * columns * count);
  }
}
