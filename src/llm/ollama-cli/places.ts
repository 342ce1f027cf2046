import { AikoError } from "../../errors.ts";
import { abortError } from "../../runtime/index.ts";

/** Lets so many in at a time; the others wait in order, and one too many is SERVER_BUSY. */
export class Places {
  readonly #most: number;
  readonly #mostWaiting: number;
  readonly #waiting = new Set<() => void>();
  #taken = 0;

  constructor(most: number, mostWaiting: number) {
    this.#most = most;
    this.#mostWaiting = mostWaiting;
  }

  /** Resolves with a place; dispose it to leave. Rejects with SERVER_BUSY, ABORTED. */
  async enter(what: string, signal: AbortSignal | undefined): Promise<Disposable> {
    if (signal?.aborted) throw abortError(signal, what);
    if (this.#taken < this.#most) this.#taken++;
    else await this.#wait(what, signal);
    let isInside = true;
    return {
      [Symbol.dispose]: () => {
        if (isInside) this.#leave();
        isInside = false;
      },
    };
  }

  #wait(what: string, signal: AbortSignal | undefined): Promise<void> {
    if (this.#waiting.size >= this.#mostWaiting) {
      throw new AikoError("SERVER_BUSY", {
        message: `${what}: ${this.#most} processes run and ${this.#waiting.size} calls wait`,
        hint: "Ask for less at once, or use Ollama over HTTP.",
      });
    }
    return new Promise<void>((resolve, reject) => {
      const enter = () => {
        signal?.removeEventListener("abort", onAbort);
        resolve();
      };
      const onAbort = () => {
        this.#waiting.delete(enter);
        if (signal !== undefined) reject(abortError(signal, what));
      };
      this.#waiting.add(enter);
      signal?.addEventListener("abort", onAbort, { once: true });
    });
  }

  #leave(): void {
    const [next] = this.#waiting;
    if (next === undefined) {
      this.#taken--;
      return;
    }
    this.#waiting.delete(next);
    next();
  }
}
