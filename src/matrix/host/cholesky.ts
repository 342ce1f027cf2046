import { notPositiveDefinite } from "../linear-errors.ts";
import { dot, itemAsDouble, type Reals } from "./reals.ts";

export interface CholeskySizes {
  readonly size: number;
  readonly batch: number;
}

/** arrays: matrices, of which the lower triangle is read, and room for the lower factors. Throws NOT_POSITIVE_DEFINITE. */
export function cholesky(arrays: readonly Reals[], { size, batch }: CholeskySizes): void {
  const [source, result] = arrays as [Reals, Reals];
  for (let item = 0; item < batch; item++) {
    const l = itemAsDouble(source, item, size * size);
    for (let i = 0; i < size; i++) {
      const row = i * size;
      for (let j = 0; j < i; j++) {
        const rest = (l[row + j] as number) - dot(l, row, l, j * size, j);
        l[row + j] = rest / (l[j * size + j] as number);
      }
      const minor = (l[row + i] as number) - dot(l, row, l, row, i);
      if (!(minor > 0)) throw notPositiveDefinite(i + 1, item, batch);
      l[row + i] = Math.sqrt(minor);
      l.fill(0, row + i + 1, row + size);
    }
    result.set(l, item * size * size);
  }
}
