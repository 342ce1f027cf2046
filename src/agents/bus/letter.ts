import type { Context } from "@opentelemetry/api";
import { AikoError } from "../../errors.ts";
import { Queued } from "./fair-queue.ts";
import type { Accepted } from "./message.ts";
import type { Delivery } from "./transport.ts";

/** A message in an agent's mailbox, then in its hands. */
export class Letter extends Queued {
  readonly delivery: Delivery;
  /** Under what it is accepted; `undefined` for a message that is not. */
  readonly accepted: Accepted | undefined;
  /** Of the span of its handling. */
  context: Context | undefined;
  /** Whether its body is not what it has to be: trying again makes it no better. */
  isInvalid = false;
  /** Why it was ended before its handler was done. */
  ending: "cancelled" | "left" | "late" | undefined;
  #controller: AbortController | undefined;
  #reason: AikoError | undefined;
  #fail: ((error: AikoError) => void) | undefined;
  #timer: NodeJS.Timeout | undefined;

  constructor(delivery: Delivery, accepted: Accepted | undefined) {
    super();
    this.delivery = delivery;
    this.accepted = accepted;
  }

  get sender(): string {
    return this.delivery.envelope.from ?? "";
  }

  get signal(): AbortSignal {
    if (this.#controller === undefined) {
      this.#controller = new AbortController();
      if (this.#reason !== undefined) this.#controller.abort(this.#reason);
    }
    return this.#controller.signal;
  }

  /** Resolves as `work` does, or rejects when the letter is ended before. */
  hold<T>(work: PromiseLike<T>, timeoutMs: number, agent: string): Promise<T> {
    return new Promise((resolve, reject) => {
      if (this.#reason !== undefined) return reject(this.#reason);
      this.#fail = reject;
      this.#timer = setTimeout(() => this.end("late", tooLong(agent, this.delivery, timeoutMs)), timeoutMs);
      work.then(
        (result) => {
          clearTimeout(this.#timer);
          resolve(result);
        },
        (error) => {
          clearTimeout(this.#timer);
          reject(error);
        },
      );
    });
  }

  /** Aborts its signal and frees its place, whether or not the handler ends. */
  end(ending: "cancelled" | "left" | "late", reason: AikoError): void {
    this.ending ??= ending;
    this.#reason ??= reason;
    clearTimeout(this.#timer);
    this.#controller?.abort(this.#reason);
    this.#fail?.(this.#reason);
  }
}

function tooLong(agent: string, { envelope }: Delivery, timeoutMs: number): AikoError {
  return new AikoError("DEADLINE_EXCEEDED", {
    message: `${agent} took longer than ${timeoutMs} ms for a message on ${envelope.topic}`,
    hint: "Give the agent a longer timeoutMs, or end the work when context.signal fires.",
  });
}
