export interface TickOptions {
  readonly intervalMs: number;
  readonly signal: AbortSignal;
  /** Whether waiting keeps the process from ending. */
  readonly keepAlive: boolean;
}

/** Ends at multiples of the interval since the start; those that passed while nobody waited are left out. */
export async function* ticks({ intervalMs, signal, keepAlive }: TickOptions): AsyncGenerator<void> {
  const start = performance.now();
  for (let tick = 1; ; tick++) {
    const passed = performance.now() - start;
    // A timer may fire a fraction of a millisecond early.
    tick = Math.max(tick, Math.floor(passed / intervalMs) + 1);
    await rest(tick * intervalMs - passed, signal, keepAlive);
    if (signal.aborted) return;
    yield;
  }
}

function rest(ms: number, signal: AbortSignal, keepAlive: boolean): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) return resolve();
    const done = () => {
      clearTimeout(timer);
      signal.removeEventListener("abort", done);
      resolve();
    };
    const timer = setTimeout(done, ms);
    if (!keepAlive) timer.unref();
    signal.addEventListener("abort", done);
  });
}
