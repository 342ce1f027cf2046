import { harmless } from "../../core/display-text.ts";
import { AikoError, type ErrorCode } from "../../errors.ts";
import { BusyError } from "../busy.ts";

export interface Refusal {
  /** HTTP status; 200 where the error came within an answer. */
  readonly status: number;
  /** What the server says. */
  readonly text: string;
  readonly from: string;
  readonly retryAfter?: string | undefined;
  readonly location?: string | undefined;
}

/** The typed error of what an Ollama server refuses. */
export function refusalError(refusal: Refusal): AikoError {
  const { status, from } = refusal;
  const text = harmless(refusal.text.trim()).slice(0, 500) || `status ${status}`;
  if (status === 503 || status === 429) {
    return new BusyError(
      {
        message: `${from} is busy: ${text}`,
        hint: "Ask for less at once, or raise OLLAMA_MAX_QUEUE and OLLAMA_NUM_PARALLEL of the server.",
      },
      retryAfterMs(refusal.retryAfter),
    );
  }
  if (status >= 300 && status < 400) {
    return new AikoError("PROTOCOL_VIOLATION", {
      message: `${from} redirects to ${harmless(refusal.location ?? "nowhere")}`,
      hint: "Redirects are not followed: set OLLAMA_HOST to the address it leads to, if you trust it.",
    });
  }
  const code = codeOf(status, text);
  return new AikoError(code, { message: `${from}: ${text}`, hint: hints[code] });
}

function codeOf(status: number, text: string): ErrorCode {
  if (/context (length|size|window)|exceeds the (available )?context/i.test(text)) return "CONTEXT_EXCEEDED";
  if (/does not support|not supported/i.test(text)) return "UNSUPPORTED";
  if (/model\b.*\bnot found|file does not exist/i.test(text)) return "MODEL_NOT_FOUND";
  if (status === 499) return "ABORTED";
  if (status === 404 || status === 405) return "PROTOCOL_VIOLATION";
  if (status === 401 || status === 403) return "SERVER_FAILED";
  return status >= 400 && status < 500 ? "INVALID_ARGUMENT" : "SERVER_FAILED";
}

const hints: Partial<Record<ErrorCode, string>> = {
  CONTEXT_EXCEEDED: "Shorten the input, or raise sampling.contextLength.",
  MODEL_NOT_FOUND: "gpu.llm.models() lists what is there; gpu.llm.pull(NAME) downloads one.",
  PROTOCOL_VIOLATION: "Is an Ollama server listening there, of a version that has this route?",
  SERVER_FAILED: "The server's own log says more.",
};

/** Milliseconds of a Retry-After header: seconds or a date. */
function retryAfterMs(header: string | undefined): number | undefined {
  if (header === undefined) return undefined;
  const ms = /^\d+$/.test(header.trim()) ? Number(header) * 1_000 : Date.parse(header) - Date.now();
  return Number.isFinite(ms) ? Math.max(0, ms) : undefined;
}
