import { AikoError } from "../../errors.ts";
import type { Provider } from "../../llm/index.ts";
import { keepAliveMs } from "./duration.ts";

/** What answers behind the server: `gpu.llm`, or one provider. */
export type LlmSource = Pick<
  Provider,
  "generate" | "chat" | "embed" | "models" | "show" | "running" | "load" | "pull"
>;

export interface LlmServerOptions {
  /** The address to listen on. Default 127.0.0.1; any other than a loopback address needs a token. */
  readonly host?: string | undefined;
  /** Default: any that is free. Where `gpu.llm` looks for Ollama it would find this server, and ask itself for ever. */
  readonly port?: number | undefined;
  /** Who sends one of these as `Authorization: Bearer` is let in; the others get 401. Default: everybody. */
  readonly token?: string | readonly string[] | undefined;
  /** Requests that run at a time. Default: the variable OLLAMA_NUM_PARALLEL, else 8. */
  readonly parallel?: number | undefined;
  /** Requests that wait; one more is answered 503. Default: the variable OLLAMA_MAX_QUEUE, else 512. */
  readonly maxQueue?: number | undefined;
  /** For requests that do not say: how long a model stays loaded. Default: OLLAMA_KEEP_ALIVE, else the provider's. */
  readonly keepAliveMs?: number | undefined;
  /** Web pages that may call, besides those of this machine: "https://*.example.org". Default: OLLAMA_ORIGINS. */
  readonly origins?: readonly string[] | undefined;
  /** Names under which a server without a token may be called, besides localhost and loopback addresses. */
  readonly hosts?: readonly string[] | undefined;
  /** The largest request. Default 64 MiB. */
  readonly maxBodyBytes?: number | undefined;
  /** The most bytes of requests held at a time, running or waiting; one more is answered 503. Default 512 MiB. */
  readonly maxPendingBytes?: number | undefined;
  /** How long a client may take to send its headers. Default 20 s. */
  readonly headersTimeoutMs?: number | undefined;
  /** How long a client may take to send a whole request. Default 2 minutes. */
  readonly requestTimeoutMs?: number | undefined;
  /** How long a client may leave a full stream unread before its request is cancelled. Default 1 minute. */
  readonly stallTimeoutMs?: number | undefined;
  /** Called after each request. */
  readonly onRequest?: ((record: RequestRecord) => void) | undefined;
}

/** One request, answered or given up. */
export interface RequestRecord {
  readonly id: string;
  readonly method: string;
  /** As it was sent: it may hold anything. */
  readonly path: string;
  /** 499: the client left. */
  readonly status: number;
  readonly model: string | undefined;
  readonly address: string;
  readonly waitedMs: number;
  readonly totalMs: number;
  readonly error: string | undefined;
}

export interface LlmServerStatistics {
  readonly running: number;
  readonly waiting: number;
  readonly answered: number;
  readonly refused: number;
}

/** A server that listens. The provider behind it is the caller's: it is not disposed here. */
export interface LlmServer extends AsyncDisposable {
  /** "http://127.0.0.1:41234": what OLLAMA_HOST can be set to; OpenAI clients take it with "/v1" behind. */
  readonly url: string;
  readonly host: string;
  readonly port: number;
  statistics(): LlmServerStatistics;
  /**
   * Stops listening, turns away who waits, lets what runs end for `graceMs` (default 10 s), then cancels it. Safe to call
   * twice; a second call with a shorter time shortens it.
   */
  close(options?: { readonly graceMs?: number | undefined }): Promise<void>;
}

export interface Settings {
  readonly host: string;
  readonly port: number;
  readonly tokens: readonly string[];
  readonly parallel: number;
  readonly maxQueue: number;
  readonly keepAliveMs: number | undefined;
  readonly origins: readonly string[];
  readonly hosts: readonly string[];
  readonly maxBodyBytes: number;
  readonly maxPendingBytes: number;
  readonly headersTimeoutMs: number;
  readonly requestTimeoutMs: number;
  readonly stallTimeoutMs: number;
}

const mebibyte = 2 ** 20;

export function settingsOf(options: LlmServerOptions, env: NodeJS.ProcessEnv = process.env): Settings {
  const tokens = [options.token ?? []].flat();
  if (tokens.some((token) => !/^[\x21-\x7e]+$/.test(token))) {
    throw invalid(
      "A token is empty or has characters that no HTTP header carries",
      "Use letters and digits.",
    );
  }
  return {
    host: options.host ?? "127.0.0.1",
    port: whole("port", options.port ?? 0, 0, 65_535),
    tokens,
    parallel: whole("parallel", options.parallel ?? variable(env, "OLLAMA_NUM_PARALLEL", 1) ?? 8, 1),
    maxQueue: whole("maxQueue", options.maxQueue ?? variable(env, "OLLAMA_MAX_QUEUE", 0) ?? 512, 0),
    keepAliveMs: options.keepAliveMs ?? keepAliveOf(env["OLLAMA_KEEP_ALIVE"]),
    origins: [...(options.origins ?? []), ...list(env["OLLAMA_ORIGINS"])],
    hosts: options.hosts ?? [],
    maxBodyBytes: whole("maxBodyBytes", options.maxBodyBytes ?? 64 * mebibyte, 1),
    maxPendingBytes: whole("maxPendingBytes", options.maxPendingBytes ?? 512 * mebibyte, 1, 2 ** 40),
    headersTimeoutMs: whole("headersTimeoutMs", options.headersTimeoutMs ?? 20_000, 1),
    requestTimeoutMs: whole("requestTimeoutMs", options.requestTimeoutMs ?? 120_000, 1),
    stallTimeoutMs: whole("stallTimeoutMs", options.stallTimeoutMs ?? 60_000, 1),
  };
}

function whole(name: string, value: number, least: number, most = 2 ** 31 - 1): number {
  if (Number.isInteger(value) && value >= least && value <= most) return value;
  throw invalid(`${name} is ${value}`, `It is a whole number from ${least} to ${most}.`);
}

function variable(env: NodeJS.ProcessEnv, name: string, least: number): number | undefined {
  const text = env[name]?.trim();
  // Ollama takes 0 for "choose".
  if (text === undefined || text === "" || (text === "0" && least > 0)) return undefined;
  if (/^\d+$/.test(text)) return Number(text);
  throw invalid(`The variable ${name} is "${text}"`, "It is a whole number.");
}

function keepAliveOf(text: string | undefined): number | undefined {
  if (text === undefined || text.trim() === "") return undefined;
  const ms = keepAliveMs(text.trim());
  if (ms !== undefined) return ms;
  throw invalid(
    `The variable OLLAMA_KEEP_ALIVE is "${text}"`,
    'It is seconds, or a duration such as "1h30m".',
  );
}

function list(text: string | undefined): string[] {
  return (text ?? "").split(",").flatMap((part) => part.trim() || []);
}

function invalid(message: string, hint: string): AikoError {
  return new AikoError("INVALID_ARGUMENT", { message, hint });
}
