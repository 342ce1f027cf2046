import type { BatcherStatistics } from "../statistics.ts";

/** Counts what batchers of one operation do together. */
export class BatcherCounters {
  queued = 0;
  rejected = 0;
  cancelled = 0;
  #batches = 0;
  #items = 0;
  /** Batches of 1, 2, 3 to 4, 5 to 8, ... items. */
  readonly #sizes: number[] = [];

  count(items: number): void {
    this.#batches++;
    this.#items += items;
    const power = 32 - Math.clz32(items - 1);
    while (this.#sizes.length <= power) this.#sizes.push(0);
    this.#sizes[power] = (this.#sizes[power] ?? 0) + 1;
  }

  statistics(operation: string): BatcherStatistics {
    const { queued, rejected, cancelled } = this;
    const batchSizes = this.#sizes.map((batches, power) => ({ upTo: 2 ** power, batches }));
    return { operation, queued, batches: this.#batches, items: this.#items, rejected, cancelled, batchSizes };
  }
}
