import { createHistogram, performance } from "node:perf_hooks";

export interface EventLoopDelay {
  /** How late a timer was since the last snapshot, in milliseconds. */
  readonly meanMs: number;
  readonly p99Ms: number;
  readonly maxMs: number;
  /** Share of the time in which JavaScript or native code kept the loop busy, 0 to 1. */
  readonly utilization: number;
}

const resolutionMs = 10;

/**
 * Measures while somebody watches. Node's own `monitorEventLoopDelay` forgets the time from a reset to its next tick,
 * which is when a loop that holds the thread for each snapshot does so.
 */
export class EventLoopMeter {
  readonly #delays = createHistogram();
  #watchers = 0;
  #timer: NodeJS.Timeout | undefined;
  #due = 0;
  #earlier = performance.eventLoopUtilization();

  start(): void {
    this.#watchers++;
    if (this.#timer !== undefined) return;
    this.#delays.reset();
    this.#earlier = performance.eventLoopUtilization();
    this.#due = performance.now() + resolutionMs;
    this.#timer = setInterval(() => this.#tick(), resolutionMs).unref();
  }

  stop(): void {
    this.#watchers--;
    if (this.#watchers > 0) return;
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  /** Since the last reading; `undefined` while nobody watches, or before the first value. */
  read(): EventLoopDelay | undefined {
    if (this.#timer === undefined) return undefined;
    if (performance.now() > this.#due) this.#tick();
    if (this.#delays.count === 0) return undefined;
    const now = performance.eventLoopUtilization();
    const { utilization } = performance.eventLoopUtilization(now, this.#earlier);
    this.#earlier = now;
    const delay = {
      meanMs: this.#delays.mean / 1e6,
      p99Ms: this.#delays.percentile(99) / 1e6,
      maxMs: this.#delays.max / 1e6,
      utilization,
    };
    this.#delays.reset();
    return delay;
  }

  #tick(): void {
    const now = performance.now();
    this.#delays.record(Math.max(1, Math.round((now - this.#due) * 1e6)));
    this.#due = now + resolutionMs;
  }
}
