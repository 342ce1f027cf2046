import { availableParallelism, cpus, totalmem } from "node:os";
import { formatBytes } from "../core/bytes.ts";
import type { DeviceLimits } from "./measure.ts";

export interface Machine {
  readonly processor: string;
  readonly cores: number;
  readonly memoryBytes: number;
  readonly platform: string;
  readonly node: string;
}

export function machine(): Machine {
  return {
    processor: cpus()[0]?.model.trim() ?? "unknown",
    cores: availableParallelism(),
    memoryBytes: totalmem(),
    platform: `${process.platform} ${process.arch}`,
    node: process.version,
  };
}

export function formatMachine({ processor, cores, memoryBytes, platform, node }: Machine): string {
  return `${processor}, ${cores} cores, ${formatBytes(memoryBytes)}\n${platform}, Node ${node}`;
}

export function formatLimits({ copyBytesPerSecond, flopsPerSecond }: DeviceLimits): string {
  const copies = `copies ${(copyBytesPerSecond / 1e9).toFixed(1)} GB/s, read and written`;
  return `${copies}; computes ${(flopsPerSecond / 1e9).toFixed(0)} GFLOP/s in f32`;
}
