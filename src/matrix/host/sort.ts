import { isWide, type LineParameters, type NumberData, startOf, type WideData } from "./line.ts";
import { radixOrder, radixValues } from "./radix.ts";

export interface SortParameters extends LineParameters {
  readonly keep: number;
  readonly descending: boolean;
  readonly withValues: boolean;
  readonly withIndices: boolean;
}

/** arrays: numbers, then sorted numbers and positions where they are asked for. */
export function sortLines(
  [source, ...outputs]: readonly (NumberData | WideData)[],
  { n, inner, first, last, keep, descending, withValues, withIndices }: SortParameters,
): void {
  if (source === undefined) return;
  const values = withValues ? outputs[0] : undefined;
  const indices = withIndices ? (outputs.at(-1) as Int32Array) : undefined;
  for (let line = first; line < last; line++) {
    const numbers = numbersOf(source, startOf(line, n, inner), n, inner);
    const to = startOf(line, keep, inner);
    if (indices === undefined) {
      const sorted = sortedOf(numbers);
      for (let at = 0; at < keep; at++) {
        (values as WideData)[to + at * inner] = sorted[descending ? n - 1 - at : at] as bigint;
      }
      continue;
    }
    const order = orderOf(numbers, descending);
    for (let at = 0; at < keep; at++) {
      const from = order[at] as number;
      indices[to + at * inner] = from;
      if (values !== undefined) values[to + at * inner] = numbers[from] as never;
    }
  }
}

function numbersOf<T extends NumberData | WideData>(data: T, start: number, n: number, stride: number): T {
  if (stride === 1) return data.slice(start, start + n) as T;
  const numbers = data.slice(0, 0).constructor as unknown as new (length: number) => NumberData;
  const line = new numbers(n);
  for (let at = 0; at < n; at++) line[at] = data[start + at * stride] as number;
  return line as T;
}

function isRadix(numbers: NumberData | WideData): numbers is NumberData {
  return !isWide(numbers) && !(numbers instanceof Float64Array) && numbers.length > 64;
}

/** Ascending, in place; NaN last, -0 before +0, as the language has it. */
function sortedOf(numbers: NumberData | WideData): NumberData | WideData {
  return isRadix(numbers) ? radixValues(numbers) : numbers.sort();
}

/** Stable, with NaN as the greatest; -0 is the same as +0. */
function orderOf(numbers: NumberData | WideData, descending: boolean): Uint32Array {
  if (isRadix(numbers)) return radixOrder(numbers, descending);
  const order = Uint32Array.from({ length: numbers.length }, (_, at) => at);
  const sign = descending ? -1 : 1;
  return order.sort((a, b) => sign * compare(numbers[a], numbers[b]) || a - b);
}

type Value = number | bigint | undefined;

function compare(a: Value, b: Value): number {
  if (a === undefined || b === undefined) return 0;
  if (a < b) return -1;
  if (a > b) return 1;
  return Number(Number.isNaN(a)) - Number(Number.isNaN(b));
}
