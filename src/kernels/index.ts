export { type ElementwiseArguments, elementwise, type StridedInput } from "./elementwise.ts";
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
export { argmax, type ReduceArguments, type Reduction, reduce } from "./reduce.ts";
export { exclusiveScan, type ScanArguments } from "./scan.ts";
export { kernelText } from "./source.ts";
export { int128Of, type Sum128Arguments, sum128, sum128Bytes, type WideInteger } from "./sum128.ts";
