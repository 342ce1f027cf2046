import { addScaled, dot } from "./reals.ts";

export interface Reflection {
  /** What the first of the reflected numbers becomes; the others become 0. */
  readonly beta: number;
  readonly tau: number;
}

/**
 * Makes `length` numbers from `start` on into the vector v of the Householder reflection `i - tau v v'` that leaves only the
 * first of them; v starts with 1. Signs as in LAPACK: beta has the sign opposite to the first number.
 */
export function reflection(v: Float64Array, start: number, length: number): Reflection {
  const alpha = length === 0 ? 0 : (v[start] as number);
  let scale = 0;
  for (let i = start + 1; i < start + length; i++) scale = Math.max(scale, Math.abs(v[i] as number));
  if (length > 0) v[start] = 1;
  if (scale === 0) return { beta: alpha, tau: 0 };
  scale = Math.max(scale, Math.abs(alpha));
  const top = alpha / scale;
  let squares = top * top;
  for (let i = start + 1; i < start + length; i++) {
    const part = (v[i] as number) / scale;
    v[i] = part;
    squares += part * part;
  }
  const norm = Math.sqrt(squares);
  const beta = alpha < 0 ? norm : -norm;
  for (let i = start + 1; i < start + length; i++) v[i] = (v[i] as number) / (top - beta);
  return { beta: beta * scale, tau: (beta - top) / beta };
}

/** Reflections of the numbers from `first[k]` to the end, one a row of `v`. */
export interface Reflections {
  readonly v: Float64Array;
  readonly taus: Float64Array;
  readonly length: number;
  /** Where the k-th reflected vector starts: k plus this. */
  readonly offset: number;
}

/** The first `rows` rows of the transpose of the product of all reflections, first to last. */
export function basisOf({ v, taus, length, offset }: Reflections, rows: number): Float64Array {
  const q = new Float64Array(rows * length);
  for (let i = 0; i < Math.min(rows, length); i++) q[i * length + i] = 1;
  for (let k = taus.length - 1; k >= 0; k--) {
    const tau = taus[k] as number;
    if (tau === 0) continue;
    const start = k + offset;
    for (let i = start; i < rows; i++) {
      const row = i * length + start;
      const factor = tau * dot(q, row, v, k * length + start, length - start);
      addScaled(q, row, -factor, v, k * length + start, length - start);
    }
  }
  return q;
}

/** Reflects the columns of `a` (rows x columns) from row and column `from` on, with the vector in `v` at `at`. */
export function reflectColumns(
  a: Float64Array,
  rows: number,
  columns: number,
  fromRow: number,
  fromColumn: number,
  v: Float64Array,
  at: number,
  tau: number,
): void {
  const width = columns - fromColumn;
  if (tau === 0 || width <= 0) return;
  const sums = new Float64Array(width);
  for (let i = fromRow; i < rows; i++)
    addScaled(sums, 0, v[at + i - fromRow] as number, a, i * columns + fromColumn, width);
  for (let i = fromRow; i < rows; i++)
    addScaled(a, i * columns + fromColumn, -tau * (v[at + i - fromRow] as number), sums, 0, width);
}
