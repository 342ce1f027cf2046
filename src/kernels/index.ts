export type { AxisSizes, KernelOptions, NumberType } from "./axis.ts";
export { type ConcatArguments, type ConcatInput, concat } from "./concat.ts";
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
export { type ElementwiseArguments, elementwise, type StridedInput } from "./elementwise.ts";
export { type PackFlagsArguments, packFlags } from "./flags.ts";
export { type ElementBytes, type GatherArguments, gather } from "./gather.ts";
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
export { type NormalizeArguments, normalizeRows } from "./normalize.ts";
export { type PadArguments, padAxis } from "./pad.ts";
export { type Pooling, type PoolingArguments, type PoolingShape, pooledShape, pooling } from "./pooling.ts";
export { type Distribution, type RandomArguments, type RandomSource, random } from "./random.ts";
export { argmax, type ReduceArguments, type Reduction, reduce } from "./reduce.ts";
export { type ReduceAxisArguments, type Reducer, reduceAxis } from "./reduce-axis.ts";
export { exclusiveScan, type ScanArguments } from "./scan.ts";
export { type ScanAxisArguments, scanAxis } from "./scan-axis.ts";
export { type ScatterArguments, scatterElements } from "./scatter.ts";
export { type SoftmaxArguments, softmax } from "./softmax.ts";
export { type SortArguments, sort, sortScratchBytes } from "./sort.ts";
export { kernelText } from "./source.ts";
export { int128Of, type Sum128Arguments, sum128, sum128Bytes, type WideInteger } from "./sum128.ts";
