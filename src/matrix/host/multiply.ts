interface Parameters {
  readonly shape: {
    readonly m: number;
    readonly n: number;
    readonly k: number;
    readonly strideA: number;
    readonly strideB: number;
    readonly strideC: number;
    readonly transposeA: boolean;
    readonly transposeB: boolean;
  };
  readonly alpha: number;
  readonly beta: number;
  readonly first: number;
  readonly last: number;
}

type Floats = Float32Array | Float64Array;

/** Rows of `b` that stay in the cache while all rows of a part pass by. */
const block = 64;

/** arrays: a, b, c where beta is not 0, and the result. Computes rows `first` to `last`, counted through the batch. */
export function multiply(arrays: readonly Floats[], parameters: Parameters): void {
  const { shape, alpha, beta, first, last } = parameters;
  const { m, n, k, strideA, strideB, strideC, transposeA, transposeB } = shape;
  const [a, b] = arrays as readonly [Floats, Floats];
  const c = arrays.length > 3 ? arrays[2] : undefined;
  const result = arrays.at(-1) as Floats;
  const [rowB, columnB] = transposeB ? [1, k] : [n, 1];
  for (let row = first; row < last; row++) {
    const [item, at] = [Math.floor(row / m), row % m];
    for (let j = 0; j < n; j++) {
      result[row * n + j] = c === undefined ? 0 : beta * (c[item * strideC + at * n + j] ?? 0);
    }
  }
  if (alpha === 0) return;
  for (let from = 0; from < k; from += block) {
    const to = Math.min(k, from + block);
    for (let row = first; row < last; row++) {
      const [item, at] = [Math.floor(row / m), row % m];
      for (let p = from; p < to; p++) {
        const factor = alpha * (a[item * strideA + (transposeA ? p * m + at : at * k + p)] ?? 0);
        let source = item * strideB + p * rowB;
        for (let target = row * n; target < (row + 1) * n; target++) {
          result[target] = (result[target] ?? 0) + factor * (b[source] ?? 0);
          source += columnB;
        }
      }
    }
  }
}
