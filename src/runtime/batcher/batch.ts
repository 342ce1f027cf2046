/** What an execution may know of its batch. */
export interface BatchContext {
  /** Fires when nobody waits for any of its items any more. */
  readonly signal: AbortSignal;
}

/** One execution under way. */
export class Batch implements BatchContext {
  #waiting: number;
  #controller: AbortController | undefined;

  constructor(items: number) {
    this.#waiting = items;
  }

  get signal(): AbortSignal {
    this.#controller ??= new AbortController();
    if (this.#waiting === 0) this.#controller.abort();
    return this.#controller.signal;
  }

  /** One of its callers gave up. */
  leave(reason: unknown): void {
    this.#waiting--;
    if (this.#waiting === 0) this.#controller?.abort(reason);
  }
}
