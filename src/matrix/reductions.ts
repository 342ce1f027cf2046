import type { DType } from "../core/dtype.ts";
import { formatShape, type Shape } from "../core/shape.ts";
import { AikoError } from "../errors.ts";
import type { RunOptions, Runtime } from "../runtime/index.ts";
import { toMatrix } from "./input.ts";
import { viewOf } from "./lazy.ts";
import { axisIn } from "./lines.ts";
import type { AnyMatrix, Matrix } from "./matrix.ts";
import { type MatrixReduction, reducedType, reduceOperation } from "./reduce-operation.ts";
import { transposed } from "./view.ts";
import { computedWide, type Source } from "./widened.ts";

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
  sum<D extends DType = "f32">(matrix: Source<D>, options?: ReduceOptions): Promise<Matrix<SumType<D>>>;
  product<D extends DType = "f32">(matrix: Source<D>, options?: ReduceOptions): Promise<Matrix<SumType<D>>>;
  /** NaN where there are no numbers. */
  mean<D extends DType = "f32">(matrix: Source<D>, options?: ReduceOptions): Promise<Matrix<MeanType<D>>>;
  /** NaN where one of the numbers is. Rejects with INVALID_ARGUMENT where there are none. */
  min<D extends DType = "f32">(matrix: Source<D>, options?: ReduceOptions): Promise<Matrix<D>>;
  max<D extends DType = "f32">(matrix: Source<D>, options?: ReduceOptions): Promise<Matrix<D>>;
  /** Whether one is not 0; NaN counts as not 0. */
  any(matrix: Source, options?: ReduceOptions): Promise<Matrix<"bool">>;
  all(matrix: Source, options?: ReduceOptions): Promise<Matrix<"bool">>;
  /** Of vectors along the axes. Squares of f32 beyond 1.8e19 may be infinite. */
  norm<D extends DType = "f32">(matrix: Source<D>, options?: NormOptions): Promise<Matrix<MeanType<D>>>;
  /** The mean of squared differences from the mean, in two passes. */
  variance<D extends DType = "f32">(
    matrix: Source<D>,
    options?: VarianceOptions,
  ): Promise<Matrix<MeanType<D>>>;
  /** The root of the variance. */
  std<D extends DType = "f32">(matrix: Source<D>, options?: VarianceOptions): Promise<Matrix<MeanType<D>>>;
  /** `log(sum(exp(x)))`, without overflow. */
  logSumExp<D extends DType = "f32">(
    matrix: Source<D>,
    options?: ReduceOptions,
  ): Promise<Matrix<MeanType<D>>>;
  /** The position of the smallest number, the first of several; of NaN where there is one. */
  argMin(matrix: Source, options?: PositionOptions): Promise<Matrix<"i32">>;
  argMax(matrix: Source, options?: PositionOptions): Promise<Matrix<"i32">>;
}

export function bindReductions(runtime: Runtime): Reductions {
  const bound =
    <O extends VarianceOptions>(reduction: MatrixReduction) =>
    async (matrix: Source, options?: O) =>
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
  source: Source,
  { axis, keepDims = false, correction = 0, ...options }: VarianceOptions = {},
): Promise<AnyMatrix> {
  const matrix = toMatrix(source, `What ${reduction} takes`);
  const axes = axesOf(matrix.shape, axis, reduction);
  if (!Number.isInteger(correction) || correction < 0) {
    throw new AikoError("INVALID_ARGUMENT", {
      message: `A correction of ${correction} is not a whole number`,
    });
  }
  assertNotEmpty(matrix.shape, axes, reduction);
  const kept = matrix.shape.map((_, at) => at).filter((at) => !axes.includes(at));
  const sizes = keepDims
    ? matrix.shape.map((size, at) => (axes.includes(at) ? 1 : size))
    : kept.map((at) => matrix.shape[at] ?? 0);
  const result = reducedType(reduction, matrix.dtype);
  const isFlag = result === "bool" && matrix.dtype === "bool";
  const run = async (wide: AnyMatrix): Promise<AnyMatrix> => {
    const [first = 0, end = 0] = [axes[0], (axes.at(-1) ?? -1) + 1];
    if (end - first === axes.length) {
      const parameters = { reduction, first, end, shape: sizes, correction };
      return one(await reduceOperation(reduction)(runtime, [wide], parameters, options));
    }
    using moved = viewOf(runtime, wide, transposed(wide.shape, [...kept, ...axes]));
    const parameters = { reduction, first: kept.length, end: wide.shape.length, shape: sizes, correction };
    return one(await reduceOperation(reduction)(runtime, [moved], parameters, options));
  };
  return isFlag ? run(matrix) : computedWide(runtime, matrix, result, options, run);
}

function one([result]: readonly AnyMatrix[]): AnyMatrix {
  return result as AnyMatrix;
}

/** Throws INVALID_ARGUMENT where results are asked for that do not exist. */
function assertNotEmpty(shape: Shape, axes: readonly number[], reduction: MatrixReduction): void {
  if (!hasNoIdentity.has(reduction) || !axes.some((axis) => shape[axis] === 0)) return;
  if (shape.some((size, axis) => size === 0 && !axes.includes(axis))) return;
  throw new AikoError("INVALID_ARGUMENT", {
    message: `The ${reduction} of no numbers does not exist: axis ${axes.join(", ")} of a ${formatShape(shape)} matrix is empty`,
  });
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
  const axes = (Array.isArray(axis) ? axis : [axis]).map((each) => axisIn(shape, each, name));
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
