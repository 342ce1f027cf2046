import type { Msg } from "@nats-io/transport-node";
import type { Envelope } from "../../agents/index.ts";
import { AikoError } from "../../errors.ts";
import { abortError } from "../../runtime/index.ts";
import { decodeEnvelope } from "./codec.ts";
import type { Link } from "./link.ts";
import { replyPrefix } from "./subjects.ts";

const longestTimer = 2 ** 31 - 1;

interface Waiting {
  readonly topic: string;
  resolve(envelope: Envelope): void;
  reject(error: unknown): void;
}

/** Requests under way, which share one subscription for their answers. */
export class Requests {
  readonly #link: Link;
  readonly #member = globalThis.crypto.randomUUID();
  readonly #waiting = new Map<string, Waiting>();
  #next = 0;
  #listening = false;

  constructor(link: Link) {
    this.#link = link;
  }

  async send(
    envelope: Envelope,
    { timeoutMs, signal }: { readonly timeoutMs: number; readonly signal?: AbortSignal | undefined },
    publish: (envelope: Envelope, reply: string) => Promise<void>,
  ): Promise<Envelope> {
    if (signal?.aborted) throw abortError(signal, `The request on ${envelope.topic}`);
    this.#listen();
    const place = String(this.#next++);
    const replyTo = `${replyPrefix}${this.#member}.${place}`;
    const { promise, resolve, reject } = withResolvers<Envelope>();
    const late = () =>
      reject(
        new AikoError("DEADLINE_EXCEEDED", {
          message: `No answer on ${envelope.topic} within ${timeoutMs} ms`,
          hint: "Raise timeoutMs, or look at what its agent does.",
        }),
      );
    const timer = Number.isFinite(timeoutMs)
      ? setTimeout(late, Math.min(timeoutMs, longestTimer))
      : undefined;
    const onAbort = () =>
      reject(signal === undefined ? undefined : abortError(signal, `The request on ${envelope.topic}`));
    signal?.addEventListener("abort", onAbort, { once: true });
    this.#waiting.set(place, { topic: envelope.topic, resolve, reject });
    try {
      await Promise.race([promise, publish({ ...envelope, replyTo }, this.#link.subjects.of(replyTo))]);
      return await promise;
    } finally {
      clearTimeout(timer);
      signal?.removeEventListener("abort", onAbort);
      this.#waiting.delete(place);
      promise.catch(() => {});
    }
  }

  /** Rejects what still waits. */
  close(): void {
    for (const { topic, reject } of this.#waiting.values()) {
      reject(new AikoError("DISPOSED", { message: `The transport was closed while ${topic} was asked` }));
    }
  }

  #listen(): void {
    if (this.#listening) return;
    this.#listening = true;
    const subject = this.#link.subjects.of(`${replyPrefix}${this.#member}.*`);
    this.#link.connection.subscribe(subject, {
      callback: (error, message) => {
        if (error === null) this.#answer(message);
      },
    });
  }

  #answer(message: Msg): void {
    const waiting = this.#waiting.get(message.subject.slice(message.subject.lastIndexOf(".") + 1));
    if (waiting === undefined) return;
    if (message.data.length === 0 && message.headers?.code === 503) {
      waiting.reject(
        new AikoError("AGENT_NOT_FOUND", {
          message: `Nobody listens on ${waiting.topic}`,
          hint: "Start the agent that answers, or look at the name of the topic.",
        }),
      );
      return;
    }
    try {
      waiting.resolve(decodeEnvelope(message.data, message.subject));
    } catch (error) {
      waiting.reject(error);
    }
  }
}

function withResolvers<T>() {
  let resolve: (value: T) => void = () => {};
  let reject: (error: unknown) => void = () => {};
  const promise = new Promise<T>((yes, no) => {
    resolve = yes;
    reject = no;
  });
  return { promise, resolve, reject };
}
