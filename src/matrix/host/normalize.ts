import { type LineParameters, startOf } from "./line.ts";

type Floats = Float32Array | Float64Array;

export interface SoftmaxParameters extends LineParameters {
  readonly log: boolean;
}

/** arrays: numbers, and as many results. */
export function softmaxLines(
  [source, result]: readonly [Floats, Floats],
  { n, inner, first, last, log }: SoftmaxParameters,
): void {
  for (let line = first; line < last; line++) {
    const start = startOf(line, n, inner);
    const end = start + n * inner;
    let top = Number.NEGATIVE_INFINITY;
    for (let i = start; i < end; i += inner) top = Math.max(top, source[i] as number);
    let total = 0;
    for (let i = start; i < end; i += inner) {
      const power = Math.exp((source[i] as number) - top);
      result[i] = power;
      total += power;
    }
    if (log) {
      const shift = Math.log(total);
      for (let i = start; i < end; i += inner) result[i] = (source[i] as number) - top - shift;
    } else {
      const factor = 1 / total;
      for (let i = start; i < end; i += inner) result[i] = (result[i] as number) * factor;
    }
  }
}

export interface NormalizeParameters {
  readonly n: number;
  readonly first: number;
  readonly last: number;
  readonly epsilon: number;
  readonly centers: boolean;
  readonly hasGamma: boolean;
  readonly hasBeta: boolean;
}

/** arrays: numbers, as many results, and where there are any, factors and summands. */
export function normalizeRows(
  [source, result, ...given]: readonly Float32Array[],
  { n, first, last, epsilon, centers, hasGamma, hasBeta }: NormalizeParameters,
): void {
  if (source === undefined || result === undefined) return;
  const gamma = hasGamma ? given[0] : undefined;
  const beta = hasBeta ? given.at(-1) : undefined;
  for (let row = first; row < last; row++) {
    const base = row * n;
    let mean = 0;
    if (centers) {
      for (let at = 0; at < n; at++) mean += source[base + at] as number;
      mean /= n;
    }
    let squares = 0;
    for (let at = 0; at < n; at++) squares += ((source[base + at] as number) - mean) ** 2;
    const scale = 1 / Math.sqrt(squares / n + epsilon);
    for (let at = 0; at < n; at++) {
      const plain = ((source[base + at] as number) - mean) * scale;
      result[base + at] = plain * (gamma?.[at] ?? 1) + (beta?.[at] ?? 0);
    }
  }
}
