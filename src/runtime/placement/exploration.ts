/** Of the time an operation takes, what may be lost by trying the place that is predicted to be slower. */
const share = 0.02;
const initialMs = 2;
const mostSavedMs = 1_000;
/** An unsure prediction may be this far off. */
const margin = 3;

/**
 * Decides which calls try the other place. Each operation earns two hundredths of the time it takes; a call is tried
 * only if what it could lose was earned, so that trying never costs more than that share.
 */
export class Exploration {
  readonly #earnedMs = new Map<string, number>();

  /** Whether a call may go where it is predicted to lose `lossMs`, taking `ms` there after `startMs` of preparation. */
  allows(operation: string, lossMs: number, ms: number, startMs = 0): boolean {
    return startMs + Math.max(lossMs, 0) + (margin - 1) * ms <= this.#earned(operation);
  }

  /** After any call placed by prediction; `lostMs` is what trying cost, 0 where nothing was tried. */
  settle(operation: string, tookMs: number, lostMs: number): void {
    const earned = this.#earned(operation) + share * tookMs - Math.max(0, lostMs);
    this.#earnedMs.set(operation, Math.min(mostSavedMs, earned));
  }

  #earned(operation: string): number {
    return this.#earnedMs.get(operation) ?? initialMs;
  }
}
