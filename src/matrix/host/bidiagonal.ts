import { addScaled, dot, rotate } from "./reals.ts";
import { basisOf, reflectColumns, reflection } from "./reflections.ts";

const stepsEach = 60;

/** An upper bidiagonal matrix between two bases, a vector a row; rows at least columns. */
export interface Bidiagonal {
  readonly d: Float64Array;
  /** `e[k]` is right of `d[k]`. */
  readonly e: Float64Array;
  readonly left: Float64Array | undefined;
  readonly right: Float64Array | undefined;
  readonly rows: number;
  readonly columns: number;
}

/** Householder bidiagonalisation, which destroys `a`: Golub and Kahan, 1965. `leftCount` vectors of the left basis. */
export function bidiagonalise(
  a: Float64Array,
  rows: number,
  columns: number,
  leftCount: number | undefined,
): Bidiagonal {
  const d = new Float64Array(columns);
  const e = new Float64Array(Math.max(0, columns - 1));
  const v = new Float64Array(columns * rows);
  const w = new Float64Array(Math.max(0, columns - 2) * columns);
  const leftTaus = new Float64Array(columns);
  const rightTaus = new Float64Array(Math.max(0, columns - 2));
  for (let k = 0; k < columns; k++) {
    for (let i = k; i < rows; i++) v[k * rows + i] = a[i * columns + k] as number;
    const down = reflection(v, k * rows + k, rows - k);
    d[k] = down.beta;
    leftTaus[k] = down.tau;
    reflectColumns(a, rows, columns, k, k + 1, v, k * rows + k, down.tau);
    if (k === columns - 2) e[k] = a[k * columns + k + 1] as number;
    if (k >= columns - 2) continue;
    const width = columns - k - 1;
    const at = k * columns + k + 1;
    w.set(a.subarray(at, at + width), at);
    const across = reflection(w, at, width);
    e[k] = across.beta;
    rightTaus[k] = across.tau;
    for (let i = k + 1; i < rows && across.tau !== 0; i++) {
      const row = i * columns + k + 1;
      addScaled(a, row, -across.tau * dot(a, row, w, at, width), w, at, width);
    }
  }
  const wanted = leftCount !== undefined;
  return {
    d,
    e,
    left: wanted ? basisOf({ v, taus: leftTaus, length: rows, offset: 0 }, leftCount) : undefined,
    right: wanted ? basisOf({ v: w, taus: rightTaus, length: columns, offset: 1 }, columns) : undefined,
    rows,
    columns,
  };
}

/** Implicit QR until nothing is left beside the diagonal. False where it does not converge. */
export function diagonalise(b: Bidiagonal): boolean {
  const { d, e, columns } = b;
  let norm = 0;
  for (let k = 0; k < columns; k++) norm = Math.max(norm, Math.abs(d[k] ?? 0), Math.abs(e[k] ?? 0));
  const least = Number.EPSILON * norm;
  let last = columns - 1;
  for (let step = 0; last > 0; step++) {
    if (step > stepsEach * columns) return false;
    for (let k = 0; k < last; k++) {
      const size = Math.abs(d[k] as number) + Math.abs(d[k + 1] as number);
      if (Math.abs(e[k] as number) <= Number.EPSILON * size) e[k] = 0;
    }
    while (last > 0 && e[last - 1] === 0) last--;
    if (last === 0) break;
    let first = last - 1;
    while (first > 0 && e[first - 1] !== 0) first--;
    let zero = last;
    while (zero >= first && Math.abs(d[zero] as number) > least) zero--;
    if (zero === last) clearColumn(b, first, last);
    else if (zero >= first) clearRow(b, zero, last);
    else qrStep(b, first, last);
  }
  return true;
}

/** `d[last]` is zero: rotations with the columns before it clear what is above it. */
function clearColumn({ d, e, right, columns }: Bidiagonal, first: number, last: number): void {
  d[last] = 0;
  let f = e[last - 1] as number;
  e[last - 1] = 0;
  for (let j = last - 1; j >= first && f !== 0; j--) {
    const r = Math.hypot(d[j] as number, f);
    const c = (d[j] as number) / r;
    const s = f / r;
    d[j] = r;
    if (j > first) {
      f = -s * (e[j - 1] as number);
      e[j - 1] = c * (e[j - 1] as number);
    }
    if (right !== undefined) rotate(right, j * columns, last * columns, c, s, columns);
  }
}

/** `d[zero]` is zero: rotations with the rows after it clear what is right of it. */
function clearRow({ d, e, left, rows }: Bidiagonal, zero: number, last: number): void {
  d[zero] = 0;
  let f = e[zero] as number;
  e[zero] = 0;
  for (let j = zero + 1; j <= last && f !== 0; j++) {
    const r = Math.hypot(d[j] as number, f);
    const c = (d[j] as number) / r;
    const s = f / r;
    d[j] = r;
    if (j < last) {
      f = -s * (e[j] as number);
      e[j] = c * (e[j] as number);
    }
    if (left !== undefined) rotate(left, j * rows, zero * rows, c, s, rows);
  }
}

/** One Golub-Kahan step: "Matrix Computations", algorithm 8.6.1. */
function qrStep({ d, e, left, right, rows, columns }: Bidiagonal, first: number, last: number): void {
  const before = last - 1 > first ? (e[last - 2] as number) : 0;
  const t11 = (d[last - 1] as number) ** 2 + before ** 2;
  const t12 = (d[last - 1] as number) * (e[last - 1] as number);
  const t22 = (d[last] as number) ** 2 + (e[last - 1] as number) ** 2;
  const delta = (t11 - t22) / 2;
  const root = Math.hypot(delta, t12);
  const shift = t12 === 0 ? t22 : t22 - t12 ** 2 / (delta + (delta < 0 ? -root : root));
  let y = (d[first] as number) ** 2 - shift;
  let z = (d[first] as number) * (e[first] as number);
  for (let k = first; k < last; k++) {
    let r = Math.hypot(y, z);
    let c = r === 0 ? 1 : y / r;
    let s = r === 0 ? 0 : z / r;
    if (k > first) e[k - 1] = r;
    const [dk, ek, next] = [d[k] as number, e[k] as number, d[k + 1] as number];
    y = c * dk + s * ek;
    const turned = c * ek - s * dk;
    z = s * next;
    const below = c * next;
    if (right !== undefined) rotate(right, k * columns, (k + 1) * columns, c, s, columns);
    r = Math.hypot(y, z);
    c = r === 0 ? 1 : y / r;
    s = r === 0 ? 0 : z / r;
    d[k] = r;
    y = c * turned + s * below;
    d[k + 1] = c * below - s * turned;
    if (k < last - 1) {
      z = s * (e[k + 1] as number);
      e[k + 1] = c * (e[k + 1] as number);
    }
    if (left !== undefined) rotate(left, k * rows, (k + 1) * rows, c, s, rows);
  }
  e[last - 1] = y;
}
