import { isWide, type LineParameters, type NumberData, startOf, type WideData } from "./line.ts";
import { wideReductions } from "./reduce-wide.ts";

export interface ReduceParameters extends LineParameters {
  readonly reduction: string;
  readonly correction: number;
}

type Reduce = (data: NumberData, start: number, n: number, stride: number, correction: number) => number;

/** arrays: numbers, and a result for each line, computed in double precision. */
export function reduceLines(
  [source, result]: readonly [NumberData | WideData, NumberData | WideData],
  { reduction, n, inner, first, last, correction }: ReduceParameters,
): void {
  const wide = wideReductions[reduction];
  if (wide !== undefined && (isWide(source) || isWide(result))) {
    for (let line = first; line < last; line++) {
      const total = wide(source, startOf(line, n, inner), n, inner);
      result[line] = isWide(result) ? (total as never) : (Number(total) as never);
    }
    return;
  }
  const reduce = reductions[reduction] as Reduce;
  for (let line = first; line < last; line++) {
    const start = startOf(line, n, inner);
    const value = isWide(source)
      ? reduce(numbersOf(source, start, n, inner), 0, n, 1, correction)
      : reduce(source, start, n, inner, correction);
    result[line] = value as never;
  }
}

function numbersOf(data: WideData, start: number, n: number, stride: number): Float64Array {
  return Float64Array.from({ length: n }, (_, at) => Number(data[start + at * stride]));
}

const sum: Reduce = (data, start, n, stride) => {
  let [a, b, c, d] = [0, 0, 0, 0];
  const end = start + n * stride;
  let i = start;
  for (const last = end - 3 * stride; i < last; i += 4 * stride) {
    a += data[i] as number;
    b += data[i + stride] as number;
    c += data[i + 2 * stride] as number;
    d += data[i + 3 * stride] as number;
  }
  for (; i < end; i += stride) a += data[i] as number;
  return a + b + (c + d);
};

const sumOfSquares: Reduce = (data, start, n, stride) => {
  let total = 0;
  for (let i = start, end = start + n * stride; i < end; i += stride) total += (data[i] as number) ** 2;
  return total;
};

const variance: Reduce = (data, start, n, stride, correction) => {
  const mean = sum(data, start, n, stride, 0) / n;
  let total = 0;
  for (let i = start, end = start + n * stride; i < end; i += stride)
    total += ((data[i] as number) - mean) ** 2;
  return total / Math.max(0, n - correction);
};

const max: Reduce = (data, start, n, stride) => {
  let found = Number.NEGATIVE_INFINITY;
  for (let i = start, end = start + n * stride; i < end; i += stride)
    found = Math.max(found, data[i] as number);
  return found;
};

/** NaN is what is looked for where there is one. */
const position =
  (isBetter: (value: number, found: number) => boolean): Reduce =>
  (data, start, n, stride) => {
    let at = 0;
    let found = data[start] as number;
    for (let i = 1; i < n && !Number.isNaN(found); i++) {
      const value = data[start + i * stride] as number;
      if (isBetter(value, found) || Number.isNaN(value)) {
        found = value;
        at = i;
      }
    }
    return at;
  };

const extremeSize =
  (best: (a: number, b: number) => number, identity: number): Reduce =>
  (data, start, n, stride) => {
    let found = identity;
    for (let i = start, end = start + n * stride; i < end; i += stride) {
      found = best(found, Math.abs(data[i] as number));
    }
    return found;
  };

const reductions: Readonly<Record<string, Reduce>> = {
  sum,
  product: (data, start, n, stride) => {
    let total = 1;
    for (let i = start, end = start + n * stride; i < end; i += stride) total *= data[i] as number;
    return total;
  },
  mean: (data, start, n, stride) => sum(data, start, n, stride, 0) / n,
  min: (data, start, n, stride) => {
    let found = Number.POSITIVE_INFINITY;
    for (let i = start, end = start + n * stride; i < end; i += stride)
      found = Math.min(found, data[i] as number);
    return found;
  },
  max,
  any: (data, start, n, stride) => {
    for (let i = start, end = start + n * stride; i < end; i += stride) if (data[i] !== 0) return 1;
    return 0;
  },
  all: (data, start, n, stride) => {
    for (let i = start, end = start + n * stride; i < end; i += stride) if (data[i] === 0) return 0;
    return 1;
  },
  l1: (data, start, n, stride) => {
    let total = 0;
    for (let i = start, end = start + n * stride; i < end; i += stride) total += Math.abs(data[i] as number);
    return total;
  },
  l2: (data, start, n, stride) => Math.sqrt(sumOfSquares(data, start, n, stride, 0)),
  minAbs: extremeSize(Math.min, Number.POSITIVE_INFINITY),
  maxAbs: extremeSize(Math.max, 0),
  argMin: position((value, found) => value < found),
  argMax: position((value, found) => value > found),
  variance,
  std: (data, start, n, stride, correction) => Math.sqrt(variance(data, start, n, stride, correction)),
  logSumExp: (data, start, n, stride) => {
    const top = max(data, start, n, stride, 0);
    const shift = Number.isFinite(top) ? top : 0;
    let total = 0;
    for (let i = start, end = start + n * stride; i < end; i += stride)
      total += Math.exp((data[i] as number) - shift);
    return Math.log(total) + shift;
  },
};
