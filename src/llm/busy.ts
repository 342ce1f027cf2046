import { AikoError, type AikoErrorOptions } from "../errors.ts";

/** SERVER_BUSY of a server that says when to come back. */
export class BusyError extends AikoError {
  /** Milliseconds. */
  readonly retryAfterMs: number | undefined;

  constructor(options: AikoErrorOptions, retryAfterMs: number | undefined) {
    super("SERVER_BUSY", options);
    this.retryAfterMs = retryAfterMs;
  }
}
