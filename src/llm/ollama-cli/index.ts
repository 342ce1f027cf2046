import { AikoError, isAikoError } from "../../errors.ts";
import type { Provider } from "../provider.ts";
import { readCommand } from "./command.ts";
import { findCommand } from "./find.ts";
import { OllamaCli } from "./ollama-cli.ts";

export interface OllamaCliOptions {
  /** The program, by name or path. Default: the variable AIKORYU_OLLAMA, else "ollama" on PATH. */
  readonly command?: string | undefined;
  /** The longest it may take to list its models. Default 10,000. */
  readonly probeTimeoutMs?: number | undefined;
}

/**
 * The `ollama` command, once it lists its models. Rejects with ENGINE_MISSING where there is none, CONNECTION_FAILED where it
 * reaches no server, PROTOCOL_VIOLATION where it is something else.
 */
export async function openOllamaCli(options: OllamaCliOptions = {}): Promise<Provider> {
  const path = await findCommand(options.command ?? (process.env.AIKORYU_OLLAMA || "ollama"));
  const limitMs = options.probeTimeoutMs ?? 10_000;
  const signal = AbortSignal.timeout(limitMs);
  try {
    const text = await readCommand(path, ["--version"], { signal });
    const cli = new OllamaCli(path, /version is v?(\d[\w.+-]*)/.exec(text)?.[1] ?? "of unknown version");
    await cli.models({ signal });
    return cli;
  } catch (error) {
    if (!isAikoError(error, "ABORTED")) throw error;
    throw new AikoError("CONNECTION_FAILED", {
      message: `${path} did not list its models within ${limitMs} ms`,
      hint: "Does it reach its server?",
      cause: error,
    });
  }
}
