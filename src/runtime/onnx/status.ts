import { AikoError, type ErrorCode } from "../../errors.ts";
import type { Address, OnnxLibrary } from "./library.ts";

/** OrtErrorCode: what it means where a model is opened, and where it runs. */
const codes: Readonly<Record<number, readonly [opening: ErrorCode, running: ErrorCode]>> = {
  1: ["INVALID_FILE", "INVALID_ARGUMENT"],
  2: ["INVALID_FILE", "INVALID_ARGUMENT"],
  6: ["INVALID_FILE", "INVALID_ARGUMENT"],
  7: ["INVALID_FILE", "INTERNAL"],
  9: ["UNSUPPORTED", "UNSUPPORTED"],
  10: ["INVALID_FILE", "INTERNAL"],
  11: ["UNSUPPORTED", "UNSUPPORTED"],
};

/** Throws for a status that is an error, and frees it: ONNX Runtime's own words, without its file names and line numbers. */
export function checkModel(
  library: OnnxLibrary,
  status: Address | null,
  phase: "opening" | "running" = "running",
): void {
  if (status === null) return;
  const number = library.getErrorCode(status);
  const text = library.getErrorMessage(status);
  library.releaseStatus(status);
  const [opening, running] = codes[number] ?? ["INTERNAL", "INTERNAL"];
  const isFull = /failed to allocate|bad_alloc|out of memory/i.test(text);
  const code = isFull ? "OUT_OF_MEMORY" : phase === "opening" ? opening : running;
  throw new AikoError(code, { message: `ONNX Runtime: ${withoutPlaces(text)}` });
}

function withoutPlaces(text: string): string {
  return text
    .replace(/\S*\/\S+\.(?:cc|h):\d+\s*/g, "")
    .replace(/\s+/g, " ")
    .trim();
}
