import { AikoError } from "../errors.ts";
import type { Runtime, RuntimeStatistics } from "../runtime/index.ts";
import type { SourceGroup } from "./device-source.ts";
import { EventLoopMeter } from "./host/event-loop.ts";
import type { Observer } from "./observer.ts";
import type { MonitorSnapshot } from "./snapshot.ts";
import { ticks } from "./ticks.ts";

export interface WatchOptions {
  /** From one snapshot to the next, in milliseconds; at least 200. Default 1000. */
  readonly intervalMs?: number | undefined;
  /** Ends the loop, without an error. */
  readonly signal?: AbortSignal | undefined;
  /** Whether watching alone keeps the process from ending. Default false. */
  readonly keepAlive?: boolean | undefined;
}

export interface MonitorOptions {
  /** Who is asked for devices. Default: NVML or else nvidia-smi, and Linux's graphics drivers. */
  readonly sources?: readonly SourceGroup[] | undefined;
  /** The longest a source may take before the others are shown without it, in milliseconds. Default 5000. */
  readonly timeoutMs?: number | undefined;
}

const shortestIntervalMs = 200;

/** Sees devices, host and a runtime's counters. Does nothing until it is asked, and nothing between two questions. */
export class Monitor implements AsyncDisposable {
  readonly #statistics: (() => RuntimeStatistics) | undefined;
  readonly #options: MonitorOptions;
  readonly #eventLoop = new EventLoopMeter();
  readonly #ended = new AbortController();
  #observer: Promise<Observer> | undefined;
  #running: Promise<MonitorSnapshot> | undefined;

  constructor(runtime?: Pick<Runtime, "statistics">, options: MonitorOptions = {}) {
    this.#statistics = runtime && (() => runtime.statistics());
    this.#options = options;
  }

  /**
   * What is now. Takes 200 ms the first time, because shares of time need two readings; later ones compare with the one
   * before. Who asks while a snapshot is being taken shares it. Rejects with DISPOSED.
   */
  async snapshot(): Promise<MonitorSnapshot> {
    this.#assertOpen();
    this.#running ??= this.#take().finally(() => {
      this.#running = undefined;
    });
    return this.#running;
  }

  /**
   * A snapshot every `intervalMs`, taken when the loop asks for it: a slow loop gets the latest, never a queue of old
   * ones. Ends by `break`, by the signal and when the monitor is disposed. Rejects with INVALID_ARGUMENT, DISPOSED.
   */
  async *watch(options: WatchOptions = {}): AsyncGenerator<MonitorSnapshot, void, undefined> {
    const { intervalMs = 1000, signal, keepAlive = false } = options;
    if (!(intervalMs >= shortestIntervalMs && intervalMs < 2 ** 31)) {
      throw new AikoError("INVALID_ARGUMENT", {
        message: `intervalMs is ${intervalMs}`,
        hint: `Use ${shortestIntervalMs} ms or more.`,
      });
    }
    this.#assertOpen();
    const end = AbortSignal.any(signal === undefined ? [this.#ended.signal] : [this.#ended.signal, signal]);
    if (signal?.aborted) return;
    this.#eventLoop.start();
    try {
      yield await this.snapshot();
      for await (const _ of ticks({ intervalMs, signal: end, keepAlive })) yield await this.snapshot();
    } catch (error) {
      if (!end.aborted) throw error;
    } finally {
      this.#eventLoop.stop();
    }
  }

  /** A snapshot in Prometheus' text format, version 0.0.4. */
  async prometheus(): Promise<string> {
    const { formatMetrics, metricsOf } = await import("./prometheus/index.ts");
    return formatMetrics(metricsOf(await this.snapshot()));
  }

  /** Ends every watch and lets go of drivers. Safe to call twice. */
  async dispose(): Promise<void> {
    if (this.#ended.signal.aborted) return;
    this.#ended.abort();
    await this.#running?.catch(() => undefined);
    await (await this.#observer)?.dispose();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.dispose();
  }

  #assertOpen(): void {
    if (!this.#ended.signal.aborted) return;
    throw new AikoError("DISPOSED", {
      message: "This monitor is disposed",
      hint: "Call open() again, or dispose it after its last use.",
    });
  }

  async #take(): Promise<MonitorSnapshot> {
    this.#observer ??= this.#open();
    const { devices, sources, host, process } = await (await this.#observer).observe();
    const eventLoop = this.#eventLoop.read();
    return { time: new Date(), devices, sources, host, process, eventLoop, runtime: this.#statistics?.() };
  }

  async #open(): Promise<Observer> {
    const { Observer } = await import("./observer.ts");
    return new Observer({
      statistics: this.#statistics,
      sources: this.#options.sources,
      timeoutMs: this.#options.timeoutMs,
    });
  }
}
