import { channel } from "node:diagnostics_channel";
import type { TimerResult } from "../device/device.ts";
import type { ErrorCode } from "../errors.ts";
import type { Meter } from "./meter.ts";
import type { Placement, Work } from "./operation.ts";
import type { Prediction } from "./placement/index.ts";

/** Why the CPU answered although the GPU was chosen. */
export interface Fallback {
  readonly code: ErrorCode;
  readonly message: string;
  readonly device: string;
}

/** What one call was of the batch that computed it. */
export interface BatchShare {
  /** Calls in the batch. */
  readonly size: number;
  /** This call's part of the batch's work, from 0 to 1. The report's spans are this part of the batch's. */
  readonly share: number;
}

/** One call, as published on the channel `aikoryu:operation`. Times in milliseconds, 0 where nothing was measured. */
export interface OperationReport {
  readonly operation: string;
  readonly placement: Placement;
  /** The adapter's id, or the name of the CPU engine. */
  readonly device: string;
  readonly reason: string;
  /** What either place was predicted to take; absent where nothing was compared. */
  readonly predicted?: Prediction;
  readonly fallback?: Fallback;
  /** Present when it was computed together with others. */
  readonly batch?: BatchShare;
  /** Opening the device and waiting for an engine. */
  readonly queueMs: number;
  readonly uploadMs: number;
  readonly kernelMs: number;
  readonly downloadMs: number;
  readonly cpuMs: number;
  readonly totalMs: number;
  readonly bytes: number;
  readonly flops: number;
}

export const operationChannel = channel("aikoryu:operation");

export interface ReportParts {
  readonly operation: string;
  readonly placement: Placement;
  readonly device: string;
  readonly reason: string;
  readonly predicted: Prediction | undefined;
  readonly fallback: Fallback | undefined;
  readonly meter: Meter;
  readonly timed: TimerResult | undefined;
  readonly work: Pick<Work, "bytes" | "flops">;
}

export function makeReport(parts: ReportParts): OperationReport {
  const { meter, timed, work, fallback, predicted } = parts;
  return {
    operation: parts.operation,
    placement: parts.placement,
    device: parts.device,
    reason: parts.reason,
    ...(predicted === undefined ? {} : { predicted }),
    ...(fallback === undefined ? {} : { fallback }),
    queueMs: meter.spans.queueMs,
    uploadMs: timed?.uploadMs ?? meter.spans.uploadMs,
    kernelMs: timed?.kernelMs ?? meter.spans.kernelMs,
    downloadMs: timed?.downloadMs ?? meter.spans.downloadMs,
    cpuMs: meter.spans.cpuMs,
    totalMs: meter.totalMs,
    bytes: work.bytes,
    flops: work.flops,
  };
}
