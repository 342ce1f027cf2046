import { randomUUID } from "node:crypto";
import type { Context, Span } from "@opentelemetry/api";
import { AikoError, toAikoError } from "../../errors.ts";
import { abortError } from "../../runtime/abort.ts";
import { type Abortable, listen, unlisten } from "../../runtime/batcher/abort-listener.ts";
import { busChannel } from "./events.ts";
import { activeTracer, attributesOf, endSpan, inheritedHeaders, startSend, traceHeaders } from "./trace.ts";
import type { Envelope, Transport } from "./transport.ts";

/** Who sends, and while doing what. */
export interface Origin {
  readonly from: string | undefined;
  readonly signal?: AbortSignal | undefined;
  /** The message being handled meanwhile. */
  readonly envelope?: Envelope | undefined;
  readonly context?: Context | undefined;
}

export interface SendOptions {
  readonly headers?: Readonly<Record<string, string>> | undefined;
  readonly signal?: AbortSignal | undefined;
}

export interface RequestOptions extends SendOptions {
  /** How long to wait for the answer. Default 30,000. */
  readonly timeoutMs?: number | undefined;
}

/** The topic on which a requester says that it has given up. */
export const cancelTopic = "cancel";

const defaultTimeoutMs = 30_000;

/** Makes envelopes and gives them to the transport: spans, events and counters included. */
export class Post {
  readonly id = randomUUID();
  readonly transport: Transport;
  readonly system: string;
  published = 0;
  refused = 0;
  unheard = 0;
  #count = 0;

  constructor(transport: Transport) {
    this.transport = transport;
    this.system = transport.name === "local" ? "aikoryu" : transport.name;
  }

  envelope(topic: string, body: unknown, origin: Origin, headers?: SendOptions["headers"]): Envelope {
    const inherited = inheritedHeaders(origin.envelope?.headers);
    return {
      id: `${this.id}.${(this.#count++).toString(36)}`,
      topic,
      body,
      from: origin.from,
      sentAt: Date.now(),
      headers: inherited === undefined ? headers : { ...inherited, ...headers },
    };
  }

  publish(envelope: Envelope, origin: Origin, operation = "publish"): Promise<void> {
    const { signal } = origin;
    if (signal?.aborted) return Promise.reject(abortError(signal, `What was to go to ${envelope.topic}`));
    this.published++;
    const tracer = activeTracer();
    if (tracer === undefined) {
      const sent = this.#give(envelope);
      return signal === undefined ? sent : whileWanted(sent, signal, envelope.topic);
    }
    const span = startSend(
      tracer,
      operation,
      attributesOf(this.system, envelope, origin.from),
      origin.context,
    );
    const sent = this.#give(traced(envelope, span));
    return spanned(signal === undefined ? sent : whileWanted(sent, signal, envelope.topic), span);
  }

  request(
    envelope: Envelope,
    origin: Origin,
    { timeoutMs = defaultTimeoutMs }: RequestOptions,
  ): Promise<Envelope> {
    assertTimeout(timeoutMs);
    this.published++;
    const tracer = activeTracer();
    const span =
      tracer === undefined
        ? undefined
        : startSend(tracer, "request", attributesOf(this.system, envelope, origin.from), origin.context);
    const asked = span === undefined ? envelope : traced(envelope, span);
    if (busChannel.hasSubscribers) this.#tell(asked);
    const answer = this.transport.request(asked, { timeoutMs, signal: origin.signal }).catch((error) => {
      this.#onGivenUp(asked, toAikoError(error));
      throw error;
    });
    return span === undefined ? answer : spanned(answer, span);
  }

  /** The handler is told, wherever it is, that nobody waits for it any more. */
  #onGivenUp(envelope: Envelope, { code }: AikoError): void {
    if (code === "AGENT_NOT_FOUND" || code === "QUEUE_FULL") this.refused++;
    if (code !== "ABORTED" && code !== "DEADLINE_EXCEEDED") return;
    const cancel = { ...this.envelope(cancelTopic, null, { from: envelope.from }), inReplyTo: envelope.id };
    this.transport.publish(cancel).catch(() => {});
  }

  #give(envelope: Envelope): Promise<void> {
    const { transport } = this;
    try {
      const isAnswer = envelope.inReplyTo !== undefined;
      if (!isAnswer && transport.hasListener?.(envelope.topic) === false) this.unheard++;
      if (busChannel.hasSubscribers) this.#tell(envelope);
      return transport.publish(envelope).catch(this.#onRefused);
    } catch (error) {
      return Promise.reject(error);
    }
  }

  readonly #onRefused = (error: unknown): never => {
    this.refused++;
    throw error;
  };

  #tell(envelope: Envelope): void {
    busChannel.publish({ event: "published", bus: this.id, agent: envelope.from, envelope });
  }
}

function traced(envelope: Envelope, span: Span): Envelope {
  const headers = traceHeaders(span);
  return headers === undefined ? envelope : { ...envelope, headers: { ...envelope.headers, ...headers } };
}

async function spanned<T>(work: Promise<T>, span: Span): Promise<T> {
  try {
    const result = await work;
    endSpan(span);
    return result;
  } catch (error) {
    endSpan(span, toAikoError(error));
    throw error;
  }
}

/** Rejects with ABORTED when the signal fires while a subscriber is full. */
function whileWanted(sent: Promise<void>, signal: AbortSignal, topic: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const wait: Abortable = {
      abort: () => {
        unlisten(signal, wait);
        reject(abortError(signal, `The wait to publish on ${topic}, where it may still arrive,`));
      },
    };
    listen(signal, wait);
    sent.then(resolve, reject).finally(() => unlisten(signal, wait));
  });
}

function assertTimeout(timeoutMs: unknown): void {
  if (typeof timeoutMs === "number" && timeoutMs >= 0) return;
  throw new AikoError("INVALID_ARGUMENT", {
    message: `timeoutMs is ${String(timeoutMs)}`,
    hint: "It takes milliseconds, or Infinity to wait without end.",
  });
}
