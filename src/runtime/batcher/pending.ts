import type { AikoError } from "../../errors.ts";
import { listen, unlisten } from "./abort-listener.ts";
import type { Batch } from "./batch.ts";
import { Waiting } from "./queue.ts";

let resolveLast: (value: unknown) => void = () => {};
let rejectLast: (error: unknown) => void = () => {};

/** One executor for all promises: a closure for each took a quarter of what a waiting call costs. */
function capture(resolve: (value: unknown) => void, reject: (error: unknown) => void): void {
  resolveLast = resolve;
  rejectLast = reject;
}

export type OnAbort = (pending: Pending<unknown>) => void;

/** A call that waits or is being executed. It settles once. */
export class Pending<T> extends Waiting {
  readonly promise: Promise<T>;
  readonly signal: AbortSignal | undefined;
  settled = false;
  /** What executes it. */
  batch: Batch | undefined;
  readonly #resolve: (value: unknown) => void;
  readonly #reject: (error: unknown) => void;
  readonly #onAbort: OnAbort;

  constructor(signal: AbortSignal | undefined, onAbort: OnAbort) {
    super();
    this.promise = new Promise<unknown>(capture) as Promise<T>;
    this.#resolve = resolveLast;
    this.#reject = rejectLast;
    this.#onAbort = onAbort;
    this.signal = signal;
    if (signal !== undefined) listen(signal, this);
  }

  abort(): void {
    this.#onAbort(this);
  }

  /** False where nobody waits for the value any more. */
  succeed(value: T): boolean {
    if (this.settled) return false;
    this.#settle();
    this.#resolve(value);
    return true;
  }

  fail(error: AikoError): void {
    if (this.settled) return;
    this.#settle();
    this.#reject(error);
  }

  #settle(): void {
    this.settled = true;
    if (this.signal !== undefined) unlisten(this.signal, this);
  }
}

/** One item in promise form. */
export class Item<Input, Output> extends Pending<Output> {
  readonly input: Input;

  constructor(input: Input, signal: AbortSignal | undefined, onAbort: OnAbort) {
    super(signal, onAbort);
    this.input = input;
  }
}
