import { singular } from "../linear-errors.ts";
import { addScaled, dot, itemAsDouble, type Reals } from "./reals.ts";

export interface Triangle {
  readonly size: number;
  readonly columns: number;
  readonly lower: boolean;
  readonly transposed: boolean;
  readonly unit: boolean;
}

/** Columns at a time, so that the rows that are needed again stay in the cache. */
const strip = 256;

/** `op(t) x = b` in place of `b`. */
export function solveTriangle(t: Float64Array, b: Float64Array, shape: Triangle): void {
  const { size, columns, lower, transposed, unit } = shape;
  const forward = lower !== transposed;
  if (columns === 1 && !transposed) {
    for (let step = 0; step < size; step++) {
      const i = forward ? step : size - 1 - step;
      const from = forward ? 0 : i + 1;
      const rest = (b[i] as number) - dot(t, i * size + from, b, from, step);
      b[i] = unit ? rest : rest / (t[i * (size + 1)] as number);
    }
    return;
  }
  for (let left = 0; left < columns; left += strip) {
    solveStrip(t, b, shape, left, Math.min(left + strip, columns));
  }
}

function solveStrip(
  t: Float64Array,
  b: Float64Array,
  { size, columns, lower, transposed, unit }: Triangle,
  left: number,
  right: number,
): void {
  const [row, column] = transposed ? [1, size] : [size, 1];
  const forward = lower !== transposed;
  const place = (step: number) => (forward ? step : size - 1 - step);
  for (let step = 0; step < size; step++) {
    const i = place(step);
    const at = i * columns;
    let before = 0;
    for (; before + 3 < step; before += 4) {
      const k0 = place(before);
      const k1 = place(before + 1);
      const k2 = place(before + 2);
      const k3 = place(before + 3);
      const f0 = t[i * row + k0 * column] as number;
      const f1 = t[i * row + k1 * column] as number;
      const f2 = t[i * row + k2 * column] as number;
      const f3 = t[i * row + k3 * column] as number;
      const [r0, r1, r2, r3] = [k0 * columns, k1 * columns, k2 * columns, k3 * columns];
      for (let j = left; j < right; j++)
        b[at + j] =
          (b[at + j] as number) -
          (f0 * (b[r0 + j] as number) +
            f1 * (b[r1 + j] as number) +
            f2 * (b[r2 + j] as number) +
            f3 * (b[r3 + j] as number));
    }
    for (; before < step; before++) {
      const k = place(before);
      addScaled(b, at + left, -(t[i * row + k * column] as number), b, k * columns + left, right - left);
    }
    if (unit) continue;
    const pivot = t[i * (size + 1)] as number;
    for (let j = at + left; j < at + right; j++) b[j] = (b[j] as number) / pivot;
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
