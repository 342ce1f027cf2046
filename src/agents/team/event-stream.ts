/** The most events that wait for a reader who is slow; what makes them waits then. */
const mostWaiting = 256;

/** Events on their way to one reader. Without a reader they go nowhere. */
export class EventStream<T> {
  readonly #events: T[] = [];
  #wake: (() => void) | undefined;
  #drained: (() => void) | undefined;
  #room: Promise<void> | undefined;
  #end: { readonly error?: unknown } | undefined;
  #isRead = false;

  /** Resolves when there is room for another. */
  async push(event: T): Promise<void> {
    if (!this.#isRead || this.#end !== undefined) return;
    this.#events.push(event);
    this.#wake?.();
    if (this.#events.length < mostWaiting) return;
    this.#room ??= new Promise((resolve) => {
      this.#drained = resolve;
    });
    await this.#room;
  }

  end(end: { readonly error?: unknown } = {}): void {
    this.#end ??= end;
    this.#wake?.();
    this.#release();
  }

  /** From now on events are kept for `read`. */
  open(): void {
    this.#isRead = true;
  }

  async *read(): AsyncGenerator<T> {
    while (true) {
      const event = this.#events.shift();
      if (event !== undefined) {
        if (this.#events.length < mostWaiting / 2) this.#release();
        yield event;
      } else if (this.#end !== undefined) {
        if ("error" in this.#end) throw this.#end.error;
        return;
      } else {
        await new Promise<void>((resolve) => {
          this.#wake = resolve;
        });
        this.#wake = undefined;
      }
    }
  }

  #release(): void {
    this.#drained?.();
    this.#drained = undefined;
    this.#room = undefined;
  }
}
