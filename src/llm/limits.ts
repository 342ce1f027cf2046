import { AikoError } from "../errors.ts";
import { abortError } from "../runtime/index.ts";

export interface LimitOptions {
  /** The longest that the whole call may take, with retries, in milliseconds. Default 10 minutes; Infinity: no limit. */
  readonly timeoutMs?: number | undefined;
  /** The longest until the first piece comes. A model that has to be loaded needs it. Default 5 minutes. */
  readonly firstTokenTimeoutMs?: number | undefined;
  /** The longest between two pieces. Default 2 minutes. */
  readonly idleTimeoutMs?: number | undefined;
}

const longestTimerMs = 2 ** 31 - 1;

/** The time limits and the cancellation of one call. Dispose it, or its timers and listeners stay. */
export class Limits implements Disposable {
  readonly #what: string;
  readonly #idleMs: number;
  readonly #controller = new AbortController();
  readonly #outer: AbortSignal | undefined;
  readonly #onAbort: () => void;
  readonly #whole: NodeJS.Timeout | undefined;
  #next: NodeJS.Timeout | undefined;
  #pieceAt: number | undefined;
  #error: AikoError | undefined;
  #fail: ((error: AikoError) => void) | undefined;

  constructor(options: LimitOptions, outer: AbortSignal | undefined, what: string) {
    this.#what = what;
    const wholeMs = milliseconds("timeoutMs", options.timeoutMs ?? 600_000);
    const firstMs = milliseconds("firstTokenTimeoutMs", options.firstTokenTimeoutMs ?? 300_000);
    this.#idleMs = milliseconds("idleTimeoutMs", options.idleTimeoutMs ?? 120_000);
    this.#outer = outer;
    this.#onAbort = () => this.#stop(abortError(outer ?? this.#controller.signal, what));
    if (outer?.aborted) this.#onAbort();
    outer?.addEventListener("abort", this.#onAbort, { once: true });
    this.#whole = this.#after(wholeMs, "timeoutMs", "did not end");
    this.#next = this.#after(firstMs, "firstTokenTimeoutMs", "gave no first piece");
  }

  /** Fires when the caller gives up or a limit is reached; its reason is the error of the call. */
  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** A piece came: the time until the next one starts. */
  progress(): void {
    const isFirst = this.#pieceAt === undefined;
    this.#pieceAt = performance.now();
    if (!isFirst) return;
    clearTimeout(this.#next);
    this.#watchIdle(this.#idleMs);
  }

  /** What `work` gives, or the error of the call as soon as there is one, whether or not `work` heeds the signal. */
  race<T>(work: Promise<T>): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      this.#fail = reject;
      if (this.#error !== undefined) reject(this.#error);
      work.then(resolve, (error) => reject(this.#error ?? error));
    });
  }

  cancel(): void {
    this.#stop(new AikoError("ABORTED", { message: `${this.#what} was cancelled` }));
  }

  [Symbol.dispose](): void {
    clearTimeout(this.#whole);
    clearTimeout(this.#next);
    this.#fail = undefined;
    this.#outer?.removeEventListener("abort", this.#onAbort);
  }

  /** One timer for all pieces: setting one anew for each of them cost more than the piece. */
  #watchIdle(ms: number): void {
    if (ms > longestTimerMs) return;
    this.#next = setTimeout(() => {
      const leftMs = this.#idleMs - (performance.now() - (this.#pieceAt ?? 0));
      if (leftMs > 0) this.#watchIdle(Math.ceil(leftMs));
      else this.#expire(this.#idleMs, "idleTimeoutMs", "gave no further piece");
    }, ms);
  }

  #after(ms: number, option: string, what: string): NodeJS.Timeout | undefined {
    if (ms > longestTimerMs) return undefined;
    return setTimeout(() => this.#expire(ms, option, what), ms);
  }

  #expire(ms: number, option: string, what: string): void {
    const message = `${this.#what} ${what} within ${ms} ms`;
    const hint = `Raise ${option}, or ask for less at once.`;
    this.#stop(new AikoError("DEADLINE_EXCEEDED", { message, hint }));
  }

  #stop(error: AikoError): void {
    if (this.#error !== undefined) return;
    this.#error = error;
    this.#controller.abort(error);
    this.#fail?.(error);
  }
}

function milliseconds(option: string, value: number): number {
  if (value > 0) return value;
  throw new AikoError("INVALID_ARGUMENT", {
    message: `${option} is ${value}, not a time above 0 in milliseconds`,
    hint: "Infinity means no limit.",
  });
}
