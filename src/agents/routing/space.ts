import { AikoError } from "../../errors.ts";

/**
 * How near two vectors are; more is nearer. "cosine": of the angle between them. "dot": the sum of products. "l2": minus the
 * Euclidean distance.
 */
export type Metric = "cosine" | "dot" | "l2";

/** What vectors of a router look like. */
export interface Space {
  readonly metric: Metric;
  /** Numbers of a vector. */
  readonly dimensions: number;
  /** Numbers of a vector as it is searched: with "l2" one more, so that products order as distances do. */
  readonly inner: number;
}

/** Squares and products of longer vectors leave f32. */
const mostLength = 1e18;
const mostDimensions = 65_536;

/** Throws INVALID_ARGUMENT. */
export function spaceOf(dimensions: number, metric: Metric): Space {
  if (!(Number.isSafeInteger(dimensions) && dimensions >= 1 && dimensions <= mostDimensions)) {
    throw new AikoError("INVALID_ARGUMENT", {
      message: `dimensions is ${String(dimensions)}, not a whole number from 1 to ${mostDimensions}`,
      hint: "Pass the length of the embeddings that your model makes.",
    });
  }
  if (metric !== "cosine" && metric !== "dot" && metric !== "l2") {
    throw new AikoError("INVALID_ARGUMENT", {
      message: `There is no metric "${String(metric)}"`,
      hint: 'Pass "cosine", "dot" or "l2".',
    });
  }
  return { metric, dimensions, inner: metric === "l2" ? dimensions + 1 : dimensions };
}

/**
 * Writes a vector as f32, with "cosine" divided by its length, and returns the length of what was written. Throws
 * INVALID_ARGUMENT for another count of numbers, INVALID_VALUE for NaN, infinities, what is too long, and with "cosine"
 * for a vector of zeros.
 */
export function writeVector(
  { metric, dimensions }: Space,
  given: ArrayLike<number>,
  target: Float32Array,
  start: number,
  what: string,
): number {
  if (given.length !== dimensions) {
    throw new AikoError("INVALID_ARGUMENT", {
      message: `${what} has ${given.length} numbers, but the router's vectors have ${dimensions}`,
      hint: "Embed agents and queries with the same model.",
    });
  }
  const size = lengthOf(given);
  if (!Number.isFinite(size)) throw unusable(what, given);
  if (metric === "cosine") {
    if (size === 0) {
      throw new AikoError("INVALID_VALUE", {
        message: `${what} is a vector of zeros, which has no direction`,
        hint: 'Leave it out, or use the metric "dot" or "l2".',
      });
    }
    for (let i = 0; i < dimensions; i++) target[start + i] = (given[i] as number) / size;
    return 1;
  }
  if (size > mostLength) {
    throw new AikoError("INVALID_VALUE", {
      message: `${what} has a length of ${size}; products of vectors longer than ${mostLength} exceed f32`,
      hint: 'Scale the vectors, or use the metric "cosine".',
    });
  }
  for (let i = 0; i < dimensions; i++) target[start + i] = given[i] as number;
  return size;
}

/** The last number of a row, with "l2": the product with a query that ends in 1 is (|q|² - |q - r|²) / 2 less |q|² / 2. */
export function closeRow({ metric, dimensions }: Space, target: Float32Array, start: number): void {
  if (metric !== "l2") return;
  let sum = 0;
  for (let i = 0; i < dimensions; i++) sum += (target[start + i] as number) ** 2;
  target[start + dimensions] = -sum / 2;
}

export function closeQuery({ metric, dimensions }: Space, target: Float32Array, start: number): void {
  if (metric === "l2") target[start + dimensions] = 1;
}

function lengthOf(given: ArrayLike<number>): number {
  let sum = 0;
  for (let i = 0; i < given.length; i++) sum += (given[i] as number) ** 2;
  if (sum > 1e-280 && sum < 1e280) return Math.sqrt(sum);
  let largest = 0;
  for (let i = 0; i < given.length; i++) {
    const size = Math.abs(given[i] as number);
    if (!(size < Infinity)) return Number.NaN;
    largest = Math.max(largest, size);
  }
  if (largest === 0) return 0;
  sum = 0;
  for (let i = 0; i < given.length; i++) sum += ((given[i] as number) / largest) ** 2;
  return largest * Math.sqrt(sum);
}

function unusable(what: string, given: ArrayLike<number>): AikoError {
  const at = Array.from(given).findIndex((value) => !Number.isFinite(value));
  return new AikoError("INVALID_VALUE", {
    message:
      at < 0 ? `${what} is too long to compute with` : `Number ${at} of ${what} is ${String(given[at])}`,
    hint: "Vectors are finite numbers.",
  });
}
