import { AikoError } from "../../errors.ts";
import type { Provider } from "../provider.ts";
import { Connection } from "./connection.ts";
import { ollamaHost } from "./host.ts";
import { Ollama } from "./ollama.ts";
import { read, versionAnswer } from "./wire.ts";

export interface OllamaOptions {
  /** Where it listens. Default: the variable OLLAMA_HOST, else "http://127.0.0.1:11434". */
  readonly host?: string | undefined;
  /** Sent with each request: a proxy's token. */
  readonly headers?: Readonly<Record<string, string>> | undefined;
  /** The longest it may take to say that it is there. Default 3,000. */
  readonly probeTimeoutMs?: number | undefined;
}

/**
 * An Ollama server, once it answers. Rejects with CONNECTION_FAILED where none does, PROTOCOL_VIOLATION where something else
 * listens, INVALID_ARGUMENT for an address that is none.
 */
export async function openOllama(options: OllamaOptions = {}): Promise<Provider> {
  const connection = new Connection(ollamaHost(options.host ?? process.env.OLLAMA_HOST), options.headers);
  try {
    return new Ollama(connection, await versionOf(connection, options.probeTimeoutMs ?? 3_000));
  } catch (error) {
    connection[Symbol.dispose]();
    throw error;
  }
}

async function versionOf(connection: Connection, limitMs: number): Promise<string> {
  const signal = AbortSignal.timeout(limitMs);
  const { name } = connection;
  try {
    const answer = await connection.json("/api/version", { signal }, (value) =>
      read(versionAnswer, value, name),
    );
    return answer.version;
  } catch (error) {
    if (!signal.aborted) throw error;
    throw new AikoError("CONNECTION_FAILED", {
      message: `${name} did not answer within ${limitMs} ms`,
      hint: "Is OLLAMA_HOST right? A server under load may need a moment.",
      cause: error,
    });
  }
}
