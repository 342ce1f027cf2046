import { disposeIfAble } from "../core/dispose.ts";
import { AikoError } from "../errors.ts";

export function abortError(signal: AbortSignal, what: string): AikoError {
  return new AikoError("ABORTED", { message: `${what} was aborted`, cause: signal.reason });
}

/**
 * Rejects with ABORTED as soon as the signal fires. What was running ends by itself; its result, when it still comes,
 * is disposed.
 */
export function abortable<T>(work: Promise<T>, signal: AbortSignal | undefined, what: string): Promise<T> {
  if (signal === undefined) return work;
  return new Promise<T>((resolve, reject) => {
    let aborted = false;
    const onAbort = () => {
      aborted = true;
      reject(abortError(signal, what));
    };
    if (signal.aborted) onAbort();
    else signal.addEventListener("abort", onAbort, { once: true });
    work
      .then((value) => (aborted ? disposeIfAble(value) : resolve(value)), reject)
      .finally(() => signal.removeEventListener("abort", onAbort));
  });
}
