import { AikoError, type ErrorCode, errorCodes } from "../../errors.ts";
import { type BodyOf, checkBody, nameOf, type ReplyOf, type Sendable } from "./message.ts";
import type { Origin, Post, RequestOptions, SendOptions } from "./post.ts";
import { assertWord } from "./topic.ts";
import type { Envelope } from "./transport.ts";

/** The header of an answer that is an error: its code. */
export const errorHeader = "aikoryu-error";

/** Where the direct messages of an agent go; one topic for each kind of message. */
export function inboxTopic(agent: string, name: string): string {
  return `agent.${agent}.${name}`;
}

/** Where messages to all agents go. */
export function everyoneTopic(name: string): string {
  return `everyone.${name}`;
}

/** Sends in the name of somebody: a bus, an agent, or an agent while it handles a message. */
export class Sender {
  /** @internal */
  protected readonly post: Post;

  constructor(post: Post) {
    this.post = post;
  }

  /** @internal */
  protected get origin(): Origin {
    return { from: undefined };
  }

  /**
   * To all who subscribe. Resolves when the transport has taken it, which waits for subscribers that are full. Rejects with
   * QUEUE_FULL, ABORTED, DISPOSED, INVALID_ARGUMENT.
   */
  publish<M extends Sendable>(message: M, body: BodyOf<M>, options: SendOptions = {}): Promise<void> {
    return this.#publish(nameOf(message), body, options, "publish");
  }

  /** To one agent, or one of those of that name. Rejects like `publish`, and with AGENT_NOT_FOUND. */
  send<M extends Sendable>(
    to: string,
    message: M,
    body: BodyOf<M>,
    options: SendOptions = {},
  ): Promise<void> {
    try {
      const topic = this.#direct(to, nameOf(message));
      if (this.post.transport.hasListener?.(topic) === false) throw notFound(to);
      return this.#publish(topic, body, options, "send");
    } catch (error) {
      return Promise.reject(error);
    }
  }

  /** To all agents that accept it. Rejects like `publish`. */
  broadcast<M extends Sendable>(message: M, body: BodyOf<M>, options: SendOptions = {}): Promise<void> {
    return this.#publish(everyoneTopic(nameOf(message)), body, options, "broadcast");
  }

  /**
   * To one agent, for an answer: what its handler returns. Rejects with what the handler failed with (HANDLER_FAILED for
   * what is no AikoError), and with AGENT_NOT_FOUND, DEADLINE_EXCEEDED, ABORTED, QUEUE_FULL. Giving up aborts the handler's
   * signal.
   */
  async request<M extends Sendable>(
    to: string,
    message: M,
    body: BodyOf<M>,
    options: RequestOptions = {},
  ): Promise<ReplyOf<M>> {
    const origin = this.#originWith(options.signal);
    const envelope = this.post.envelope(this.#direct(to, nameOf(message)), body, origin, options.headers);
    const answer = await this.post.request(envelope, origin, options).catch((error) => {
      throw error.code === "AGENT_NOT_FOUND" ? notFound(to) : error;
    });
    const reply = resultOf(answer);
    const schema = typeof message === "string" ? undefined : message.reply;
    const checked = schema === undefined ? reply : await checkBody(schema, reply, `The answer of ${to}`);
    return checked as ReplyOf<M>;
  }

  #publish(topic: string, body: unknown, options: SendOptions, operation: string): Promise<void> {
    const origin = this.#originWith(options.signal);
    return this.post.publish(this.post.envelope(topic, body, origin, options.headers), origin, operation);
  }

  /** Ends with what is under way, and with the caller's own signal. */
  #originWith(signal: AbortSignal | undefined): Origin {
    const { origin } = this;
    if (signal === undefined) return origin;
    const both = origin.signal === undefined ? signal : AbortSignal.any([origin.signal, signal]);
    return { ...origin, signal: both };
  }

  #direct(to: string, name: string): string {
    assertWord("name of an agent", to);
    return inboxTopic(to, name);
  }
}

/** The body of an answer that is an error. */
export function errorBody({ code, message, hint }: AikoError): Readonly<Record<string, unknown>> {
  return { code, message, hint };
}

function resultOf(answer: Envelope): unknown {
  const code = answer.headers?.[errorHeader];
  if (code === undefined) return answer.body;
  const { message, hint } = Object(answer.body) as { readonly message?: unknown; readonly hint?: unknown };
  throw new AikoError(isErrorCode(code) ? code : "HANDLER_FAILED", {
    message: typeof message === "string" ? message : `${answer.from ?? "The handler"} failed`,
    hint: typeof hint === "string" ? hint : undefined,
  });
}

function isErrorCode(code: string): code is ErrorCode {
  return Object.hasOwn(errorCodes, code);
}

function notFound(name: string): AikoError {
  return new AikoError("AGENT_NOT_FOUND", {
    message: `There is no agent ${name}`,
    hint: "bus.agents() lists those who are there.",
  });
}
