export { column, count, type DataFamily, DataFrame, literal, Table, when } from "./data/index.ts";
export { AikoError, type AikoErrorOptions, allowsFallback, type ErrorCode, isAikoError } from "./errors.ts";
export {
  type AnyMatrix,
  type FileOptions,
  Matrix,
  type MatrixFamily,
  type MatrixInput,
  type MultiplyOptions,
  type NestedArray,
  type NumberArray,
} from "./matrix/index.ts";
export type { DeviceSample, Monitor, MonitorSnapshot, WatchOptions } from "./monitor/index.ts";
export type { Model, ModelResult, NnFamily, NnReport, NnTensor, TensorInput } from "./nn/index.ts";
export { type Gpu, type GpuOptions, open } from "./open.ts";
export type {
  BatcherOptions,
  Fallback,
  Operation,
  OperationReport,
  PlacementChoice,
  RunOptions,
} from "./runtime/index.ts";
