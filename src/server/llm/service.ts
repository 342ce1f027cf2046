import { randomUUID } from "node:crypto";
import type { IncomingMessage, ServerResponse } from "node:http";
import type { Socket } from "node:net";
import { Admission } from "./admission.ts";
import { readJson } from "./body.ts";
import type { Call } from "./call.ts";
import { Exchange } from "./exchange.ts";
import { shuttingDown, tooBusy } from "./failure.ts";
import { allowOrigin, type Guard } from "./guard.ts";
import type { LlmServerOptions, LlmSource, Settings } from "./options.ts";
import { dialectOf, type Route, routeOf } from "./routes.ts";

/** For cancelled streams to end with their error. */
const lastWordsMs = 500;

/** Takes every request to its route, and knows which are under way. */
export class Service {
  readonly #admission: Admission;
  #answered = 0;
  #heldBytes = 0;
  readonly #underWay = new Set<Exchange>();
  #isClosing = false;
  #isSettled = false;
  #timer: NodeJS.Timeout | undefined;
  #whenIdle = () => {};
  #deadline = Number.POSITIVE_INFINITY;
  readonly #source: LlmSource;
  readonly #settings: Settings;
  readonly #guard: Guard;
  readonly #onRequest: LlmServerOptions["onRequest"];

  constructor(source: LlmSource, settings: Settings, guard: Guard, onRequest: LlmServerOptions["onRequest"]) {
    this.#admission = new Admission(settings);
    this.#source = source;
    this.#settings = settings;
    this.#guard = guard;
    this.#onRequest = onRequest;
  }

  statistics() {
    const { running, waiting, refused } = this.#admission;
    return { running, waiting, refused, answered: this.#answered };
  }

  async serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const path = (request.url ?? "/").split("?")[0] ?? "/";
    const exchange = new Exchange(request, response, {
      id: requestId(request),
      dialect: dialectOf(path),
      stallTimeoutMs: this.#settings.stallTimeoutMs,
    });
    response.setHeader("x-request-id", exchange.id);
    if (this.#isClosing) response.setHeader("connection", "close");
    this.#underWay.add(exchange);
    response.on("close", () => this.#finish(exchange));
    try {
      this.#guard.check(request, path === "/");
      allowOrigin(request, response);
      if (request.method === "OPTIONS") response.writeHead(204).end();
      else await this.#handle(exchange, routeOf(request.method ?? "GET", path));
    } catch (error) {
      exchange.fail(error);
    }
  }

  /** Of requests sent one behind another, Node tells only the first one's response that the connection closed. */
  lose(socket: Socket): void {
    for (const exchange of this.#underWay) {
      if (exchange.request.socket !== socket) continue;
      exchange.leave();
      this.#finish(exchange);
    }
  }

  /** What runs then is cancelled; a later time than the one set counts for nothing. */
  endWithin(graceMs: number): void {
    if (!this.#isClosing) this.#admission.close();
    this.#isClosing = true;
    const deadline = performance.now() + graceMs;
    if (this.#isSettled || deadline >= this.#deadline) return;
    this.#deadline = deadline;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      for (const exchange of this.#underWay) exchange.cancel(shuttingDown());
      this.#timer = setTimeout(() => this.#whenIdle(), lastWordsMs);
    }, graceMs);
  }

  /** Resolves when nothing runs any more, or a little after it was cancelled. */
  async settled(): Promise<void> {
    if (this.#underWay.size > 0) {
      await new Promise<void>((resolve) => {
        this.#whenIdle = resolve;
      });
    }
    this.#isSettled = true;
    clearTimeout(this.#timer);
  }

  #finish(exchange: Exchange): void {
    if (!this.#underWay.delete(exchange)) return;
    this.#record(exchange);
    this.#heldBytes -= exchange.heldBytes;
    exchange.heldBytes = 0;
    if (this.#underWay.size === 0) this.#whenIdle();
  }

  async #handle(exchange: Exchange, { handler, rest, hasBody }: Route): Promise<void> {
    const { request } = exchange;
    const limits = {
      maxBytes: this.#settings.maxBodyBytes,
      hold: (bytes: number) => this.#hold(exchange, bytes),
    };
    const body = hasBody ? await readJson(request, limits) : undefined;
    if (!hasBody) request.resume();
    const call: Call = {
      exchange,
      source: this.#source,
      body,
      rest,
      keepAliveMs: this.#settings.keepAliveMs,
      admitted: (work) => this.#admitted(exchange, work),
    };
    await handler(call);
  }

  #hold(exchange: Exchange, bytes: number): void {
    if (!this.#underWay.has(exchange)) return;
    exchange.heldBytes += bytes;
    this.#heldBytes += bytes;
    if (this.#heldBytes > this.#settings.maxPendingBytes) throw tooBusy();
  }

  async #admitted<T>(exchange: Exchange, work: () => Promise<T>): Promise<T> {
    const asked = performance.now();
    const leave = await this.#admission.enter(this.#guard.clientOf(exchange.request), exchange.signal);
    exchange.waitedMs = performance.now() - asked;
    try {
      return await work();
    } finally {
      leave();
    }
  }

  #record(exchange: Exchange): void {
    this.#answered++;
    const { id, request, status, model, waitedMs, elapsedMs, error } = exchange;
    try {
      this.#onRequest?.({
        id,
        method: request.method ?? "",
        path: request.url ?? "",
        status,
        model,
        address: request.socket.remoteAddress ?? "",
        waitedMs,
        totalMs: elapsedMs,
        error,
      });
    } catch (thrown) {
      process.emitWarning(`onRequest of the server threw: ${thrown}`);
    }
  }
}

function requestId({ headers }: IncomingMessage): string {
  const given = headers["x-request-id"];
  return typeof given === "string" && /^[\w.-]{1,64}$/.test(given) ? given : randomUUID();
}
