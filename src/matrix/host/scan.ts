import { isWide, type LineParameters, type NumberData, startOf, type WideData } from "./line.ts";

export interface ScanParameters extends LineParameters {
  readonly operator: "sum" | "product" | "min" | "max";
  readonly exclusive: boolean;
  readonly reverse: boolean;
}

/** arrays: numbers, and as many results. */
export function scanLines(
  [source, result]: readonly [NumberData | WideData, NumberData | WideData],
  parameters: ScanParameters,
): void {
  const { n, inner, first, last, reverse } = parameters;
  for (let line = first; line < last; line++) {
    const start = startOf(line, n, inner);
    const from = reverse ? start + (n - 1) * inner : start;
    const step = reverse ? -inner : inner;
    if (isWide(result)) scanWide(source, result, from, step, parameters);
    else scanNumbers(source as NumberData, result, from, step, parameters);
  }
}

function scanNumbers(
  source: NumberData,
  result: NumberData,
  start: number,
  step: number,
  { operator, exclusive, n }: ScanParameters,
): void {
  const none = operator === "sum" ? 0 : operator === "product" ? 1 : undefined;
  let total = none ?? Number.NaN;
  for (let at = 0, i = start; at < n; at++, i += step) {
    const value = source[i] as number;
    if (exclusive) result[i] = at === 0 && none === undefined ? nothing(result, operator) : total;
    if (operator === "sum") total += value;
    else if (operator === "product") total *= value;
    else if (at === 0) total = value;
    else total = operator === "min" ? Math.min(total, value) : Math.max(total, value);
    if (!exclusive) result[i] = total;
  }
}

function scanWide(
  source: NumberData | WideData,
  result: WideData,
  start: number,
  step: number,
  { operator, exclusive, n }: ScanParameters,
): void {
  let total = operator === "product" ? 1n : 0n;
  if (operator === "min" || operator === "max") total = nothingWide(result, operator);
  for (let at = 0, i = start; at < n; at++, i += step) {
    const value = BigInt(source[i] as number);
    if (exclusive) result[i] = total;
    if (operator === "sum") total += value;
    else if (operator === "product") total = BigInt.asIntN(64, total * value);
    else if (operator === "min" ? value < total : value > total) total = value;
    if (!exclusive) result[i] = total;
  }
}

/** What the kernel has for the extreme of no numbers. */
function nothing(result: NumberData, operator: string): number {
  const isLeast = operator === "min";
  if (result instanceof Float32Array || result instanceof Float64Array) return Number.NaN;
  const bits = result.BYTES_PER_ELEMENT * 8;
  const isSigned =
    result instanceof Int8Array || result instanceof Int16Array || result instanceof Int32Array;
  if (isSigned) return isLeast ? 2 ** (bits - 1) - 1 : -(2 ** (bits - 1));
  return isLeast ? 2 ** bits - 1 : 0;
}

function nothingWide(result: WideData, operator: string): bigint {
  if (result instanceof BigInt64Array) return operator === "min" ? 2n ** 63n - 1n : -(2n ** 63n);
  return operator === "min" ? 2n ** 64n - 1n : 0n;
}
