/**
 * Every way a call can fail. `fallback` marks the codes after which the runtime may answer from the CPU;
 * `fatal` marks those after which the device is lost. A user's mistake is neither.
 */
export const errorCodes = {
  INVALID_ARGUMENT: { fallback: false, fatal: false },
  INVALID_KERNEL: { fallback: false, fatal: false },
  INVALID_FILE: { fallback: false, fatal: false },
  FILE_NOT_FOUND: { fallback: false, fatal: false },
  DEVICE_NOT_FOUND: { fallback: false, fatal: false },
  BUFFER_DISPOSED: { fallback: false, fatal: false },
  DISPOSED: { fallback: false, fatal: false },
  QUEUE_FULL: { fallback: false, fatal: false },
  ABORTED: { fallback: false, fatal: false },
  ENGINE_MISSING: { fallback: false, fatal: false },
  SINGULAR_MATRIX: { fallback: false, fatal: false },
  NOT_POSITIVE_DEFINITE: { fallback: false, fatal: false },
  NO_CONVERGENCE: { fallback: false, fatal: false },
  OVERFLOW: { fallback: false, fatal: false },
  INVALID_VALUE: { fallback: false, fatal: false },
  RESULT_TOO_LARGE: { fallback: false, fatal: false },
  WRITE_FAILED: { fallback: false, fatal: false },
  CONNECTION_FAILED: { fallback: false, fatal: false },
  SERVER_BUSY: { fallback: false, fatal: false },
  SERVER_FAILED: { fallback: false, fatal: false },
  PROTOCOL_VIOLATION: { fallback: false, fatal: false },
  DEADLINE_EXCEEDED: { fallback: false, fatal: false },
  MODEL_NOT_FOUND: { fallback: false, fatal: false },
  CONTEXT_EXCEEDED: { fallback: false, fatal: false },
  INVALID_OUTPUT: { fallback: false, fatal: false },
  AGENT_NOT_FOUND: { fallback: false, fatal: false },
  GUARDRAIL_TRIPPED: { fallback: false, fatal: false },
  HANDOFF_CYCLE: { fallback: false, fatal: false },
  HANDLER_FAILED: { fallback: false, fatal: false },
  INTERNAL: { fallback: false, fatal: false },
  UNSUPPORTED: { fallback: true, fatal: false },
  OUT_OF_MEMORY: { fallback: true, fatal: false },
  COMPILE_FAILED: { fallback: true, fatal: false },
  DEVICE_LOST: { fallback: true, fatal: true },
  TIMEOUT: { fallback: true, fatal: true },
} as const;

export type ErrorCode = keyof typeof errorCodes;

export interface AikoErrorOptions {
  /** What happened, to which object, in which state. */
  readonly message: string;
  /** What the caller can do about it. */
  readonly hint?: string | undefined;
  readonly cause?: unknown;
}

/** The only error this package throws on purpose. Switch on `code`. */
export class AikoError extends Error {
  readonly code: ErrorCode;
  readonly hint: string | undefined;

  constructor(code: ErrorCode, options: AikoErrorOptions) {
    super(options.message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = "AikoError";
    this.code = code;
    this.hint = options.hint;
  }

  toJSON(): { code: ErrorCode; message: string; hint?: string } {
    return {
      code: this.code,
      message: this.message,
      ...(this.hint === undefined ? {} : { hint: this.hint }),
    };
  }
}

export function isAikoError(error: unknown, code?: ErrorCode): error is AikoError {
  return error instanceof AikoError && (code === undefined || error.code === code);
}

/** Whether the CPU path may answer after this error. */
export function allowsFallback(error: unknown): error is AikoError {
  return isAikoError(error) && errorCodes[error.code].fallback;
}

/** Wraps anything thrown so that callers only ever see an AikoError. */
export function toAikoError(error: unknown, code: ErrorCode = "INTERNAL"): AikoError {
  if (error instanceof AikoError) return error;
  return new AikoError(code, {
    message: error instanceof Error ? error.message : String(error),
    cause: error,
  });
}
