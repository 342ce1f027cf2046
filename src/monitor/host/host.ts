import { freemem, loadavg, totalmem } from "node:os";
import { setTimeout as sleep } from "node:timers/promises";
import { type CgroupUsage, readCgroup } from "./cgroup.ts";
import { type CoreTimes, coreTimes, coreUtilization } from "./cpu.ts";

export interface HostSample {
  readonly cores: number;
  /** Share of all cores that was busy since the last snapshot, 0 to 1. */
  readonly cpuUtilization: number | undefined;
  /** The same core by core. */
  readonly coreUtilization: readonly number[];
  /** Runnable programs, averaged over 1, 5 and 15 minutes; `undefined` on Windows. */
  readonly load: readonly [number, number, number] | undefined;
  readonly memoryTotalBytes: number;
  readonly memoryUsedBytes: number;
  /** What limits this process within the machine; `undefined` where nothing does. */
  readonly container: ContainerSample | undefined;
}

export interface ContainerSample {
  readonly memoryLimitBytes: number | undefined;
  readonly memoryUsedBytes: number | undefined;
  readonly cpuLimitCores: number | undefined;
  /** Share of that limit used since the last snapshot, 0 to 1. */
  readonly cpuUtilization: number | undefined;
}

export interface ProcessSample {
  readonly pid: number;
  /** Processor time since the process began. */
  readonly cpuSeconds: number;
  /** Cores that this process kept busy since the last snapshot. */
  readonly cpuCores: number | undefined;
  readonly residentBytes: number;
  readonly heapUsedBytes: number;
  readonly uptimeSeconds: number;
}

interface Reading {
  readonly atMs: number;
  readonly cores: readonly CoreTimes[];
  readonly processSeconds: number;
  readonly cgroup: CgroupUsage;
}

export interface HostReading {
  readonly host: HostSample;
  readonly process: ProcessSample;
}

/** Below, the system's clock of 10 ms ticks is too coarse; above, the average says nothing about now. */
const shortestMs = 200;
const longestMs = 120_000;

/** Reads processors, memory and this process. Shares are of the time since the last reading, 200 ms where that is old. */
export class HostMeter {
  readonly #root: string;
  #earlier: Reading | undefined;

  constructor(root = "/") {
    this.#root = root;
  }

  async read(): Promise<HostReading> {
    const age = this.#earlier === undefined ? Infinity : performance.now() - this.#earlier.atMs;
    if (age > longestMs) this.#earlier = await this.#take();
    const left = shortestMs - (age > longestMs ? 0 : age);
    if (left > 0) await sleep(left);
    const earlier = this.#earlier;
    const now = await this.#take();
    this.#earlier = now;
    return compare(earlier ?? now, now);
  }

  async #take(): Promise<Reading> {
    const [cores, cgroup] = await Promise.all([coreTimes(), readCgroup(this.#root)]);
    const { user, system } = process.cpuUsage();
    return { atMs: performance.now(), cores, cgroup, processSeconds: (user + system) / 1e6 };
  }
}

function compare(before: Reading, after: Reading): HostReading {
  const seconds = (after.atMs - before.atMs) / 1000;
  const perCore = coreUtilization(before.cores, after.cores);
  const memoryTotalBytes = totalmem();
  const { rss, heapUsed } = process.memoryUsage();
  return {
    host: {
      cores: after.cores.length,
      cpuUtilization: mean(perCore),
      coreUtilization: perCore,
      load: process.platform === "win32" ? undefined : loads(),
      memoryTotalBytes,
      memoryUsedBytes: memoryTotalBytes - freemem(),
      container: containerOf(before.cgroup, after.cgroup, seconds),
    },
    process: {
      pid: process.pid,
      cpuSeconds: after.processSeconds,
      cpuCores: seconds > 0 ? (after.processSeconds - before.processSeconds) / seconds : undefined,
      residentBytes: rss,
      heapUsedBytes: heapUsed,
      uptimeSeconds: process.uptime(),
    },
  };
}

function containerOf(before: CgroupUsage, after: CgroupUsage, seconds: number): ContainerSample | undefined {
  const { memoryLimitBytes, memoryUsedBytes, cpuLimitCores, cpuSeconds } = after;
  if (memoryLimitBytes === undefined && cpuLimitCores === undefined) return undefined;
  const used =
    cpuSeconds === undefined || before.cpuSeconds === undefined ? undefined : cpuSeconds - before.cpuSeconds;
  const share =
    used === undefined || cpuLimitCores === undefined ? undefined : used / seconds / cpuLimitCores;
  return {
    memoryLimitBytes,
    memoryUsedBytes,
    cpuLimitCores,
    cpuUtilization: share === undefined || seconds <= 0 ? undefined : Math.min(1, Math.max(0, share)),
  };
}

function loads(): readonly [number, number, number] {
  const [one = 0, five = 0, fifteen = 0] = loadavg();
  return [one, five, fifteen];
}

function mean(values: readonly number[]): number | undefined {
  return values.length === 0 ? undefined : values.reduce((sum, one) => sum + one, 0) / values.length;
}
