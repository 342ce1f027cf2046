import { AikoError } from "../../errors.ts";
import { isWide, type NumberData, type WideData } from "./line.ts";

export interface GatherParameters {
  readonly n: number;
  readonly m: number;
  readonly inner: number;
  readonly shared: boolean;
  readonly first: number;
  readonly last: number;
}

/** arrays: numbers, indices, results. Ranges are of rows of results, `inner` numbers each. Throws INVALID_ARGUMENT. */
export function gatherRows(
  [source, indices, result]: readonly [NumberData | WideData, NumberData | WideData, NumberData | WideData],
  { n, m, inner, shared, first, last }: GatherParameters,
): void {
  const at = (place: number): number => {
    const given = isWide(indices) ? Number(indices[place]) : (indices[place] as number);
    const index = given < 0 ? given + n : given;
    if (index >= 0 && index < n) return index;
    throw outOfRange(indices[place] ?? 0, place, n);
  };
  for (let row = first; row < last; row++) {
    const base = Math.floor(row / m) * n * inner;
    if (shared) {
      const from = base + at(row % m) * inner;
      for (let column = 0; column < inner; column++)
        result[row * inner + column] = source[from + column] as never;
    } else {
      for (let column = 0; column < inner; column++) {
        const place = row * inner + column;
        result[place] = source[base + at(place) * inner + column] as never;
      }
    }
  }
}

export function outOfRange(index: number | bigint, place: number, n: number): AikoError {
  return new AikoError("INVALID_ARGUMENT", {
    message: `Index ${index} at position ${place} is out of range: the axis has ${n} entries`,
    hint: n === 0 ? "There is nothing to take." : `Indices go from ${-n} to ${n - 1}.`,
  });
}
