import { singular } from "../linear-errors.ts";
import { itemAsDouble, type Reals } from "./reals.ts";
import { solveTriangle } from "./triangular.ts";

const panel = 32;
const strip = 512;

/**
 * LU with partial pivoting in place, by panels. `pivots` gets the row that each was exchanged with. Returns the first pivot
 * that is zero, counted from 1, or 0.
 */
export function factor(a: Float64Array, rows: number, columns: number, pivots: Uint32Array): number {
  const count = Math.min(rows, columns);
  let zero = 0;
  for (let first = 0; first < count; first += panel) {
    const end = Math.min(first + panel, count);
    for (let k = first; k < end; k++) {
      const chosen = largestBelow(a, rows, columns, k);
      pivots[k] = chosen;
      if (chosen !== k) exchange(a, k * columns, chosen * columns, columns);
      const pivot = a[k * columns + k] as number;
      if (pivot === 0) {
        zero ||= k + 1;
        continue;
      }
      for (let i = k + 1; i < rows; i++) {
        const row = i * columns;
        const ratio = (a[row + k] as number) / pivot;
        a[row + k] = ratio;
        if (ratio === 0) continue;
        for (let j = k + 1; j < end; j++)
          a[row + j] = (a[row + j] as number) - ratio * (a[k * columns + j] as number);
      }
    }
    if (end < columns) updateRight(a, rows, columns, first, end);
  }
  return zero;
}

function largestBelow(a: Float64Array, rows: number, columns: number, k: number): number {
  let most = Math.abs(a[k * columns + k] as number);
  let at = k;
  for (let i = k + 1; i < rows; i++) {
    const size = Math.abs(a[i * columns + k] as number);
    if (size > most) {
      most = size;
      at = i;
    }
  }
  return at;
}

function exchange(a: Float64Array, x: number, y: number, length: number): void {
  for (let j = 0; j < length; j++) {
    const value = a[x + j] as number;
    a[x + j] = a[y + j] as number;
    a[y + j] = value;
  }
}

/** The columns past a panel: its triangle is solved, then what is below gets four rank-one updates in one pass. */
function updateRight(a: Float64Array, rows: number, columns: number, first: number, end: number): void {
  for (let left = end; left < columns; left += strip) {
    const right = Math.min(left + strip, columns);
    for (let i = first + 1; i < end; i++) subtractRows(a, columns, i, first, i, left, right);
    for (let i = end; i < rows; i++) subtractRows(a, columns, i, first, end, left, right);
  }
}

/** Row i less the rows from `first` to `end`, each times the entry of row i in its column. */
function subtractRows(
  a: Float64Array,
  columns: number,
  i: number,
  first: number,
  end: number,
  left: number,
  right: number,
): void {
  const row = i * columns;
  let k = first;
  for (; k + 3 < end; k += 4) {
    const f0 = a[row + k] as number;
    const f1 = a[row + k + 1] as number;
    const f2 = a[row + k + 2] as number;
    const f3 = a[row + k + 3] as number;
    const k0 = k * columns;
    const k1 = k0 + columns;
    const k2 = k1 + columns;
    const k3 = k2 + columns;
    for (let j = left; j < right; j++)
      a[row + j] =
        (a[row + j] as number) -
        (f0 * (a[k0 + j] as number) +
          f1 * (a[k1 + j] as number) +
          f2 * (a[k2 + j] as number) +
          f3 * (a[k3 + j] as number));
  }
  for (; k < end; k++) {
    const ratio = a[row + k] as number;
    for (let j = left; j < right; j++)
      a[row + j] = (a[row + j] as number) - ratio * (a[k * columns + j] as number);
  }
}

/** The order of rows that exchanges lead to: row i of the factors' product is row `order[i]` of the matrix. */
export function orderOf(pivots: Uint32Array, order: Uint32Array): void {
  for (let i = 0; i < order.length; i++) order[i] = i;
  for (let k = 0; k < pivots.length; k++) {
    const other = pivots[k] as number;
    const value = order[k] as number;
    order[k] = order[other] as number;
    order[other] = value;
  }
}

export interface LuSizes {
  readonly rows: number;
  readonly columns: number;
  readonly batch: number;
}

