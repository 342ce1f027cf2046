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
export type { NestedArray, NumberArray } from "./convert.ts";
export { type MatrixExchange, matrixExchange } from "./exchange.ts";
export { bindMatrix, type MatrixFamily } from "./family.ts";
export { type AnyMatrix, Matrix, type MatrixInput } from "./matrix.ts";
export { type MultiplyOptions, multiply } from "./multiply.ts";
export { type FileOptions, type ReadOptions, readNpy, writeNpy } from "./npy.ts";
export { type ReadNpzOptions, readNpz, type WriteNpzOptions, writeNpz } from "./npz.ts";
