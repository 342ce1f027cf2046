import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { createServer as createTlsServer } from "node:https";
import type { AddressInfo, Socket } from "node:net";
import { models, routes } from "./routes.ts";

/** What a request gets instead of its answer. */
export type Fault = (request: Received, response: ServerResponse) => void;

export interface Received {
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingMessage["headers"];
  readonly body: Record<string, unknown>;
}

export interface FakeOllamaOptions {
  /** Names of the models that are there. */
  readonly models?: readonly string[];
  /** Stands before "/api". */
  readonly path?: string;
  readonly tls?: { readonly key: string; readonly cert: string };
  /** The address to listen on. Default "127.0.0.1". */
  readonly address?: string;
}

/** An Ollama server that answers by rule, written from the facts of the wire: what it says is the words of the prompt, reversed. */
export class FakeOllama implements AsyncDisposable {
  readonly received: Received[] = [];
  /** Models that are there; `pull` adds one. */
  readonly models: string[];
  readonly #faults = new Map<string, Fault[]>();
  readonly #sockets = new Set<Socket>();
  readonly #server: ReturnType<typeof createServer>;
  readonly #options: FakeOllamaOptions;
  /** Whether every connection is cut before an answer. */
  isDown = false;
  #port = 0;
  /** Connections that were ever opened. */
  connections = 0;
  /** Requests whose socket the client closed before the answer was whole. */
  cancelled = 0;

  private constructor(options: FakeOllamaOptions) {
    this.#options = options;
    this.models = [...(options.models ?? models)];
    const listener = (request: IncomingMessage, response: ServerResponse) =>
      void this.#serve(request, response);
    this.#server =
      options.tls === undefined ? createServer(listener) : createTlsServer(options.tls, listener);
    this.#server.on(options.tls === undefined ? "connection" : "secureConnection", (socket: Socket) => {
      this.connections++;
      this.#sockets.add(socket);
      socket.once("close", () => this.#sockets.delete(socket));
    });
  }

  static async start(options: FakeOllamaOptions = {}): Promise<FakeOllama> {
    const fake = new FakeOllama(options);
    await new Promise<void>((resolve) => {
      fake.#server.listen(0, options.address ?? "127.0.0.1", resolve);
    });
    fake.#port = (fake.#server.address() as AddressInfo).port;
    return fake;
  }

  get port(): number {
    return this.#port;
  }

  get host(): string {
    const { tls, path = "", address = "127.0.0.1" } = this.#options;
    const name = address.includes(":") ? `[${address}]` : address;
    return `${tls === undefined ? "http" : "https"}://${name}:${this.port}${path}`;
  }

  /** The sockets that are open now. */
  get openSockets(): number {
    return this.#sockets.size;
  }

  /** The next requests of a route get these, one after the other; then it answers again. */
  fail(path: string, ...faults: Fault[]): void {
    this.#faults.set(path, [...(this.#faults.get(path) ?? []), ...faults]);
  }

  /** The requests of one route so far. */
  of(path: string): readonly Received[] {
    return this.received.filter((each) => each.path === path);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const parts: Buffer[] = [];
    for await (const part of request) parts.push(part as Buffer);
    const text = Buffer.concat(parts).toString("utf8");
    const prefix = this.#options.path ?? "";
    const received: Received = {
      method: request.method ?? "",
      path: (request.url ?? "").slice(prefix.length),
      headers: request.headers,
      body: text === "" ? {} : JSON.parse(text),
    };
    this.received.push(received);
    response.once("close", () => {
      if (!response.writableFinished) this.cancelled++;
    });
    const fault = this.#faults.get(received.path)?.shift();
    if (this.isDown) request.socket.resetAndDestroy();
    else if (fault !== undefined) fault(received, response);
    else if (!(request.url ?? "").startsWith(prefix)) response.writeHead(404).end("404 page not found");
    else routes(this, received, response);
  }
}
