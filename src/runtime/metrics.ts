import { type AikoError, allowsFallback, type ErrorCode } from "../errors.ts";
import type { Placement, Work } from "./operation.ts";
import type { Fallback } from "./report.ts";
import type { FallbackStatistics, OperationStatistics } from "./statistics.ts";

interface Counted {
  calls: number;
  failures: number;
  totalMs: number;
  bytes: number;
  flops: number;
}

/** How a call ended. */
export interface Ended {
  readonly ms: number;
  /** What it did; absent where it did nothing. */
  readonly work?: Pick<Work, "bytes" | "flops">;
  /** How many callers it was done for. Default 1. */
  readonly callers?: number;
  readonly error?: { readonly code: ErrorCode } | undefined;
}

/** Counts what a runtime does. A call that fell back counts in both places: as a failure on the GPU, as a call on the CPU. */
export class Metrics {
  readonly #operations = new Map<string, Readonly<Record<Placement, Counted>>>();
  readonly #fallbacks = new Map<
    string,
    { -readonly [K in keyof FallbackStatistics]: FallbackStatistics[K] }
  >();

  /** A call that ended in this place. Aborted calls are no failures. */
  count(operation: string, placement: Placement, { ms, work, error, callers = 1 }: Ended): void {
    const counted = this.#of(operation)[placement];
    counted.calls += callers;
    counted.totalMs += ms;
    if (error !== undefined && error.code !== "ABORTED") counted.failures += callers;
    counted.bytes += work?.bytes ?? 0;
    counted.flops += work?.flops ?? 0;
  }

  countFallback(operation: string, { device, code }: Fallback, callers = 1): void {
    const key = `${operation} ${device} ${code}`;
    const counted = this.#fallbacks.get(key);
    if (counted === undefined) this.#fallbacks.set(key, { operation, device, code, calls: callers });
    else counted.calls += callers;
  }

  operations(): OperationStatistics[] {
    return [...this.#operations].flatMap(([operation, places]) =>
      (["gpu", "cpu"] as const)
        .filter((placement) => places[placement].calls > 0)
        .map((placement) => ({ operation, placement, ...places[placement] })),
    );
  }

  fallbacks(): FallbackStatistics[] {
    return [...this.#fallbacks.values()].map((one) => ({ ...one }));
  }

  #of(operation: string): Readonly<Record<Placement, Counted>> {
    const known = this.#operations.get(operation);
    if (known !== undefined) return known;
    const fresh = { gpu: nothing(), cpu: nothing() };
    this.#operations.set(operation, fresh);
    return fresh;
  }
}

function nothing(): Counted {
  return { calls: 0, failures: 0, totalMs: 0, bytes: 0, flops: 0 };
}

/** What a batch does not settle for its callers is tried again for each of them, and counted then. */
export function isCounted(error: AikoError, callers: number): boolean {
  return callers === 1 || error.code === "ABORTED" || allowsFallback(error);
}
