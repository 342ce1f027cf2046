export type { Shape } from "../core/shape.ts";
export type { NestedArray, NumberArray } from "./convert.ts";
export type { Cumulative, CumulativeOptions } from "./cumulative.ts";
export { bindMatrix, type MatrixFamily } from "./family.ts";
export type { AnyMatrix } from "./matrix.ts";
export { Matrix, type MatrixInput } from "./matrix.ts";
export { type MultiplyOptions, multiply } from "./multiply.ts";
export type { Normalization, NormalizeOptions, SoftmaxOptions } from "./normalization.ts";
export { type FileOptions, readNpy, writeNpy } from "./npy.ts";
export type {
  NormOptions,
  PositionOptions,
  ReduceOptions,
  Reductions,
  VarianceOptions,
} from "./reductions.ts";
export type { AxisOptions, Indices, Selection } from "./selection.ts";
export type { Sorting, SortOptions, TopK, TopKOptions } from "./sorting.ts";
