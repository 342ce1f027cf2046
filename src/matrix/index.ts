export type { Shape } from "../core/shape.ts";
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
export { Matrix, type MatrixInput } from "./matrix.ts";
export { type MultiplyOptions, multiply } from "./multiply.ts";
export { type FileOptions, readNpy, writeNpy } from "./npy.ts";
export {
  type BernoulliOptions,
  bindRandom,
  type IntegersOptions,
  type RandomFamily,
  type RandomOptions,
} from "./random/random.ts";
export { bindSparse, type SparseFamily } from "./sparse/family.ts";
export { SparseMatrix, type SparseType } from "./sparse/sparse-matrix.ts";
