export {
  MemoryManager,
  type MemoryOptions,
  type MemoryStatistics,
  type Reservation,
  type Resident,
  type StreamContext,
  type StreamOperation,
  type StreamOptions,
  streamThrough,
  upload,
} from "../memory/index.ts";
export { abortable, abortError } from "./abort.ts";
export {
  type BatchContext,
  Batcher,
  type BatcherDefinition,
  type BatcherOptions,
  type Bulk,
  type BulkColumns,
  type ItemOptions,
  type QueueOptions,
  type TypedArray,
} from "./batcher/index.ts";
export type { BreakerOptions } from "./breaker.ts";
export { type DeviceEvent, deviceChannel, type FallbackEvent, fallbackChannel } from "./channels.ts";
export {
  type CopyOptions,
  DuckDb,
  type DuckDbOptions,
  openDuckDb,
  type QueryOptions,
} from "./duckdb/index.ts";
export { Meter, type Spans } from "./meter.ts";
export type {
  BatchFacet,
  CpuContext,
  GpuContext,
  Operation,
  Placement,
  Rate,
  Rates,
  Work,
} from "./operation.ts";
export type {
  CalibrationData,
  Decision,
  LearnedData,
  LearnedStep,
  PlaceData,
  PlacementChoice,
  Prediction,
  TransferCurve,
  TransferPoint,
} from "./placement/index.ts";
export { type BatchShare, type Fallback, type OperationReport, operationChannel } from "./report.ts";
export { type Outcome, type RunOptions, Runtime, type RuntimeOptions } from "./runtime.ts";
export type {
  BatcherStatistics,
  DeviceStatistics,
  FallbackStatistics,
  OperationStatistics,
  RuntimeStatistics,
} from "./statistics.ts";
export type { StreamRunOptions } from "./stream.ts";
