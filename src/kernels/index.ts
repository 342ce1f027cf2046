export { type GemmArguments, gemm } from "./gemm.ts";
export { type ElementType, type MapArguments, map } from "./map.ts";
export { argmax, type ReduceArguments, type Reduction, reduce } from "./reduce.ts";
export { exclusiveScan, type ScanArguments } from "./scan.ts";
