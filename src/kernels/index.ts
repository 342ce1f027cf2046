export {
  type ConvolutionArguments,
  type ConvolutionOptions,
  type ConvolutionShape,
  convolution,
  convolutionScratchBytes,
  convolvedShape,
  convolvedSize,
  packedWeightBytes,
  packWeights,
} from "./convolution.ts";
export {
  fft,
  fftScratchBytes,
  inverseRealFft,
  type RealFftArguments,
  realFft,
  realFftScratchBytes,
} from "./fft.ts";
export { fftMap } from "./fft-maps.ts";
export type { FftArguments, FftOptions, FftShape } from "./fft-smooth.ts";
export {
  type AllocateScratch,
  type GemmArguments,
  type GemmOptions,
  gemm,
  gemmScratchBytes,
  type Scratch,
  type ScratchSizes,
} from "./gemm.ts";
export { type HalfType, type HalvesArguments, narrow, widen } from "./halves.ts";
export { type ElementType, type MapArguments, map } from "./map.ts";
export { normalTable } from "./normal-table.ts";
export {
  type Pooling,
  type PoolingArguments,
  type PoolingShape,
  pooledShape,
  pooling,
} from "./pooling.ts";
export { type Distribution, type RandomArguments, type RandomSource, random } from "./random.ts";
export { argmax, type ReduceArguments, type Reduction, reduce } from "./reduce.ts";
export { exclusiveScan, type ScanArguments } from "./scan.ts";
export { kernelText } from "./source.ts";
export { type SparseArguments, type SpmmArguments, spmm, spmmScratchBytes, spread } from "./spmm.ts";
export { int128Of, type Sum128Arguments, sum128, sum128Bytes, type WideInteger } from "./sum128.ts";
