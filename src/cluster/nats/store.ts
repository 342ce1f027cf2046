import type { Msg } from "@nats-io/transport-node";
import { AikoError } from "../../errors.ts";
import { decodeValue } from "./codec.ts";
import { natsError } from "./errors.ts";
import { attemptMs, insist } from "./insist.ts";
import type { Link } from "./link.ts";

interface Waiting {
  readonly since: number;
  resolve(): void;
  reject(error: unknown): void;
}

interface PublishAnswer {
  readonly error?: { readonly err_code: number; readonly description: string };
}

/**
 * Envelopes on their way into the stream. Their answers come on one subscription and wait under one timer: the client's own
 * requests, with a timer and a stack trace each, store a sixth as many a second.
 */
export class Store {
  readonly #link: Link;
  readonly #inbox: string;
  readonly #waiting = new Map<string, Waiting>();
  #next = 0;
  #listening = false;
  #timer: NodeJS.Timeout | undefined;

  constructor(link: Link) {
    this.#link = link;
    this.#inbox = link.subjects.stored(globalThis.crypto.randomUUID());
  }

  /** Resolves when the server has it; it drops what it has already, by the envelope's id. */
  put(subject: string, bytes: Uint8Array, id: string): Promise<void> {
    return insist(this.#link, `Cannot store ${id}`, () => this.#try(subject, bytes, id));
  }

  #try(subject: string, bytes: Uint8Array, id: string): Promise<void> {
    this.#listen();
    return new Promise((resolve, reject) => {
      const place = String(this.#next++);
      const headers = this.#link.library.nats.headers();
      headers.set("Nats-Msg-Id", id);
      this.#waiting.set(place, { since: performance.now(), resolve, reject });
      this.#timer ??= setInterval(() => this.#sweep(), attemptMs / 4);
      try {
        this.#link.connection.publish(subject, bytes, { headers, reply: `${this.#inbox}.${place}` });
      } catch (error) {
        this.#take(place)?.reject(error);
      }
    });
  }

  #listen(): void {
    if (this.#listening) return;
    this.#listening = true;
    this.#link.connection.subscribe(`${this.#inbox}.*`, {
      callback: (error, message) => {
        if (error === null) this.#answer(message);
      },
    });
  }

  #answer(message: Msg): void {
    const waiting = this.#take(message.subject.slice(this.#inbox.length + 1));
    if (waiting === undefined) return;
    if (message.data.length === 0) {
      waiting.reject(new AikoError("UNSUPPORTED", { message: "The server has no stream for it" }));
      return;
    }
    try {
      const { error } = decodeValue(message.data, message.subject) as PublishAnswer;
      if (error === undefined) waiting.resolve();
      else waiting.reject(natsError({ ...error, code: error.err_code }, "The server does not store it"));
    } catch (error) {
      waiting.reject(error);
    }
  }

  #take(place: string): Waiting | undefined {
    const waiting = this.#waiting.get(place);
    this.#waiting.delete(place);
    if (this.#waiting.size === 0) {
      clearInterval(this.#timer);
      this.#timer = undefined;
    }
    return waiting;
  }

  #sweep(): void {
    const now = performance.now();
    for (const [place, { since }] of this.#waiting) {
      if (now - since < attemptMs) return;
      this.#take(place)?.reject(
        new AikoError("DEADLINE_EXCEEDED", { message: "The server did not say that it has it" }),
      );
    }
  }
}
