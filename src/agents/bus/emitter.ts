import { toAikoError } from "../../errors.ts";

type Handler<Body> = (body: Body) => void;

/**
 * Functions of one process that are called at once, in the order in which they came: what a bus is too much for. A function
 * that throws does not stop the others; it is reported as a warning of the process, or to `onError`.
 */
export class Emitter<Body> {
  readonly name: string;
  readonly #onError: (error: unknown) => void;
  /** Never changed, only replaced: an `emit` under way goes on with those it began with. */
  #handlers: readonly Handler<Body>[] = [];

  constructor(name: string, options: { readonly onError?: ((error: unknown) => void) | undefined } = {}) {
    this.name = name;
    this.#onError = options.onError ?? warn;
  }

  get size(): number {
    return this.#handlers.length;
  }

  /** Returns what removes it again. */
  on(handler: Handler<Body>): () => void {
    this.#handlers = [...this.#handlers, handler];
    return () => this.off(handler);
  }

  off(handler: Handler<Body>): void {
    const at = this.#handlers.indexOf(handler);
    if (at !== -1) this.#handlers = this.#handlers.filter((_, index) => index !== at);
  }

  /** Calls every function; how many there are. */
  emit(body: Body): number {
    const handlers = this.#handlers;
    const { length } = handlers;
    for (let at = 0; at < length; at++) {
      try {
        (handlers[at] as Handler<Body>)(body);
      } catch (error) {
        this.#onError(error);
      }
    }
    return length;
  }
}

function warn(error: unknown): void {
  process.emitWarning(toAikoError(error, "HANDLER_FAILED"));
}
