import { AikoError } from "../../errors.ts";
import { abortable } from "../../runtime/abort.ts";
import { linkedController } from "./linked.ts";
import { checkCount } from "./text.ts";

export interface DeadlineOptions {
  readonly signal: AbortSignal;
  readonly timeoutMs?: number | undefined;
  /** Subject of the messages: 'the tool "search"'. */
  readonly what: string;
}

/**
 * Runs `work` with a signal that fires when the caller's does or the time is over. Rejects with ABORTED or
 * DEADLINE_EXCEEDED at that moment, whether or not `work` looks at its signal.
 */
export async function withDeadline<T>(
  work: (signal: AbortSignal) => T | PromiseLike<T>,
  { signal, timeoutMs = Number.POSITIVE_INFINITY, what }: DeadlineOptions,
): Promise<T> {
  using own = linkedController(signal);
  const late = new AikoError("DEADLINE_EXCEEDED", { message: `${what} took longer than ${timeoutMs} ms` });
  const timer = Number.isFinite(timeoutMs)
    ? setTimeout(() => own.abort(late), Math.min(timeoutMs, 2 ** 31 - 1))
    : undefined;
  try {
    return await abortable((async () => work(own.signal))(), own.signal, what);
  } catch (error) {
    throw own.signal.reason === late ? late : error;
  } finally {
    clearTimeout(timer);
  }
}

export function checkTimeout(value: number | undefined, what: string): void {
  if (value !== undefined && value !== Number.POSITIVE_INFINITY) checkCount(value, 1, `timeoutMs of ${what}`);
}
