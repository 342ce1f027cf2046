import {
  Agent as HttpAgent,
  request as httpRequest,
  type IncomingMessage,
  type RequestOptions,
} from "node:http";
import { Agent as HttpsAgent, request as httpsRequest } from "node:https";
import { harmless } from "../../core/display-text.ts";
import { isTurnLong, nextTurn } from "../../core/turn.ts";
import { AikoError, isAikoError } from "../../errors.ts";
import { abortError } from "../../runtime/index.ts";
import type { OllamaHost } from "./host.ts";
import { JsonLines } from "./lines.ts";
import { refusalError } from "./status.ts";

const connectMs = 10_000;
const drainMs = 1_000;
const mostBytes = 16 * 2 ** 20;
const mostErrorBytes = 64 * 2 ** 10;

export interface Sent {
  readonly method?: "GET" | "POST";
  readonly body?: unknown;
  readonly signal?: AbortSignal | undefined;
}

/** Requests to one server over one pool of connections that stay open between them. */
export class Connection implements Disposable {
  readonly host: OllamaHost;
  readonly #agent: HttpAgent;
  readonly #headers: Readonly<Record<string, string>>;
  #isDisposed = false;

  constructor(host: OllamaHost, headers: Readonly<Record<string, string>> = {}) {
    const pool = { keepAlive: true, maxSockets: 64, maxFreeSockets: 8 };
    this.host = host;
    this.#headers = headers;
    this.#agent = host.isSecure ? new HttpsAgent(pool) : new HttpAgent(pool);
  }

  /** The server in messages. */
  get name(): string {
    return `The Ollama server at ${this.host.text}`;
  }

  /** The JSON values of an answer, one a line. Leaving early closes the socket, unless `isLast` said that no more comes. */
  async *lines<T>(
    path: string,
    sent: Sent,
    read: (value: unknown) => T,
    isLast: (value: T) => boolean,
  ): AsyncGenerator<T, void> {
    const response = await this.#open(path, sent);
    const lines = new JsonLines(this.name);
    let isDone = false;
    try {
      for await (const chunk of response.iterator({ destroyOnReturn: false })) {
        for (const value of lines.push(chunk)) {
          const item = this.#item(value, read);
          isDone = isLast(item);
          yield item;
          if (isDone) return;
          if (isTurnLong()) await nextTurn();
        }
      }
      for (const value of lines.end()) yield this.#item(value, read);
    } catch (error) {
      throw this.#failure(error, sent.signal, "was lost in the middle of its answer");
    } finally {
      if (isDone) drain(response);
      else response.destroy();
    }
  }

  /** The bytes of an answer, in pieces. */
  async *bytes(path: string, sent: Sent): AsyncGenerator<Uint8Array, void> {
    const response = await this.#open(path, sent);
    try {
      for await (const bytes of response) {
        yield bytes;
        if (isTurnLong()) await nextTurn();
      }
    } catch (error) {
      throw this.#failure(error, sent.signal, "was lost in the middle of its answer");
    } finally {
      response.destroy();
    }
  }

