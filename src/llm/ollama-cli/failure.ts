import { AikoError } from "../../errors.ts";
import { refusalError } from "../ollama/status.ts";
import { plainText } from "./terminal-text.ts";

/** The typed error of a command that did not start, or did not end with 0. */
export function commandError(
  path: string,
  args: readonly string[],
  code: number | null,
  signal: NodeJS.Signals | null,
  stderr: string,
  failed: NodeJS.ErrnoException | undefined,
): AikoError {
  if (failed !== undefined) {
    return new AikoError("ENGINE_MISSING", {
      message: `The command ${path} cannot be started: ${failed.message}`,
      hint: "Install Ollama, put it on PATH, or name its path in AIKORYU_OLLAMA.",
      cause: failed,
    });
  }
  const what = `${path} ${args[0] ?? ""}`;
  if (signal !== null) {
    return new AikoError("SERVER_FAILED", {
      message: `${what} was killed by ${signal}`,
      hint: signal === "SIGKILL" ? "The system kills what takes too much memory." : undefined,
    });
  }
  const text = errorLine(stderr);
  if (/could not connect|connection refused|is it running|not responding|no such host/i.test(text)) {
    return new AikoError("CONNECTION_FAILED", {
      message: `${what}: ${text}`,
      hint: "The command needs the server: start it (ollama serve), or set OLLAMA_HOST to where it runs.",
    });
  }
  if (/unknown (flag|command|shorthand)/i.test(text)) {
    return new AikoError("UNSUPPORTED", {
      message: `${what}: ${text}`,
      hint: "This version of the command does not know it: update Ollama, or use it over HTTP.",
    });
  }
  const status = /server busy/i.test(text) ? 503 : 500;
  return refusalError({ status, text: text || `ended with code ${code} and said nothing`, from: what });
}

/** The "Error: ..." line, else the last line, of what a command printed for people. */
function errorLine(stderr: string): string {
  const lines = plainText(stderr)
    .split(/[\r\n]+/)
    .map((line) => line.trim())
    .filter((line) => line !== "");
  const line = lines.findLast((each) => each.startsWith("Error:")) ?? lines.at(-1) ?? "";
  return line.replace(/^Error:\s*/, "");
}
