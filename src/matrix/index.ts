export type { Shape } from "../core/shape.ts";
export {
  type ArrowTable,
  type FromArrowOptions,
  fromArrow,
  readArrow,
  type ToArrowOptions,
  toArrow,
  writeArrow,
} from "./arrow.ts";
export { cholesky } from "./cholesky.ts";
export type { NestedArray, NumberArray } from "./convert.ts";
export { type Conv1dOptions, conv1d } from "./convolution/conv1d.ts";
export { type Conv2dOptions, conv2d } from "./convolution/conv2d.ts";
export {
  type AveragePool2dOptions,
  averagePool2d,
  maxPool2d,
  type Pool2dOptions,
} from "./convolution/pool2d.ts";
export type { Padding, PerAxis } from "./convolution/windows.ts";
export type { Cumulative, CumulativeOptions } from "./cumulative.ts";
export { determinant, type SignAndLogarithm, slogdet } from "./determinant.ts";
export { type Eigh, type EighOptions, eigh } from "./eigh.ts";
export { einsum } from "./einsum/einsum.ts";
export { type MatrixExchange, matrixExchange } from "./exchange.ts";
export { bindMatrix, type MatrixFamily } from "./family.ts";
export {
  type Fft2Options,
  type FftNorm,
  type FftOptions,
  type FftShiftOptions,
  fft,
  fft2,
  fftShift,
  type IrfftOptions,
  ifft,
  ifft2,
  ifftShift,
  irfft,
  rfft,
} from "./fft/fft.ts";
export { type LeastSquares, type LeastSquaresOptions, leastSquares, pseudoInverse } from "./least-squares.ts";
export { bindLinearAlgebra, type LinearAlgebra } from "./linear-algebra.ts";
export { type Lu, lu } from "./lu.ts";
export { type AnyMatrix, Matrix, type MatrixInput } from "./matrix.ts";
export {
  conditionNumber,
  type MatrixNorm,
  type MatrixRankOptions,
  matrixNorm,
  matrixRank,
} from "./matrix-norm.ts";
export { type MultiplyOptions, multiply } from "./multiply.ts";
export type { Normalization, NormalizeOptions, SoftmaxOptions } from "./normalization.ts";
export { type FileOptions, type ReadOptions, readNpy, writeNpy } from "./npy.ts";
export { type ReadNpzOptions, readNpz, type WriteNpzOptions, writeNpz } from "./npz.ts";
export { type Qr, type QrOptions, qr } from "./qr.ts";
export type {
  BernoulliOptions,
  IntegersOptions,
  NormalOptions,
  PermutationOptions,
  RandomFamily,
  RandomOptions,
  UniformOptions,
} from "./random/random.ts";
export type {
  NormOptions,
  PositionOptions,
  ReduceOptions,
  Reductions,
  VarianceOptions,
} from "./reductions.ts";
export type { AxisOptions, Indices, Selection } from "./selection.ts";
export { inverse, solve } from "./solve.ts";
export type { Sorting, SortOptions, TopK, TopKOptions } from "./sorting.ts";
export { bindSparse, type SparseFamily } from "./sparse/family.ts";
export { SparseMatrix, type SparseType } from "./sparse/sparse-matrix.ts";
export { type Svd, type SvdOptions, svd } from "./svd.ts";
export { type TriangularSolveOptions, triangularSolve } from "./triangular-solve.ts";
