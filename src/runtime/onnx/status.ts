import { AikoError, type ErrorCode } from "../../errors.ts";
import type { Address, OnnxLibrary } from "./library.ts";

/** OrtErrorCode, where a model runs. Where it is opened, everything but damage is something that ONNX Runtime lacks. */
const running: Readonly<Record<number, ErrorCode>> = {
  1: "INVALID_ARGUMENT",
  2: "INVALID_ARGUMENT",
  6: "INVALID_ARGUMENT",
  9: "UNSUPPORTED",
  11: "UNSUPPORTED",
};
const invalidProtobuf = 7;

/** Throws for a status that is an error, and frees it: ONNX Runtime's own words, without its places in C++. */
export function checkModel(
  library: OnnxLibrary,
  status: Address | null,
  phase: "opening" | "running" = "running",
): void {
  if (status === null) return;
  const number = library.getErrorCode(status);
  const text = library.getErrorMessage(status);
  library.releaseStatus(status);
  throw new AikoError(codeOf(number, text, phase), { message: `ONNX Runtime: ${withoutPlaces(text)}` });
}

function codeOf(number: number, text: string, phase: "opening" | "running"): ErrorCode {
  if (/failed to allocate|bad_alloc|out of memory/i.test(text)) return "OUT_OF_MEMORY";
  if (phase === "opening") return number === invalidProtobuf ? "INVALID_FILE" : "UNSUPPORTED";
  if (/not (?:supported|implemented|defined)|unsupported/i.test(text)) return "UNSUPPORTED";
  return running[number] ?? "INTERNAL";
}

const file = /\S*\/\S+\.(?:cc|h):\d+\s*/g;
/** "virtual onnxruntime::common::Status onnxruntime::ConvInteger::Compute(onnxruntime::OpKernelContext*) const " */
const functionName =
  /(?:\b(?:virtual|static|void) )*(?:[\w:<>*&]+ )?onnxruntime::(?:[\w:]+::)?(\w+)(?:<[^>]*>)?::~?\w+\((?:[^()]|\([^()]*\))*\)(?: const)?(?:::<lambda\([^)]*\)>)?(?: \[with [^\]]*\])?/g;

function withoutPlaces(text: string): string {
  return text.replace(file, "").replace(functionName, "$1:").replace(/\s+/g, " ").trim();
}
