import type { DType } from "../core/dtype.ts";
import type { RunOptions, Runtime } from "../runtime/index.ts";
import { type Arithmetic, bindArithmetic } from "./arithmetic.ts";
import { fromArrow, readArrow, toArrow, writeArrow } from "./arrow.ts";
import { type Conv1dOptions, conv1d } from "./convolution/conv1d.ts";
import { type Conv2dOptions, conv2d } from "./convolution/conv2d.ts";
import { type AveragePool2dOptions, averagePool2d, maxPool2d, type Pool2dOptions } from "./convolution/pool2d.ts";
import { einsum } from "./einsum/einsum.ts";
import { evaluated } from "./evaluate.ts";
import { bindLinearAlgebra, type LinearAlgebra } from "./linear-algebra.ts";
import { bindMakers, type Makers } from "./makers.ts";
import { Matrix, type MatrixInput } from "./matrix.ts";
import { type MultiplyOptions, multiply } from "./multiply.ts";
import { readNpy, writeNpy } from "./npy.ts";
import { readNpz, writeNpz } from "./npz.ts";
import { sum } from "./sum.ts";
import { bindViews, type Views } from "./views.ts";

/** The matrix operations of one runtime. */
export interface MatrixFamily extends Arithmetic, Views, Makers, LinearAlgebra {
import type { Runtime } from "../runtime/index.ts";
import { bindCumulative, type Cumulative } from "./cumulative.ts";
import { bindNormalization, type Normalization } from "./normalization.ts";
import { type FileOptions, readNpy, writeNpy } from "./npy.ts";
import { bindReductions, type Reductions } from "./reductions.ts";
import { bindSelection, type Selection } from "./selection.ts";
import { bindSorting, type Sorting } from "./sorting.ts";

/** The matrix operations of one runtime. */
export interface MatrixFamily extends Reductions, Cumulative, Normalization, Sorting, Selection {
  /** See `Matrix.from`. */
  readonly from: typeof Matrix.from;
  /** See `multiply`. */
  multiply(a: MatrixInput, b: MatrixInput, options?: MultiplyOptions): Promise<Matrix>;
  /** Computes a lazy matrix now, where `options` say, and resolves with the same matrix. */
  evaluate<D extends DType>(matrix: Matrix<D>, options?: RunOptions): Promise<Matrix<D>>;
  /** See `einsum`. */
  einsum(subscripts: string, operands: readonly MatrixInput[], options?: RunOptions): Promise<Matrix>;
  /** See `sum`. */
  sum(matrix: Matrix, options?: RunOptions): Promise<Matrix>;
  /** See `conv1d`. */
  conv1d(x: MatrixInput, w: MatrixInput, options?: Conv1dOptions): Promise<Matrix>;
  /** See `conv2d`. */
  conv2d(x: MatrixInput, w: MatrixInput, options?: Conv2dOptions): Promise<Matrix>;
  /** See `maxPool2d`. */
  maxPool2d(x: MatrixInput, options: Pool2dOptions): Promise<Matrix>;
  /** See `averagePool2d`. */
  averagePool2d(x: MatrixInput, options: AveragePool2dOptions): Promise<Matrix>;
  /** See `readNpy`. */
  readonly readNpy: typeof readNpy;
  /** See `writeNpy`. */
  readonly writeNpy: typeof writeNpy;
  /** See `readNpz`. */
  readonly readNpz: typeof readNpz;
  /** See `writeNpz`. */
  readonly writeNpz: typeof writeNpz;
  /** See `fromArrow`. */
  readonly fromArrow: typeof fromArrow;
  /** See `toArrow`. */
  readonly toArrow: typeof toArrow;
  /** See `readArrow`. */
  readonly readArrow: typeof readArrow;
  /** See `writeArrow`. */
  readonly writeArrow: typeof writeArrow;
}

export function bindMatrix(runtime: Runtime): MatrixFamily {
  return {
    ...bindArithmetic(runtime),
    ...bindViews(runtime),
    ...bindMakers(runtime),
    ...bindReductions(runtime),
    ...bindCumulative(runtime),
    ...bindNormalization(runtime),
    ...bindSorting(runtime),
    ...bindSelection(runtime),
    from: Matrix.from,
    ...bindLinearAlgebra(runtime),
    evaluate: async (matrix, options = {}) => {
      await evaluated(runtime, matrix, options);
      return matrix;
    },
    multiply: (a, b, options) => multiply(runtime, a, b, options),
    einsum: (subscripts, operands, options) => einsum(runtime, subscripts, operands, options),
    sum: (matrix, options) => sum(runtime, matrix, options),
    conv1d: (x, w, options) => conv1d(runtime, x, w, options),
    conv2d: (x, w, options) => conv2d(runtime, x, w, options),
    maxPool2d: (x, options) => maxPool2d(runtime, x, options),
    averagePool2d: (x, options) => averagePool2d(runtime, x, options),
    readNpy,
    writeNpy,
    readNpz,
    writeNpz,
    fromArrow,
    toArrow,
    readArrow,
    writeArrow,
  };
}
