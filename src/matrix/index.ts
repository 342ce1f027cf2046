export type { Shape } from "../core/shape.ts";
export type { NestedArray, NumberArray } from "./convert.ts";
export { bindMatrix, type MatrixFamily } from "./family.ts";
export * from "./linear-algebra.ts";
export type { AnyMatrix } from "./matrix.ts";
export { Matrix, type MatrixInput } from "./matrix.ts";
export { type MultiplyOptions, multiply } from "./multiply.ts";
export { type FileOptions, readNpy, writeNpy } from "./npy.ts";
