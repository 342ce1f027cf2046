import type { AikoError, ErrorCode } from "../errors.ts";

export interface BreakerOptions {
  /** Failures in a row after which the device is rested. Default 3. A timeout counts as all of them. */
  readonly threshold?: number | undefined;
  /** How long it is rested, in milliseconds. Default 30,000. */
  readonly restMs?: number | undefined;
}

/** Facts about the call, not about the device's health. */
const blameless: ReadonlySet<ErrorCode> = new Set<ErrorCode>(["UNSUPPORTED", "OUT_OF_MEMORY"]);

/** Permission for one call; settle it exactly once. */
export interface Permit {
  succeed(): void;
  /** Counts against the device, unless it is a fact about the call: UNSUPPORTED, OUT_OF_MEMORY. */
  fail(error: AikoError): void;
  /** The call ended for reasons that say nothing about the device. */
  cancel(): void;
}

/**
 * Keeps calls away from a device that fails: ready -> (failures) resting -> (time) probed by one call -> ready or
 * resting again. The circuit breaker of Nygard, "Release It!".
 */
export class Breaker {
  readonly #threshold: number;
  readonly #restMs: number;
  #failures = 0;
  #restedUntil = 0;
  #probing = false;
  /** Failures counted so far, each of which ends what earlier calls can tell. */
  #incident = 0;
  #lastError: AikoError | undefined;

  constructor(options: BreakerOptions = {}) {
    this.#threshold = options.threshold ?? 3;
    this.#restMs = options.restMs ?? 30_000;
  }

  get lastError(): AikoError | undefined {
    return this.#lastError;
  }

  get restMsLeft(): number {
    return Math.max(0, this.#restedUntil - performance.now());
  }

  /** A permit, or `undefined` while the device is rested or another call probes it. */
  enter(): Permit | undefined {
    if (this.#failures < this.#threshold) return this.#permit(false);
    if (this.#probing || this.restMsLeft > 0) return undefined;
    this.#probing = true;
    return this.#permit(true);
  }

  /** A call that began before the last failure is part of it, or says nothing of what came after it. */
  #permit(probe: boolean): Permit {
    const incident = this.#incident;
    const settle = () => {
      if (probe) this.#probing = false;
    };
    return {
      succeed: () => {
        settle();
        if (incident === this.#incident) this.#failures = 0;
      },
      fail: (error) => {
        settle();
        if (blameless.has(error.code)) return;
        if (incident === this.#incident || error.code === "TIMEOUT") this.#count(error);
      },
      cancel: settle,
    };
  }

  #count(error: AikoError): void {
    this.#incident++;
    this.#lastError = error;
    this.#failures = error.code === "TIMEOUT" ? this.#threshold : this.#failures + 1;
    if (this.#failures >= this.#threshold) this.#restedUntil = performance.now() + this.#restMs;
  }
}
