import { AikoError } from "../errors.ts";
import type { RunOptions, Runtime } from "../runtime/index.ts";
import { toleranceOf } from "./least-squares.ts";
import { batchOf, realMatrix } from "./linear-input.ts";
import type { Real } from "./linear-operation.ts";
import { Matrix, type MatrixInput } from "./matrix.ts";
import { Storage } from "./storage.ts";
import { svd } from "./svd.ts";

/** Largest and smallest singular value, or the sum of all. */
export type MatrixNorm = 2 | -2 | "nuclear";

const norms: Readonly<Record<string, (values: Iterable<number>) => number>> = {
  "2": (values) => {
    const [largest = 0] = values;
    return largest;
  },
  "-2": (values) => {
    let last = 0;
    for (const value of values) last = value;
    return last;
  },
  nuclear: (values) => {
    let sum = 0;
    for (const value of values) sum += value;
    return sum;
  },
};

/** One number for each item of a batch, from its singular values. */
async function fromValues<D extends Real, R extends "u32" | D>(
  runtime: Runtime,
  matrix: Matrix<D>,
  dtype: R,
  of: (values: Float32Array | Float64Array) => number,
  options: RunOptions,
): Promise<Matrix<R>> {
  const { batch, batchShape } = batchOf(matrix);
  const { s } = await svd(runtime, matrix, { ...options, vectors: false });
  const values = (await s.read()) as Float32Array | Float64Array;
  const count = Math.min(matrix.rows, matrix.columns);
  const results = Array.from({ length: batch }, (_, item) =>
    of(values.subarray(item * count, (item + 1) * count)),
  );
  const data =
    dtype === "u32"
      ? Uint32Array.from(results)
      : dtype === "f64"
        ? Float64Array.from(results)
        : Float32Array.from(results);
  const result: Matrix<"u32" | Real> = new Matrix(
    Storage.onHost(data as Float32Array, dtype as "f32"),
    batchShape,
    s.report,
  );
  s.dispose();
  return result as unknown as Matrix<R>;
}

/**
 * A norm of each matrix, [...batch]: 2 (the default) is the largest singular value, -2 the smallest, "nuclear" their sum; 0
 * for a matrix without numbers. Rejects as `svd`. Norms of the numbers one by one belong to the reductions.
 */
export async function matrixNorm<D extends Real = "f32">(
  runtime: Runtime,
  a: MatrixInput<D>,
  kind: MatrixNorm = 2,
  options: RunOptions = {},
): Promise<Matrix<D>> {
  const norm = Object.hasOwn(norms, String(kind)) ? norms[String(kind)] : undefined;
  if (norm === undefined) {
    throw new AikoError("INVALID_ARGUMENT", {
      message: `matrixNorm: there is no norm "${String(kind)}"`,
      hint: 'Use 2, -2 or "nuclear".',
    });
  }
  const matrix = realMatrix("matrixNorm", "a", a);
  return fromValues(runtime, matrix, matrix.dtype, norm, options);
}

/** The largest singular value over the smallest, [...batch]: digits that solving may lose. Infinity for a singular matrix. */
export async function conditionNumber<D extends Real = "f32">(
  runtime: Runtime,
  a: MatrixInput<D>,
  options: RunOptions = {},
): Promise<Matrix<D>> {
  const matrix = realMatrix("conditionNumber", "a", a);
  const ratio = (values: Float32Array | Float64Array) => {
    const [largest = 0, smallest = 0] = [values[0], values.at(-1)];
    return smallest === 0 ? Number.POSITIVE_INFINITY : largest / smallest;
  };
  return fromValues(runtime, matrix, matrix.dtype, ratio, options);
}

export interface MatrixRankOptions extends RunOptions {
  /** Singular values up to this share of the largest count as zero. Default: rounding of the type times the longer side. */
  readonly tolerance?: number | undefined;
}

/** How many singular values are not zero, [...batch]. Rejects as `svd`. */
export async function matrixRank<D extends Real = "f32">(
  runtime: Runtime,
  a: MatrixInput<D>,
  options: MatrixRankOptions = {},
): Promise<Matrix<"u32">> {
  const matrix = realMatrix("matrixRank", "a", a);
  const tolerance = toleranceOf(options.tolerance, matrix);
  const count = (values: Float32Array | Float64Array) => {
    let rank = 0;
    for (const value of values) rank += Number(value > tolerance * (values[0] ?? 0));
    return rank;
  };
  return fromValues(runtime, matrix, "u32", count, options);
}
