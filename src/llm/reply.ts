import { AikoError } from "../errors.ts";
import type { Piece } from "./provider.ts";
import type { Answer } from "./request.ts";

/** Where the work behind a reply puts its pieces. */
export interface ReplySink {
  /** Fires when nobody wants the answer any more. */
  readonly signal: AbortSignal;
  push(piece: Piece): void;
  /** Forgets the pieces so far; false where somebody reads them. */
  restart(): boolean;
}

export type ReplyWork<Value> = (sink: ReplySink) => Promise<Answer<Value>>;

/**
 * An answer that is being made: await it for the whole, or iterate for the pieces, or both; the request is sent once, on first
 * use. Leaving an iteration early cancels the request, unless somebody awaits it.
 */
export class Reply<Value = unknown> implements Promise<Answer<Value>>, AsyncIterable<Piece> {
  readonly [Symbol.toStringTag] = "Reply";
  readonly #work: ReplyWork<Value>;
  readonly #controller = new AbortController();
  readonly #wakers = new Set<() => void>();
  #pieces: Piece[] = [];
  #promise: Promise<Answer<Value>> | undefined;
  #isSettled = false;
  #isAwaited = false;
  #readers = 0;

  constructor(work: ReplyWork<Value>) {
    this.#work = work;
  }

  then<A = Answer<Value>, B = never>(
    onFulfilled?: ((answer: Answer<Value>) => A | PromiseLike<A>) | null,
    onRejected?: ((reason: unknown) => B | PromiseLike<B>) | null,
  ): Promise<A | B> {
    this.#isAwaited = true;
    return this.#start().then(onFulfilled, onRejected);
  }

  catch<B = never>(
    onRejected?: ((reason: unknown) => B | PromiseLike<B>) | null,
  ): Promise<Answer<Value> | B> {
    return this.then(undefined, onRejected);
  }

  finally(onFinally?: (() => void) | null): Promise<Answer<Value>> {
    this.#isAwaited = true;
    return this.#start().finally(onFinally);
  }

  [Symbol.asyncIterator](): AsyncIterableIterator<Piece> {
    this.#readers++;
    let at = 0;
    let isOpen = true;
    const iterator: AsyncIterableIterator<Piece> = {
      next: async () => {
        const done = this.#start();
        for (;;) {
          const piece = isOpen ? this.#pieces[at] : undefined;
          if (piece !== undefined) {
            at++;
            return { value: piece, done: false };
          }
          if (this.#isSettled || !isOpen) break;
          await new Promise<void>((resolve) => this.#wakers.add(resolve));
        }
        if (isOpen) {
          this.#readers--;
          isOpen = false;
          await done;
        }
        return { value: undefined, done: true };
      },
      return: async () => {
        if (isOpen) {
          isOpen = false;
          this.#readers--;
          if (this.#readers === 0 && !this.#isAwaited) await this.#abandon();
        }
        return { value: undefined, done: true };
      },
      [Symbol.asyncIterator]: () => iterator,
    };
    return iterator;
  }

  /** Cancels the request: what waits for it gets ABORTED. Safe to call twice, or after the end. */
  cancel(): void {
    this.#controller.abort(new AikoError("ABORTED", { message: "The reply was cancelled" }));
  }

  async #abandon(): Promise<void> {
    this.cancel();
    await this.#promise?.catch(() => {});
  }

  #start(): Promise<Answer<Value>> {
    if (this.#promise !== undefined) return this.#promise;
    const promise = this.#work({
      signal: this.#controller.signal,
      push: (piece) => {
        this.#pieces.push(piece);
        this.#wake();
      },
      restart: () => {
        if (this.#readers > 0) return false;
        this.#pieces = [];
        return true;
      },
    }).finally(() => {
      this.#isSettled = true;
      this.#wake();
    });
    promise.catch(() => {});
    this.#promise = promise;
    return promise;
  }

  #wake(): void {
    for (const wake of this.#wakers) wake();
    this.#wakers.clear();
  }
}
