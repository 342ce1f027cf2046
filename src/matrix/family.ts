import type { DType } from "../core/dtype.ts";
import type { RunOptions, Runtime } from "../runtime/index.ts";
import { type Arithmetic, bindArithmetic } from "./arithmetic.ts";
import { bindConvolutions, type Convolutions } from "./convolution/convolutions.ts";
import { bindCumulative, type Cumulative } from "./cumulative.ts";
import { einsum } from "./einsum/einsum.ts";
import { evaluated } from "./evaluate.ts";
import { type Files, files } from "./files.ts";
import { bindLinearAlgebra, type LinearAlgebra } from "./linear-algebra.ts";
import { bindMakers, type Makers } from "./makers.ts";
import { type Conv1dOptions, conv1d } from "./convolution/conv1d.ts";
import { type Conv2dOptions, conv2d } from "./convolution/conv2d.ts";
import { type AveragePool2dOptions, averagePool2d, maxPool2d, type Pool2dOptions } from "./convolution/pool2d.ts";
import { type Fft2Options, type FftOptions, type FftShiftOptions, fft, fft2, fftShift, type IrfftOptions, ifft, ifft2, ifftShift, irfft, rfft } from "./fft/fft.ts";
import { Matrix, type MatrixInput } from "./matrix.ts";
import { type MultiplyOptions, multiply } from "./multiply.ts";
import { bindNormalization, type Normalization } from "./normalization.ts";
import { bindReductions, type Reductions } from "./reductions.ts";
import { bindSelection, type Selection } from "./selection.ts";
import { bindSorting, type Sorting } from "./sorting.ts";
import { bindViews, type Views } from "./views.ts";

/** The matrix operations of one runtime: what describes gives a lazy matrix at once, what computes a promise. */
import { type FileOptions, readNpy, writeNpy } from "./npy.ts";

import { bindRandom, type RandomFamily } from "./random/random.ts";
import { bindSparse, type SparseFamily } from "./sparse/family.ts";
import { sum } from "./sum.ts";

/** The matrix operations of one runtime. */
export interface MatrixFamily
  extends Arithmetic,
    Views,
    Makers,
    Reductions,
    Cumulative,
    Normalization,
    Sorting,
    Selection,
    LinearAlgebra,
    Convolutions,
    Files {
  /** See `Matrix.from`. */
  readonly from: typeof Matrix.from;
  /** Computes a lazy matrix now, where `options` say, and resolves with the same matrix. */
  evaluate<D extends DType>(matrix: Matrix<D>, options?: RunOptions): Promise<Matrix<D>>;
  /** See `multiply`. */
  multiply(a: MatrixInput, b: MatrixInput, options?: MultiplyOptions): Promise<Matrix>;
  /** See `einsum`. */
  einsum(subscripts: string, operands: readonly MatrixInput[], options?: RunOptions): Promise<Matrix>;
    Selection {
export interface MatrixFamily extends Arithmetic, Views, Makers, LinearAlgebra {
  /** See `Matrix.from`. */
  readonly from: typeof Matrix.from;
  /** See `multiply`. */
  multiply(a: MatrixInput, b: MatrixInput, options?: MultiplyOptions): Promise<Matrix>;
  /** Computes a lazy matrix now, where `options` say, and resolves with the same matrix. */
  evaluate<D extends DType>(matrix: Matrix<D>, options?: RunOptions): Promise<Matrix<D>>;
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
  /** See `fft`. */
  fft(x: MatrixInput, options?: FftOptions): Promise<Matrix>;
  /** See `ifft`. */
  ifft(x: MatrixInput, options?: FftOptions): Promise<Matrix>;
  /** See `rfft`. */
  rfft(x: MatrixInput, options?: FftOptions): Promise<Matrix>;
  /** See `irfft`. */
  irfft(x: MatrixInput, options?: IrfftOptions): Promise<Matrix>;
  /** See `fft2`. */
  fft2(x: MatrixInput, options?: Fft2Options): Promise<Matrix>;
  /** See `ifft2`. */
  ifft2(x: MatrixInput, options?: Fft2Options): Promise<Matrix>;
  /** See `fftShift`. */
  fftShift(x: MatrixInput, options?: FftShiftOptions): Promise<Matrix>;
  /** See `ifftShift`. */
  ifftShift(x: MatrixInput, options?: FftShiftOptions): Promise<Matrix>;
  /** Random numbers, equal on every device. */
  readonly random: RandomFamily;
  /** Sparse matrices in compressed rows. */
  readonly sparse: SparseFamily;
  /** See `readNpy`. */
  readNpy(path: string, options?: FileOptions): Promise<Matrix>;
  /** See `writeNpy`. */
  writeNpy(path: string, matrix: Matrix, options?: FileOptions): Promise<void>;
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
    ...bindLinearAlgebra(runtime),
    ...bindConvolutions(runtime),
    ...files,
    ...bindArithmetic(runtime),
    ...bindViews(runtime),
    ...bindMakers(runtime),
    ...bindLinearAlgebra(runtime),
    from: Matrix.from,
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
    fft: (x, options) => fft(runtime, x, options),
    ifft: (x, options) => ifft(runtime, x, options),
    rfft: (x, options) => rfft(runtime, x, options),
    irfft: (x, options) => irfft(runtime, x, options),
    fft2: (x, options) => fft2(runtime, x, options),
    ifft2: (x, options) => ifft2(runtime, x, options),
    fftShift: (x, options) => fftShift(runtime, x, options),
    ifftShift: (x, options) => ifftShift(runtime, x, options),
    random: bindRandom(runtime),
    sparse: bindSparse(runtime),
    readNpy,
    writeNpy,
  };
}
