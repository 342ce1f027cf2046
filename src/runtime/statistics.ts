import type { Backend, DeviceKind, DeviceMemory } from "../device/device.ts";
import type { ErrorCode } from "../errors.ts";
import type { MemoryStatistics } from "../memory/index.ts";
import type { Placement } from "./operation.ts";

/** Calls of one operation in one place, since the runtime was opened. */
export interface OperationStatistics {
  readonly operation: string;
  readonly placement: Placement;
  readonly calls: number;
  readonly failures: number;
  /** Of all calls together; the time of a batch of calls counts once. */
  readonly totalMs: number;
  readonly bytes: number;
  readonly flops: number;
}

/** Calls that the CPU answered for a device, and batches of streams. */
export interface FallbackStatistics {
  readonly operation: string;
  readonly device: string;
  readonly code: ErrorCode;
  readonly calls: number;
}

export interface DeviceStatistics {
  readonly id: string;
  readonly name: string;
  readonly backend: Backend;
  readonly kind: DeviceKind;
  readonly state: "closed" | "open" | "resting" | "lost";
  readonly losses: number;
  /** Absent until the device is opened. */
  readonly memory: DeviceMemory | undefined;
  readonly pool: MemoryStatistics | undefined;
}

export interface BatcherStatistics {
  readonly operation: string;
  readonly queued: number;
  readonly batches: number;
  /** Items of all batches together. */
  readonly items: number;
  readonly rejected: number;
  readonly cancelled: number;
  /** How many batches had up to so many items, and more than the entry before. */
  readonly batchSizes?: readonly { readonly upTo: number; readonly batches: number }[];
}

/** Everything that a runtime counts, whether or not somebody looks. */
export interface RuntimeStatistics {
  readonly operations: readonly OperationStatistics[];
  readonly fallbacks: readonly FallbackStatistics[];
  readonly devices: readonly DeviceStatistics[];
  readonly batchers: readonly BatcherStatistics[];
}
