/** What a signal ends. */
export interface Abortable {
  abort(): void;
}

const listeners = new WeakMap<AbortSignal, AbortListener>();

/** One listener for all calls of a signal: Node warns of a leak from the eleventh on. */
class AbortListener {
  readonly #signal: AbortSignal;
  readonly #calls = new Set<Abortable>();

  constructor(signal: AbortSignal) {
    this.#signal = signal;
    listeners.set(signal, this);
    signal.addEventListener("abort", this);
  }

  handleEvent(): void {
    for (const call of [...this.#calls]) call.abort();
  }

  add(call: Abortable): void {
    this.#calls.add(call);
  }

  remove(call: Abortable): void {
    this.#calls.delete(call);
    if (this.#calls.size > 0) return;
    listeners.delete(this.#signal);
    this.#signal.removeEventListener("abort", this);
  }
}

/** Has `call.abort()` called when the signal fires. */
export function listen(signal: AbortSignal, call: Abortable): void {
  (listeners.get(signal) ?? new AbortListener(signal)).add(call);
}

export function unlisten(signal: AbortSignal, call: Abortable): void {
  listeners.get(signal)?.remove(call);
}
