import type { DType } from "../core/dtype.ts";
import { formatShape, type Shape } from "../core/shape.ts";
import { AikoError } from "../errors.ts";
import type { RunOptions, Runtime } from "../runtime/index.ts";
import { axisIn } from "./lines.ts";
import type { AnyMatrix, Matrix } from "./matrix.ts";
import { type MatrixReduction, reduceOperation } from "./reduce-operation.ts";

export interface ReduceOptions extends RunOptions {
  /** One axis or several, from the end where negative. Default: all. */
  readonly axis?: number | readonly number[] | undefined;
  /** Leaves the axes there with size 1, so that the result broadcasts against the matrix. */
  readonly keepDims?: boolean | undefined;
}

export interface VarianceOptions extends ReduceOptions {
  /** Squares are divided by the count less this: 1 for a sample of a population. Default 0. */
  readonly correction?: number | undefined;
}

export interface NormOptions extends ReduceOptions {
  /** 1: sum of sizes; 2 and "fro": root of the sum of squares; Infinity and -Infinity: largest and smallest size. Default 2. */
  readonly p?: 1 | 2 | "fro" | number | undefined;
}

export interface PositionOptions extends RunOptions {
  /** Default: of all numbers in row-major order. */
  readonly axis?: number | undefined;
  readonly keepDims?: boolean | undefined;
}

/** The element type of sums and products. */
export type SumType<D extends DType> = D extends "u8" | "u16" | "u32" | "u64"
  ? "u64"
  : D extends "i8" | "i16" | "i32" | "i64" | "bool"
    ? "i64"
    : D;

/** The element type of means, variances and norms. */
export type MeanType<D extends DType> = D extends "f32" | "f16" | "bf16" ? D : "f64";

/** Numbers along axes become one. Each rejects with INVALID_ARGUMENT for an axis that the matrix does not have. */
export interface Reductions {
  /** Integers add up in 64 bits and wrap there. */
  sum<D extends DType>(matrix: Matrix<D>, options?: ReduceOptions): Promise<Matrix<SumType<D>>>;
  product<D extends DType>(matrix: Matrix<D>, options?: ReduceOptions): Promise<Matrix<SumType<D>>>;
  /** NaN where there are no numbers. */
  mean<D extends DType>(matrix: Matrix<D>, options?: ReduceOptions): Promise<Matrix<MeanType<D>>>;
  /** NaN where one of the numbers is. Rejects with INVALID_ARGUMENT where there are none. */
  min<D extends DType>(matrix: Matrix<D>, options?: ReduceOptions): Promise<Matrix<D>>;
  max<D extends DType>(matrix: Matrix<D>, options?: ReduceOptions): Promise<Matrix<D>>;
  /** Whether one is not 0; NaN is not. */
  any(matrix: AnyMatrix, options?: ReduceOptions): Promise<Matrix<"bool">>;
  all(matrix: AnyMatrix, options?: ReduceOptions): Promise<Matrix<"bool">>;
  /** Of vectors along the axes. Squares of f32 beyond 1.8e19 may be infinite. */
  norm<D extends DType>(matrix: Matrix<D>, options?: NormOptions): Promise<Matrix<MeanType<D>>>;
  /** The mean of squared differences from the mean, in two passes. */
  variance<D extends DType>(matrix: Matrix<D>, options?: VarianceOptions): Promise<Matrix<MeanType<D>>>;
  /** The root of the variance. */
  std<D extends DType>(matrix: Matrix<D>, options?: VarianceOptions): Promise<Matrix<MeanType<D>>>;
  /** `log(sum(exp(x)))`, without overflow. */
  logSumExp<D extends DType>(matrix: Matrix<D>, options?: ReduceOptions): Promise<Matrix<MeanType<D>>>;
  /** The position of the smallest number, the first of several; of NaN where there is one. */
  argMin(matrix: AnyMatrix, options?: PositionOptions): Promise<Matrix<"i32">>;
  argMax(matrix: AnyMatrix, options?: PositionOptions): Promise<Matrix<"i32">>;
}

export function bindReductions(runtime: Runtime): Reductions {
  const bound =
    <O extends VarianceOptions>(reduction: MatrixReduction) =>
    async (matrix: AnyMatrix, options?: O) =>
      (await reduced(runtime, reduction, matrix, options)) as never;
  return {
    sum: bound("sum"),
    product: bound("product"),
    mean: bound("mean"),
    min: bound("min"),
    max: bound("max"),
    any: bound("any"),
    all: bound("all"),
    norm: async (matrix, options = {}) =>
      (await reduced(runtime, normOf(options.p ?? 2), matrix, options)) as never,
    variance: bound("variance"),
    std: bound("std"),
    logSumExp: bound("logSumExp"),
    argMin: bound("argMin"),
    argMax: bound("argMax"),
  };
}

async function reduced(
  runtime: Runtime,
  reduction: MatrixReduction,
  matrix: AnyMatrix,
  { axis, keepDims = false, correction = 0, ...options }: VarianceOptions = {},
): Promise<AnyMatrix> {
  const { shape } = matrix;
  const axes = axesOf(shape, axis, reduction);
  const [first = 0, end = 0] = [axes[0], (axes.at(-1) ?? -1) + 1];
  if (end - first !== axes.length) {
    throw new AikoError("UNSUPPORTED", {
      message: `${reduction} along axes ${axes.join(", ")}, which are apart`,
    });
  }
  if (!Number.isInteger(correction) || correction < 0) {
    throw new AikoError("INVALID_ARGUMENT", {
      message: `A correction of ${correction} is not a whole number`,
    });
  }
  const isEmpty = shape.slice(first, end).includes(0);
  if (
    isEmpty &&
    hasNoIdentity.has(reduction) &&
    !shape.slice(0, first).includes(0) &&
    !shape.slice(end).includes(0)
  ) {
    throw new AikoError("INVALID_ARGUMENT", {
      message: `The ${reduction} of no numbers does not exist: axis ${axes.join(", ")} of a ${formatShape(shape)} matrix is empty`,
    });
  }
  const parameters = { reduction, first, end, keepDims, correction };
  const [result] = await reduceOperation(reduction)(runtime, [matrix], parameters, options);
  return result as AnyMatrix;
}

const hasNoIdentity: ReadonlySet<MatrixReduction> = new Set([
  "min",
  "max",
  "minAbs",
  "maxAbs",
  "argMin",
  "argMax",
  "logSumExp",
]);

/** Ascending, from the front, none twice. */
function axesOf(shape: Shape, axis: number | readonly number[] | undefined, name: string): readonly number[] {
  if (axis === undefined) return shape.map((_, at) => at);
  const axes = (typeof axis === "number" ? [axis] : axis).map((each) => axisIn(shape, each, name));
  const sorted = [...new Set(axes)].sort((a, b) => a - b);
  if (sorted.length === axes.length) return sorted;
  throw new AikoError("INVALID_ARGUMENT", {
    message: `${name} along axes ${axes.join(", ")}: one of them stands there twice`,
  });
}

function normOf(p: number | "fro"): MatrixReduction {
  if (p === 1) return "l1";
  if (p === 2 || p === "fro") return "l2";
  if (p === Number.POSITIVE_INFINITY) return "maxAbs";
  if (p === Number.NEGATIVE_INFINITY) return "minAbs";
  throw new AikoError("INVALID_ARGUMENT", {
    message: `There is no norm with p = ${String(p)}`,
    hint: 'Use 1, 2, "fro", Infinity or -Infinity.',
  });
}