/** arrays: matrices, then room for `l`, `u` and the order of rows. */
export function lu(arrays: readonly (Reals | Uint32Array)[], { rows, columns, batch }: LuSizes): void {
  const [source, l, u, p] = arrays as [Reals, Reals, Reals, Uint32Array];
  const count = Math.min(rows, columns);
  const pivots = new Uint32Array(count);
  for (let item = 0; item < batch; item++) {
    const a = itemAsDouble(source, item, rows * columns);
    factor(a, rows, columns, pivots);
    orderOf(pivots, p.subarray(item * rows, (item + 1) * rows));
    for (let i = 0; i < rows; i++)
      for (let j = 0; j < count; j++)
        l[(item * rows + i) * count + j] = j < i ? (a[i * columns + j] as number) : Number(i === j);
    for (let i = 0; i < count; i++)
      for (let j = 0; j < columns; j++)
        u[(item * count + i) * columns + j] = j < i ? 0 : (a[i * columns + j] as number);
  }
}

export interface SolveSizes {
  readonly size: number;
  readonly columns: number;
  readonly batch: number;
  /** Whether one matrix, or one right-hand side, is for all items. */
  readonly sharedA: boolean;
  readonly sharedB: boolean;
}

/** arrays: matrices, right-hand sides, room for the solutions. Throws SINGULAR_MATRIX. */
export function solve(arrays: readonly Reals[], sizes: SolveSizes): void {
  const [source, right, x] = arrays as [Reals, Reals, Reals];
  const { size, columns, batch, sharedA, sharedB } = sizes;
  const pivots = new Uint32Array(size);
  let a: Float64Array = new Float64Array(0);
  for (let item = 0; item < batch; item++) {
    if (item === 0 || !sharedA) {
      a = itemAsDouble(source, item, size * size);
      const zero = factor(a, size, size, pivots);
      if (zero > 0) throw singular(zero, item, sharedA ? 1 : batch);
    }
    const b = itemAsDouble(right, sharedB ? 0 : item, size * columns);
    for (let k = 0; k < size; k++) {
      const other = pivots[k] as number;
      if (other !== k) exchange(b, k * columns, other * columns, columns);
    }
    solveTriangle(a, b, { size, columns, lower: true, transposed: false, unit: true });
    solveTriangle(a, b, { size, columns, lower: false, transposed: false, unit: false });
    x.set(b, item * size * columns);
  }
}

export interface DeterminantSizes {
  readonly size: number;
  readonly batch: number;
}

/** arrays: matrices, room for the sign, the logarithm of the size, and the value of each determinant. */
export function determinant(arrays: readonly Reals[], { size, batch }: DeterminantSizes): void {
  const [source, signs, logarithms, values] = arrays as [Reals, Reals, Reals, Reals];
  const pivots = new Uint32Array(size);
  const diagonal = new Float64Array(size);
  for (let item = 0; item < batch; item++) {
    const a = itemAsDouble(source, item, size * size);
    factor(a, size, size, pivots);
    for (let k = 0; k < size; k++) diagonal[k] = a[k * size + k] as number;
    const { sign, logarithm, value } = determinantOf(diagonal, pivots);
    signs[item] = sign;
    logarithms[item] = logarithm;
    values[item] = value;
  }
}

/** The determinant of a triangle after exchanges of rows. */
export function determinantOf(
  diagonal: Reals,
  pivots: Uint32Array,
): { readonly sign: number; readonly logarithm: number; readonly value: number } {
  let sign = 1;
  let logarithm = 0;
  let value = 1;
  for (let k = 0; k < pivots.length; k++) {
    const entry = diagonal[k] as number;
    if (entry < 0 !== (pivots[k] !== k)) sign = -sign;
    if (entry === 0) sign = 0;
    logarithm += Math.log(Math.abs(entry));
    value *= Math.abs(entry);
  }
  if (Number.isNaN(logarithm)) return { sign: Number.NaN, logarithm, value: logarithm };
  if (sign === 0) return { sign, logarithm: Number.NEGATIVE_INFINITY, value: 0 };
  const isLost = value === 0 || value === Number.POSITIVE_INFINITY;
  return { sign, logarithm, value: sign * (isLost ? Math.exp(logarithm) : value) };
}
