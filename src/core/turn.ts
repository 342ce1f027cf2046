import { setImmediate } from "node:timers";

export { setImmediate as nextTurn } from "node:timers/promises";

/** The longest stretch without a break. A caller that starts 20 products at once took 12 ms to enqueue them. */
const stretchMs = 1;

let start: number | undefined;

/**
 * Whether work like the caller's has held the JavaScript thread for a while in this turn of the event loop:
 * `while (isTurnLong()) await nextTurn()` right before the work lets timers and input come in between.
 */
export function isTurnLong(): boolean {
  if (start !== undefined) return performance.now() - start > stretchMs;
  start = performance.now();
  setImmediate(() => {
    start = undefined;
  });
  return false;
}
