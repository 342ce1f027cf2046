import { AikoError } from "../../errors.ts";
import { EventStream } from "./event-stream.ts";
import type { TeamEvent } from "./events.ts";

/**
 * A run: await it for what it comes to, or iterate over it for what happens, and await it afterwards. It starts with the first
 * of the two. Leaving the loop early cancels it.
 */
export class Run<R> implements Promise<R>, AsyncIterable<TeamEvent> {
  readonly [Symbol.toStringTag] = "Run";
  readonly #work: (emit: (event: TeamEvent) => Promise<void>, signal: AbortSignal) => Promise<R>;
  readonly #events = new EventStream<TeamEvent>();
  readonly #cancelled = new AbortController();
  #promise: Promise<R> | undefined;
  #isRead = false;

  constructor(work: (emit: (event: TeamEvent) => Promise<void>, signal: AbortSignal) => Promise<R>) {
    this.#work = work;
  }

  then<A = R, B = never>(
    resolved?: ((value: R) => A | PromiseLike<A>) | null,
    rejected?: ((reason: unknown) => B | PromiseLike<B>) | null,
  ): Promise<A | B> {
    return this.#begin().then(resolved, rejected);
  }

  catch<B = never>(rejected?: ((reason: unknown) => B | PromiseLike<B>) | null): Promise<R | B> {
    return this.#begin().catch(rejected);
  }

  finally(settled?: (() => void) | null): Promise<R> {
    return this.#begin().finally(settled);
  }

  /** The run rejects with ABORTED. */
  cancel(reason?: unknown): void {
    this.#cancelled.abort(reason);
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<TeamEvent> {
    if (this.#isRead)
      throw new AikoError("INVALID_ARGUMENT", { message: "The events of a run are read by one loop" });
    this.#isRead = true;
    this.#events.open();
    this.#begin().catch(() => {});
    try {
      yield* this.#events.read();
    } finally {
      this.#events.end();
      this.cancel();
    }
  }

  #begin(): Promise<R> {
    this.#promise ??= this.#started();
    return this.#promise;
  }

  async #started(): Promise<R> {
    try {
      const result = await this.#work((event) => this.#events.push(event), this.#cancelled.signal);
      this.#events.end();
      return result;
    } catch (error) {
      this.#events.end({ error });
      throw error;
    }
  }
}
