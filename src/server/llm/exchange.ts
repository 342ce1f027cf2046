import type { IncomingMessage, ServerResponse } from "node:http";
import { isTurnLong, nextTurn } from "../../core/turn.ts";
import { AikoError } from "../../errors.ts";
import type { Encoding } from "./encoding.ts";
import { type Dialect, errorBody, type Failure, failureOf } from "./failure.ts";

export interface ExchangeOptions {
  readonly id: string;
  readonly dialect: Dialect;
  readonly stallTimeoutMs: number;
}

/** One request and its response. */
export class Exchange {
  readonly id: string;
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  dialect: Dialect;
  /** Fires when the client leaves, does not read what it asked for, or the server closes. */
  readonly signal: AbortSignal;
  readonly startedAt = performance.now();
  waitedMs = 0;
  heldBytes = 0;
  model: string | undefined;
  error: string | undefined;
  readonly #controller = new AbortController();
  #isGone = false;
  readonly #stallTimeoutMs: number;

  constructor(request: IncomingMessage, response: ServerResponse, options: ExchangeOptions) {
    this.id = options.id;
    this.request = request;
    this.response = response;
    this.dialect = options.dialect;
    this.#stallTimeoutMs = options.stallTimeoutMs;
    this.signal = this.#controller.signal;
    response.on("close", () => this.leave());
    response.on("error", () => {});
  }

  get elapsedMs(): number {
    return performance.now() - this.startedAt;
  }

  /** 499 for a client that left. */
  get status(): number {
    return this.#isGone ? 499 : this.response.statusCode;
  }

  /** The client is gone: without its whole answer, this ends the work behind it. */
  leave(): void {
    if (!this.response.writableFinished) this.#leave("the client left");
  }

  /** Ends the work behind the response, which ends with this error. */
  cancel(reason: AikoError): void {
    this.#controller.abort(reason);
  }

  json(value: unknown, status = 200): void {
    const text = JSON.stringify(value);
    this.response.statusCode = status;
    this.response.setHeader("content-type", "application/json; charset=utf-8");
    this.response.setHeader("content-length", Buffer.byteLength(text));
    this.response.end(text);
  }

  /** A JSON answer in parts: one of many numbers would hold the thread for long. */
  async jsonParts(parts: Iterable<string>): Promise<void> {
    this.response.setHeader("content-type", "application/json; charset=utf-8");
    for (const part of parts) {
      while (isTurnLong()) await nextTurn();
      await this.#write(part);
    }
    this.response.end();
  }

  text(text: string): void {
    this.response.setHeader("content-type", "text/plain; charset=utf-8");
    this.response.setHeader("content-length", Buffer.byteLength(text));
    this.response.end(text);
  }

  /** What failed before the first item is a status of its own; what fails later is the stream's last item. */
  async stream<T>(items: AsyncIterable<T>, encoding: Encoding<T>): Promise<void> {
    let isOpen = false;
    const open = () => {
      this.response.setHeader("content-type", encoding.type);
      this.response.setHeader("cache-control", "no-cache");
      isOpen = true;
    };
    try {
      for await (const item of items) {
        if (!isOpen) open();
        await this.#write(encoding.item(item));
      }
      if (!isOpen) open();
      this.response.end(encoding.end);
    } catch (error) {
      if (!isOpen) throw error;
      const failure = this.#note(error);
      if (!this.response.destroyed) this.response.end(encoding.failure(failure));
    }
  }

  /** Answers with an error, where the client is still there and has got nothing yet. */
  fail(error: unknown): void {
    const failure = this.#note(error);
    if (this.response.destroyed) return;
    if (this.response.headersSent) {
      this.response.destroy();
      return;
    }
    for (const [name, value] of Object.entries(failure.headers)) this.response.setHeader(name, value);
    this.json(errorBody(this.dialect, failure), failure.status);
  }

  #leave(message: string): void {
    this.#isGone = true;
    this.cancel(new AikoError("ABORTED", { message }));
  }

  #note(error: unknown): Failure {
    const failure = failureOf(error, this.model);
    this.error = failure.code === "INTERNAL" && error instanceof Error ? error.message : failure.message;
    return failure;
  }

  /** Resolves when the client has room for more. */
  async #write(text: string): Promise<void> {
    const { response, signal } = this;
    if (signal.aborted) throw signal.reason;
    if (response.write(text)) return;
    await new Promise<void>((resolve, reject) => {
      const settle = (then: () => void) => () => {
        clearTimeout(timer);
        response.off("drain", onDrain);
        signal.removeEventListener("abort", onAbort);
        then();
      };
      const onDrain = settle(resolve);
      const onAbort = settle(() => reject(signal.reason));
      const onStall = () => {
        this.#leave("the client does not read what it asked for");
        response.destroy();
      };
      const timer = setTimeout(onStall, this.#stallTimeoutMs);
      response.once("drain", onDrain);
      signal.addEventListener("abort", onAbort, { once: true });
    });
  }
}
