import type { MultiplyOptions } from "#src/matrix/index.js";
import { Matrix } from "#src/matrix/index.js";

export interface Expected {
  readonly values: Float64Array;
  /** The most an f32 result of any summation order may differ from each value. */
  readonly bounds: Float64Array;
}

interface Sizes {
  readonly m: number;
  readonly n: number;
  readonly k: number;
  readonly batch: number;
}

/** The textbook product in double precision, independent of the code under test. */
export async function oracle(
  a: Matrix,
  b: Matrix,
  { transposeA = false, transposeB = false, alpha = 1, beta, c }: MultiplyOptions = {},
): Promise<Expected> {
  const left = await a.read();
  const right = await b.read();
  const added = c instanceof Matrix ? c : undefined;
  const addend = await added?.read();
  const { m, n, k, batch } = sizesOf(a, b, transposeA, transposeB);
  const scale = beta ?? (added === undefined ? 0 : 1);
  const offset = (matrix: Matrix, item: number) =>
    batchOf(matrix) === 1 ? 0 : item * matrix.rows * matrix.columns;
  const values = new Float64Array(batch * m * n);
  const bounds = new Float64Array(values.length);
  for (let item = 0; item < batch; item++) {
    const [fromA, fromB] = [offset(a, item), offset(b, item)];
    for (let i = 0; i < m; i++) {
      for (let j = 0; j < n; j++) {
        let sum = 0;
        let size = 0;
        for (let p = 0; p < k; p++) {
          const x = left[fromA + (transposeA ? p * m + i : i * k + p)] ?? Number.NaN;
          const y = right[fromB + (transposeB ? j * k + p : p * n + j)] ?? Number.NaN;
          sum += x * y;
          size += Math.abs(x * y);
        }
        const extra =
          added && addend && scale !== 0 ? scale * (addend[offset(added, item) + i * n + j] ?? 0) : 0;
        const at = (item * m + i) * n + j;
        values[at] = (alpha === 0 ? 0 : alpha * sum) + extra;
        bounds[at] =
          (k + 4) * 2 ** -24 * ((alpha === 0 ? 0 : Math.abs(alpha) * size) + Math.abs(extra)) + 1e-37;
      }
    }
  }
  return { values, bounds };
}

/** The index of the first value outside its bound, or -1. NaN and Inf must match exactly. */
export function firstDifference(actual: Float32Array, { values, bounds }: Expected): number {
  if (actual.length !== values.length) return actual.length;
  return actual.findIndex((value, index) => {
    const expected = values[index] ?? 0;
    if (!Number.isFinite(expected)) return !Object.is(value, expected);
    return !(Math.abs(value - expected) <= (bounds[index] ?? 0));
  });
}

function sizesOf(a: Matrix, b: Matrix, transposeA: boolean, transposeB: boolean): Sizes {
  return {
    m: transposeA ? a.columns : a.rows,
    k: transposeA ? a.rows : a.columns,
    n: transposeB ? b.rows : b.columns,
    batch: Math.max(batchOf(a), batchOf(b)),
  };
}

function batchOf(matrix: Matrix): number {
  return matrix.shape.slice(0, -2).reduce((count, size) => count * size, 1);
}
