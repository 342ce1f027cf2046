import { type IntervalHistogram, monitorEventLoopDelay, performance } from "node:perf_hooks";

export interface EventLoopDelay {
  /** How late timers were since the last snapshot, in milliseconds. */
  readonly meanMs: number;
  readonly p99Ms: number;
  readonly maxMs: number;
  /** Share of the time in which JavaScript or native code kept the loop busy, 0 to 1. */
  readonly utilization: number;
}

const resolutionMs = 5;

/** Measures while somebody watches. */
export class EventLoopMeter {
  #watchers = 0;
  #histogram: IntervalHistogram | undefined;
  #earlier = performance.eventLoopUtilization();

  start(): void {
    this.#watchers++;
    if (this.#histogram !== undefined) return;
    this.#histogram = monitorEventLoopDelay({ resolution: resolutionMs });
    this.#histogram.enable();
    this.#earlier = performance.eventLoopUtilization();
  }

  stop(): void {
    this.#watchers--;
    if (this.#watchers > 0) return;
    this.#histogram?.disable();
    this.#histogram = undefined;
  }

  /** Since the last reading; `undefined` while nobody watches, or before the first value. */
  read(): EventLoopDelay | undefined {
    const histogram = this.#histogram;
    if (histogram === undefined || histogram.count === 0) return undefined;
    const now = performance.eventLoopUtilization();
    const { utilization } = performance.eventLoopUtilization(now, this.#earlier);
    this.#earlier = now;
    const delay = {
      meanMs: late(histogram.mean),
      p99Ms: late(histogram.percentile(99)),
      maxMs: late(histogram.max),
      utilization,
    };
    histogram.reset();
    return delay;
  }
}

/** Node records the whole time between two ticks. */
function late(nanoseconds: number): number {
  return Math.max(0, nanoseconds / 1e6 - resolutionMs);
}
