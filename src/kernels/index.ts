export type { AxisSizes, KernelOptions, NumberType } from "./axis.ts";
export {
  type AggregateGroupsArguments,
  aggregateAll,
  aggregateGroups,
  type GroupAggregate,
  unsupportedAggregate,
} from "./columns/aggregate-groups.ts";
export {
  type BitmapArguments,
  type BitmapOperation,
  bitmapOfBytes,
  bytesOfBitmap,
  type CombineArguments,
  combineBitmaps,
  expandBitmap,
  fillBitmap,
  invertBitmap,
} from "./columns/bitmap.ts";
export { type CompactArguments, compactColumns } from "./columns/compact.ts";
export { type ConcatRowsArguments, concatRows, type RowRange, sliceRows } from "./columns/concat-rows.ts";
export { type CopyBitsArguments, copyBits } from "./columns/copy-bits.ts";
export { type CrossArguments, crossRows } from "./columns/cross-rows.ts";
export {
  columnBytes,
  type EvaluatedRows,
  evaluateRows,
  type RowExpression,
  type RowsArguments,
  type TableMemory,
} from "./columns/evaluate-rows.ts";
export { distinctRows, groupRows, type KeyRows, type RowGroups } from "./columns/group-rows.ts";
export { hashRows } from "./columns/hash-rows.ts";
export { equalEdges, type HistogramArguments, histogram } from "./columns/histogram.ts";
export { type JoinArguments, type JoinedRows, type JoinKind, joinRows } from "./columns/join-rows.ts";
export type { MatchArguments } from "./columns/match-rows.ts";
export { disposeColumn, type OwnedColumn, type OwnedFixed, type OwnedText } from "./columns/owned.ts";
export { rowsIn } from "./columns/rows-in.ts";
export { type ScatterRowsArguments, scatterRows } from "./columns/scatter-rows.ts";
export { type SegmentedScanArguments, type Segments, segmentedScan } from "./columns/segmented-scan.ts";
export { countBits, type MaskArguments, selectRows } from "./columns/select.ts";
export { type SortRowsArguments, type SortRowsKey, sortRows } from "./columns/sort-rows.ts";
export { type TakeArguments, takeRows } from "./columns/take.ts";
export { type TextConcatArguments, textConcat } from "./columns/text-concat.ts";
export {
  isAscii,
  type SubstringArguments,
  type TextArguments,
  textCase,
  textHash,
  textLength,
  textSubstring,
  trimText,
} from "./columns/text-functions.ts";
export {
  type TextOrder,
  type TextPairArguments,
  type TextTest,
  type TextTestArguments,
  textCompare,
  textTest,
} from "./columns/text-test.ts";
export {
  type WindowColumnArguments,
  type WindowPosition,
  type WindowRows,
  type WindowRowsArguments,
  windowColumn,
  windowRows,
} from "./columns/window.ts";
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
export {
  type NearestArguments,
  type NearestLayout,
  type NearestSizes,
  nearest,
  nearestChunks,
  nearestLayout,
  nearestScratchBytes,
  queryPanel,
  rowPanel,
} from "./nearest.ts";
export { normalTable } from "./normal-table.ts";
export { type NormalizeArguments, normalizeRows } from "./normalize.ts";
export { type PadArguments, padAxis } from "./pad.ts";
export { type Pooling, type PoolingArguments, type PoolingShape, pooledShape, pooling } from "./pooling.ts";
export {
  type EdgeMemory,
  type PropagateArguments,
  type PropagateReduction,
  propagate,
  type TraceArguments,
  trace,
} from "./propagate.ts";
export { type Distribution, type RandomArguments, type RandomSource, random } from "./random.ts";
export { argmax, type ReduceArguments, type Reduction, reduce } from "./reduce.ts";
export { type ReduceAxisArguments, type Reducer, reduceAxis } from "./reduce-axis.ts";
export { exclusiveScan, type ScanArguments } from "./scan.ts";
export { type ScanAxisArguments, scanAxis } from "./scan-axis.ts";
export { type ScatterArguments, scatterElements } from "./scatter.ts";
export { type SoftmaxArguments, softmax } from "./softmax.ts";
export { type SortArguments, sort, sortScratchBytes } from "./sort.ts";
export { kernelText } from "./source.ts";
export { type SparseArguments, type SpmmArguments, spmm, spmmScratchBytes, spread } from "./spmm.ts";
export { int128Of, type Sum128Arguments, sum128, sum128Bytes, type WideInteger } from "./sum128.ts";
