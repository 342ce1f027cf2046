/**
 * Calls `work` when the JavaScript that runs now and every promise it settled have run, before timers and input: Node
 * empties its tick queue only after the microtasks during which it was filled.
 */
export function atTurnEnd(work: () => void): void {
  queueMicrotask(() => process.nextTick(work));
}
