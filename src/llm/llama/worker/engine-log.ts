import { AikoError } from "../../../errors.ts";

const mostLines = 20;

/** What llama.cpp wrote of late: its errors say only there what went wrong. */
export class EngineLog {
  #lines: string[] = [];

  add(text: string): void {
    this.#lines = [...this.#lines, ...text.split("\n").filter((line) => line.trim() !== "")].slice(
      -mostLines,
    );
  }

  clear(): void {
    this.#lines = [];
  }

  /** The error of a load: INVALID_FILE, or UNSUPPORTED where the engine does not know the architecture. */
  explained(error: unknown, path: string): unknown {
    if (!(error instanceof Error) || error.message !== "Failed to load model") return error;
    const said = this.#lines.find((line) => line.includes("error loading model")) ?? this.#lines[0];
    const why = said?.replace(/^.*error loading model:?\s*/, "") ?? "it does not say why";
    const isUnknown = why.includes("unknown model architecture") || why.includes("unknown pre-tokenizer");
    return new AikoError(isUnknown ? "UNSUPPORTED" : "INVALID_FILE", {
      message: `llama.cpp cannot load ${path}: ${why}`,
      hint: isUnknown ? "A newer node-llama-cpp may know it." : undefined,
      cause: error,
    });
  }
}
