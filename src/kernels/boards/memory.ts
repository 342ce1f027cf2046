import type { BufferView, DeviceBuffer } from "../../device/device.ts";
import type { KernelOptions } from "../axis.ts";

export type BoardsMemory = DeviceBuffer | BufferView;

/** Agents in columns of one word each: column `c` of agent `i` is word `c * stride + i`. Column 0 is who they are. */
export interface Agents {
  readonly state: BoardsMemory;
  readonly stride: number;
  readonly count: number;
}

/** What stages draw random numbers and report faults by. */
export interface Moment {
  readonly step: number;
  readonly stage: number;
  readonly seed: bigint;
  /** Fault words of all stages and steps, and where this one's begin. */
  readonly faults: BoardsMemory;
  readonly faultsAt: number;
}

export interface BoardsOptions extends KernelOptions {
  readonly signal?: AbortSignal | undefined;
}

export function momentValues({ step, stage, seed, faultsAt }: Moment): Readonly<Record<string, number>> {
  const words = BigInt.asUintN(64, seed);
  return {
    step,
    stage,
    faults: faultsAt,
    "seed low": Number(words & 0xffffffffn),
    "seed high": Number(words >> 32n),
  };
}
