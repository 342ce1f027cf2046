import { setMaxListeners } from "node:events";

/** A controller that follows a signal until it is disposed. Any number of others may follow its own. */
export interface LinkedController extends Disposable {
  readonly signal: AbortSignal;
  abort(reason?: unknown): void;
}

export function linkedController(signal: AbortSignal): LinkedController {
  const own = new AbortController();
  setMaxListeners(0, own.signal);
  const follow = () => own.abort(signal.reason);
  if (signal.aborted) follow();
  else signal.addEventListener("abort", follow, { once: true });
  return {
    signal: own.signal,
    abort: (reason) => own.abort(reason),
    [Symbol.dispose]: () => signal.removeEventListener("abort", follow),
  };
}
