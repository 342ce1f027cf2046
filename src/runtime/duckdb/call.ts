import { clearInterval, setInterval } from "node:timers";
import type { Handle } from "../../core/native.ts";
import type { AikoError } from "../../errors.ts";
import type { DuckDbLibrary } from "./library.ts";
import type { Request } from "./request.ts";
import type { Answer, Threads } from "./threads.ts";

const progressMs = 50;
/** A query does not hear an interruption that comes before it begins. */
const interruptMs = 10;

/** One request that can be stopped and watched while a thread works on it. */
export class Call {
  readonly #library: DuckDbLibrary;
  readonly #threads: Threads;
  readonly #request: Request;
  readonly #connection: Handle;
  readonly #onProgress: ((fraction: number) => void) | undefined;
  readonly #cancelled = new Int32Array(new SharedArrayBuffer(4));
  readonly #timers: NodeJS.Timeout[] = [];
  #reason: AikoError | undefined;
  /** Resolves when no thread works on it any more. */
  ended: Promise<unknown> = Promise.resolve();

  constructor(
    library: DuckDbLibrary,
    threads: Threads,
    request: Request,
    connection: Handle,
    onProgress: ((fraction: number) => void) | undefined,
  ) {
    this.#library = library;
    this.#threads = threads;
    this.#request = request;
    this.#connection = connection;
    this.#onProgress = onProgress;
  }

  async run<K extends Request["kind"]>(
    request: Extract<Request, { kind: K }>,
    keep: unknown,
  ): Promise<Answer<K>> {
    const answering = this.#threads.ask<K>(request, {
      cancelled: this.#cancelled,
      keep,
      started: () => this.#watch(),
    });
    this.ended = answering.catch(() => {});
    try {
      return await answering;
    } catch (error) {
      throw this.#reason ?? error;
    } finally {
      for (const timer of this.#timers) clearInterval(timer);
    }
  }

  /** Makes it reject with `reason`, soon. */
  stop(reason: AikoError): void {
    this.#reason = reason;
    Atomics.store(this.#cancelled, 0, 1);
    if (this.#threads.withdraw(this.#request, reason)) return;
    const interrupt = () => this.#library.interrupt(this.#connection);
    interrupt();
    this.#timers.push(setInterval(interrupt, interruptMs));
  }

  #watch(): void {
    const onProgress = this.#onProgress;
    if (onProgress === undefined) return;
    const tell = () => {
      const { percentage } = this.#library.query_progress(this.#connection);
      if (percentage >= 0) onProgress(Math.min(1, percentage / 100));
    };
    this.#timers.push(setInterval(tell, progressMs));
  }
}
