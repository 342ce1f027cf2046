export { abortable, abortError } from "./abort.ts";
export type { BreakerOptions } from "./breaker.ts";
export { Meter, type Spans } from "./meter.ts";
export type { CpuContext, GpuContext, Operation, Placement, Rate, Rates, Work } from "./operation.ts";
export type { CalibrationData, Decision, PlaceData, PlacementChoice, Prediction } from "./placement/index.ts";
export { type Fallback, type OperationReport, operationChannel } from "./report.ts";
export { type Outcome, type RunOptions, Runtime, type RuntimeOptions } from "./runtime.ts";
export type {
  BatcherStatistics,
  DeviceStatistics,
  FallbackStatistics,
  OperationStatistics,
  RuntimeStatistics,
} from "./statistics.ts";
