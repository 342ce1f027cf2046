import type { TaskArray } from "../../../runtime/javascript/index.ts";

export interface HostLayer {
  /** Places in the list of arrays. */
  readonly weights: number;
  readonly biases: number;
  readonly inputs: number;
  readonly outputs: number;
}

/** To the nearest centroid, in f64; NaN where the vector is not finite, or has no direction. */
export function nearestDistance(
  vectors: Float32Array,
  row: number,
  centroids: Float32Array,
  { width, metric }: { readonly width: number; readonly metric: "l2" | "cosine" },
): number {
  const start = row * width;
  let nearest = Infinity;
  for (let centroid = 0; centroid < centroids.length; centroid += width) {
    let squares = 0;
    let product = 0;
    let own = 0;
    let others = 0;
    for (let k = 0; k < width; k++) {
      const a = vectors[start + k] as number;
      const b = centroids[centroid + k] as number;
      squares += (a - b) * (a - b);
      product += a * b;
      own += a * a;
      others += b * b;
    }
    const distance = metric === "l2" ? Math.sqrt(squares) : 1 - product / Math.sqrt(own * others);
    if (!Number.isFinite(distance)) return NaN;
    nearest = Math.min(nearest, distance);
  }
  return nearest;
}

/** In f64; NaN where the vector is not finite. */
export function classProbability(
  vectors: Float32Array,
  row: number,
  { layers, classAt }: { readonly layers: readonly HostLayer[]; readonly classAt: number },
  arrays: readonly TaskArray[],
): number {
  const width = layers[0]?.inputs ?? 0;
  let values = Float64Array.from(vectors.subarray(row * width, (row + 1) * width));
  for (const [at, { weights, biases, outputs }] of layers.entries()) {
    const rows = arrays[weights] as Float32Array;
    const next = Float64Array.from(arrays[biases] as Float32Array);
    for (let k = 0; k < values.length; k++) {
      const value = values[k] as number;
      const line = k * outputs;
      for (let j = 0; j < outputs; j++) next[j] = (next[j] as number) + value * (rows[line + j] as number);
    }
    if (at < layers.length - 1) for (let j = 0; j < outputs; j++) next[j] = Math.max(0, next[j] as number);
    values = next;
  }
  const own = values[classAt] as number;
  let sum = values.length === 1 ? 1 + Math.exp(-own) : 0;
  if (values.length > 1) for (const value of values) sum += Math.exp(value - own);
  return 1 / sum;
}
