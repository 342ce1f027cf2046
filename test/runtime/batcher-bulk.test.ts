import { describe, expect, it } from "vitest";
import { AikoError } from "#src/errors.js";
import { Batcher, type BatcherOptions } from "#src/runtime/index.js";
import { failure } from "../support/errors.js";

interface Columns {
  readonly left: Float32Array;
  readonly pair: Int32Array;
}

interface BulkFaults {
  readonly onBatch?: (count: number, log: readonly string[]) => void;
}

/** `left` plus the product of the two numbers in `pair`, in bulk form; the double, in promise form. */
function sums(options: BatcherOptions & BulkFaults = {}) {
  const log: string[] = [];
  const batcher = new Batcher<number, number, Columns, Float64Array>({
    name: "test.sums",
    ...options,
    execute: (items) => {
      log.push(`items ${items.length}`);
      return items.map((item) => item * 2);
    },
    bulk: {
      allocate: (count) => new Float64Array(count),
      execute: async ({ left, pair }, count, out) => {
        await Promise.resolve();
        log.push(`bulk ${count}`);
        options.onBatch?.(count, log);
        expect([left.length, pair.length, out.length]).toEqual([count, 2 * count, count]);
        for (let i = 0; i < count; i++) {
          out[i] = (left[i] ?? 0) + (pair[2 * i] ?? 0) * (pair[2 * i + 1] ?? 0);
        }
      },
    },
  });
  return { batcher, log };
}

const columnsOf = (count: number): Columns => ({
  left: Float32Array.from({ length: count }, (_, at) => at),
  pair: Int32Array.from({ length: 2 * count }, (_, at) => at),
});
const expected = (count: number) =>
  Float64Array.from({ length: count }, (_, at) => at + 2 * at * (2 * at + 1));

describe("runBulk", () => {
  it.each([0, 1, 99, 100, 101, 1_000])("computes %d items in batches", async (count) => {
    const { batcher, log } = sums({ maxBatchSize: 100 });
    expect(await batcher.runBulk(columnsOf(count), count)).toEqual(expected(count));
    expect(log).toHaveLength(Math.ceil(count / 100));
    expect(batcher.statistics()).toMatchObject({ batches: log.length, items: count, queued: 0 });
    expect(batcher.isIdle).toBe(true);
  });

  it("lets others have their turn between its batches", async () => {
    const { batcher, log } = sums({ maxBatchSize: 100 });
    const bulk = batcher.runBulk(columnsOf(300), 300, { caller: "bulk" });
    const other = batcher.runBulk(columnsOf(150), 150, { caller: "other" });
    const items = [batcher.run(1, { caller: "small" }), batcher.run(2, { caller: "small" })];
    expect(await Promise.all(items)).toEqual([2, 4]);
    expect(await bulk).toEqual(expected(300));
    expect(await other).toEqual(expected(150));
    expect(log).toEqual(["bulk 100", "bulk 100", "items 1", "bulk 100", "bulk 50", "items 1", "bulk 100"]);
  });

  it("keeps the order within one caller", async () => {
    const { batcher, log } = sums({ maxBatchSize: 100 });
    await Promise.all([batcher.run(1), batcher.runBulk(columnsOf(150), 150), batcher.run(2)]);
    expect(log).toEqual(["items 1", "bulk 100", "bulk 50", "items 1"]);
  });

  it("fails when one of its batches fails, and leaves the queue", async () => {
    const { batcher, log } = sums({
      maxBatchSize: 10,
      onBatch: (_count, batches) => {
        if (batches.length === 2) throw new AikoError("OUT_OF_MEMORY", { message: "in the second batch" });
      },
    });
    await failure(() => batcher.runBulk(columnsOf(100), 100), "OUT_OF_MEMORY");
    expect(log).toHaveLength(2);
    expect(batcher.statistics().queued).toBe(0);
    expect(await batcher.run(4)).toBe(8);
  });

  it("ends at once when aborted between or in its batches", async () => {
    const abort = new AbortController();
    const { batcher, log } = sums({
      maxBatchSize: 10,
      onBatch: (_count, batches) => {
        if (batches.length === 3) abort.abort();
      },
    });
    await failure(() => batcher.runBulk(columnsOf(100), 100, { signal: abort.signal }), "ABORTED");
    expect(batcher.statistics()).toMatchObject({ queued: 0, cancelled: 1 });
    expect(await batcher.run(4)).toBe(8);
    expect(log).toHaveLength(4);
  });

  it("is rejected when the batcher is disposed before its last batch", async () => {
    const { batcher, log } = sums({
      maxBatchSize: 10,
      onBatch: () => {
        batcher.dispose();
      },
    });
    await failure(() => batcher.runBulk(columnsOf(100), 100), "DISPOSED");
    expect(log).toHaveLength(1);
  });

  it("refuses arrays that do not hold the items, and batchers without a bulk form", async () => {
    const { batcher } = sums();
    const bad = (columns: unknown, count: number) =>
      failure(() => batcher.runBulk(columns as Columns, count), "INVALID_ARGUMENT");
    expect((await bad({ left: new Float32Array(3), pair: new Int32Array(5) }, 3)).message).toBe(
      "Column 'pair' has 5 numbers, which 3 items cannot share evenly",
    );
    await bad({ left: [1, 2, 3], pair: new Int32Array(6) }, 3);
    await bad({ left: new DataView(new ArrayBuffer(4)), pair: new Int32Array(6) }, 3);
    await bad(columnsOf(3), -1);
    await bad(columnsOf(3), 1.5);
    await bad(columnsOf(3), 0);
    const plain = new Batcher<number, number>({ name: "test.plain", execute: (items) => items });
    const error = await failure(() => plain.runBulk(undefined as never, 1), "INVALID_ARGUMENT");
    expect(error.hint).toBe("Give it one, or call run() for each item.");
    const only = new Batcher<number, number>({ name: "test.only" });
    await failure(() => only.run(1), "INVALID_ARGUMENT");
  });
});
