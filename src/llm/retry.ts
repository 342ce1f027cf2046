import { setTimeout as sleep } from "node:timers/promises";
import { AikoError, isAikoError } from "../errors.ts";
import { BusyError } from "./busy.ts";

export interface RetryOptions {
  /**
   * How often a request is sent again that nobody took (CONNECTION_FAILED, SERVER_BUSY), never after a piece of the answer came.
   * Default 2.
   */
  readonly retries?: number | undefined;
  /** The pause before the first retry, in milliseconds; each further one doubles. Default 250. */
  readonly retryDelayMs?: number | undefined;
}

const longestPauseMs = 30_000;

/** Decides whether and when a failed request is sent again. */
export class Retries {
  readonly #most: number;
  readonly #delayMs: number;
  #failures = 0;
  /** Requests sent so far. */
  attempts = 0;

  constructor(options: RetryOptions) {
    this.#most = natural("retries", options.retries ?? 2);
    this.#delayMs = natural("retryDelayMs", options.retryDelayMs ?? 250);
  }

  /** Resolves when it is time to try again; throws `error` where that is not safe or not worth it. */
  async pause(error: unknown, signal: AbortSignal): Promise<void> {
    this.#failures++;
    if (this.#failures > this.#most || !isSafe(error) || signal.aborted) throw error;
    const backOffMs = Math.min(longestPauseMs, this.#delayMs * 2 ** (this.#failures - 1));
    const jitterMs = backOffMs * (0.5 + Math.random() / 2);
    const askedMs = error instanceof BusyError ? (error.retryAfterMs ?? 0) : 0;
    if (askedMs > longestPauseMs) throw error;
    await sleep(Math.max(jitterMs, askedMs), undefined, { signal }).catch(() => {
      throw error;
    });
  }
}

function isSafe(error: unknown): boolean {
  return isAikoError(error, "CONNECTION_FAILED") || isAikoError(error, "SERVER_BUSY");
}

/** Throws INVALID_ARGUMENT. */
export function natural(option: string, value: number): number {
  if (Number.isSafeInteger(value) && value >= 0) return value;
  throw new AikoError("INVALID_ARGUMENT", {
    message: `${option} is ${value}, not a whole number of 0 or more`,
  });
}