  /** The JSON value that an answer is. */
  async json<T>(path: string, sent: Sent, read: (value: unknown) => T): Promise<T> {
    const parts: Uint8Array[] = [];
    let length = 0;
    for await (const part of this.bytes(path, sent)) {
      parts.push(part);
      length += part.length;
      if (length > mostBytes) throw this.#violation(`answers with more than ${mostBytes} bytes`);
    }
    const text = Buffer.concat(parts).toString("utf8");
    let value: unknown;
    try {
      value = JSON.parse(text);
    } catch (cause) {
      const shown = harmless(text.slice(0, 100));
      throw this.#violation(
        shown === "" ? "answers with nothing" : `answers with what is not JSON: ${shown}`,
        cause,
      );
    }
    return this.#item(value, read);
  }

  [Symbol.dispose](): void {
    this.#isDisposed = true;
    this.#agent.destroy();
  }

  #item<T>(value: unknown, read: (value: unknown) => T): T {
    const error = errorText(value);
    if (error !== undefined) throw refusalError({ status: 200, text: error, from: this.name });
    return read(value);
  }

  async #open(path: string, sent: Sent): Promise<IncomingMessage> {
    if (this.#isDisposed) throw this.#disposed();
    if (sent.signal?.aborted) throw abortError(sent.signal, `The request to ${this.host.text}`);
    const body = sent.body === undefined ? undefined : Buffer.from(JSON.stringify(sent.body));
    const response = await this.#send(path, sent, body).catch((error) => {
      throw this.#failure(error, sent.signal, "cannot be reached");
    });
    const { statusCode: status = 0, headers } = response;
    if (status >= 200 && status < 300) return response;
    const text = await errorBody(response);
    const retryAfter = headers["retry-after"];
    throw refusalError({ status, text, from: this.name, retryAfter, location: headers.location });
  }

  #send(path: string, sent: Sent, body: Buffer | undefined, isAgain = false): Promise<IncomingMessage> {
    const { host } = this;
    const options: RequestOptions = {
      agent: this.#agent,
      hostname: host.name,
      port: host.port,
      path: `${host.path}${path}`,
      method: sent.method ?? (body === undefined ? "GET" : "POST"),
      headers: {
        accept: "application/x-ndjson, application/json",
        "user-agent": "aikoryu",
        ...(body === undefined
          ? {}
          : { "content-type": "application/json", "content-length": body.byteLength }),
        ...this.#headers,
      },
      ...(host.auth === undefined ? {} : { auth: host.auth }),
      ...(sent.signal === undefined ? {} : { signal: sent.signal }),
    };
    return new Promise((resolve, reject) => {
      const request = (host.isSecure ? httpsRequest : httpRequest)(options);
      let timer: NodeJS.Timeout | undefined;
      let isAnswered = false;
      request.once("socket", (socket) => {
        if (!socket.connecting) return;
        timer = setTimeout(() => request.destroy(connectTimeout()), connectMs);
        socket.once(host.isSecure ? "secureConnect" : "connect", () => clearTimeout(timer));
      });
      request.once("response", (response) => {
        clearTimeout(timer);
        isAnswered = true;
        resolve(response);
      });
      request.on("error", (error: NodeJS.ErrnoException) => {
        clearTimeout(timer);
        if (isAnswered) return;
        const isStale = request.reusedSocket && error.code === "ECONNRESET" && !sent.signal?.aborted;
        if (isStale && !isAgain) this.#send(path, sent, body, true).then(resolve, reject);
        else reject(error);
      });
      request.end(body);
    });
  }

  #disposed(): AikoError {
    return new AikoError("DISPOSED", {
      message: `The connection to ${this.host.text} is closed`,
      hint: "Dispose gpu.llm, or the provider, after its last call.",
    });
  }

  #violation(what: string, cause?: unknown): AikoError {
    return new AikoError("PROTOCOL_VIOLATION", {
      message: `${this.name} ${what}`,
      hint: "Is an Ollama server listening there, and not something else, or a proxy before it?",
      cause,
    });
  }

  #failure(error: unknown, signal: AbortSignal | undefined, what: string): AikoError {
    if (isAikoError(error)) return error;
    if (this.#isDisposed) return this.#disposed();
    if (signal?.aborted) return abortError(signal, `The request to ${this.host.text}`);
    const { code = "", message } = error as NodeJS.ErrnoException;
    if (code.startsWith("HPE_")) {
      return new AikoError("PROTOCOL_VIOLATION", {
        message: `${this.name} does not speak HTTP: ${message}`,
        hint: "Is OLLAMA_HOST the address and port of an Ollama server?",
        cause: error,
      });
    }
    if (/^ERR_(HTTP_)?(INVALID|UNESCAPED)/.test(code)) {
      return new AikoError("INVALID_ARGUMENT", {
        message: `A request to ${this.host.text} cannot be sent: ${message}`,
        hint: "Are the headers, the user and the path right?",
        cause: error,
      });
    }
    return new AikoError("CONNECTION_FAILED", {
      message: `${this.name} ${what}: ${message || code}`,
      hint: hintOf(code, this.host),
      cause: error,
    });
  }
}

function connectTimeout(): AikoError {
  return new AikoError("CONNECTION_FAILED", {
    message: `No connection within ${connectMs} ms`,
    hint: "Is OLLAMA_HOST right, and does a firewall let it through?",
  });
}

function hintOf(code: string, host: OllamaHost): string {
  if (code === "ECONNREFUSED") return `Start it there (ollama serve), or set OLLAMA_HOST to where it runs.`;
  if (code === "ENOTFOUND" || code === "EAI_AGAIN")
    return `The name ${host.name} is not known: check OLLAMA_HOST.`;
  if (/CERT|TLS|SSL|SELF_SIGNED/.test(code)) {
    return "Its certificate is not trusted: NODE_EXTRA_CA_CERTS names a file of further ones.";
  }
  return "Is it running, and is OLLAMA_HOST right?";
}

/** Lets the rest of a finished answer arrive, so that the connection serves again. */
function drain(response: IncomingMessage): void {
  if (response.readableEnded) return;
  const timer = setTimeout(() => response.destroy(), drainMs);
  timer.unref();
  response.once("close", () => clearTimeout(timer));
  response.on("error", () => {});
  response.resume();
}

async function errorBody(response: IncomingMessage): Promise<string> {
  const parts: Uint8Array[] = [];
  let length = 0;
  try {
    for await (const part of response) {
      parts.push(part);
      length += part.length;
      if (length >= mostErrorBytes) break;
    }
  } catch {
    // what came of it will do
  }
  const text = Buffer.concat(parts).toString("utf8");
  try {
    return errorText(JSON.parse(text)) ?? text;
  } catch {
    return text;
  }
}

function errorText(value: unknown): string | undefined {
  if (typeof value !== "object" || value === null || !("error" in value)) return undefined;
  const { error } = value;
  if (typeof error === "string") return error;
  if (typeof error === "object" && error !== null && "message" in error) return String(error.message);
  return error === undefined || error === null ? undefined : JSON.stringify(error);
}
