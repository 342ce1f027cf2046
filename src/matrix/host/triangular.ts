import { singular } from "../linear-errors.ts";
import { addScaled, dot, itemAsDouble, type Reals } from "./reals.ts";

export interface Triangle {
  readonly size: number;
  readonly columns: number;
  readonly lower: boolean;
  readonly transposed: boolean;
  readonly unit: boolean;
}

/** `op(t) x = b` in place of `b`. */
export function solveTriangle(t: Float64Array, b: Float64Array, shape: Triangle): void {
  const { size, columns, lower, transposed, unit } = shape;
  const [row, column] = transposed ? [1, size] : [size, 1];
  const forward = lower !== transposed;
  for (let step = 0; step < size; step++) {
    const i = forward ? step : size - 1 - step;
    const pivot = unit ? 1 : (t[i * (size + 1)] as number);
    if (columns === 1 && !transposed) {
      const from = forward ? 0 : i + 1;
      b[i] = ((b[i] as number) - dot(t, i * size + from, b, from, step)) / pivot;
      continue;
    }
    for (let before = 0; before < step; before++) {
      const k = forward ? before : size - 1 - before;
      const ratio = t[i * row + k * column] as number;
      if (ratio !== 0) addScaled(b, i * columns, -ratio, b, k * columns, columns);
    }
    if (unit) continue;
    for (let j = i * columns; j < (i + 1) * columns; j++) b[j] = (b[j] as number) / pivot;
  }
}

export interface TriangularSizes extends Triangle {
  readonly batch: number;
  readonly sharedA: boolean;
  readonly sharedB: boolean;
}

/** arrays: triangles, right-hand sides, room for the solutions. Throws SINGULAR_MATRIX for a zero on the diagonal. */
export function triangularSolve(arrays: readonly Reals[], sizes: TriangularSizes): void {
  const [source, right, x] = arrays as [Reals, Reals, Reals];
  const { size, columns, batch, sharedA, sharedB, unit } = sizes;
  for (let item = 0; item < batch; item++) {
    const t = itemAsDouble(source, sharedA ? 0 : item, size * size);
    for (let i = 0; i < size && !unit; i++)
      if (t[i * (size + 1)] === 0) throw singular(i + 1, item, sharedA ? 1 : batch);
    const b = itemAsDouble(right, sharedB ? 0 : item, size * columns);
    solveTriangle(t, b, sizes);
    x.set(b, item * size * columns);
  }
}
