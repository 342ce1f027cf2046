import { afterEach, describe, expect, it, vi } from "vitest";
import { AikoError } from "#src/errors.js";
import { Batcher, type BatcherOptions } from "#src/runtime/index.js";
import { failure } from "../support/errors.js";

interface Started {
  readonly items: readonly number[];
  readonly signal: AbortSignal;
  finish(results?: readonly (number | Error)[]): void;
  fail(error: unknown): void;
}

/** A batcher whose batches end when the test says so; an item's result is its double. */
function manual(options: BatcherOptions = {}) {
  const started: Started[] = [];
  const batcher = new Batcher<number, number>({
    name: "test.double",
    ...options,
    execute: (items, { signal }) =>
      new Promise((resolve, reject) => {
        const finish = (results: readonly (number | Error)[] = items.map((item) => item * 2)) =>
          resolve(results);
        started.push({ items: [...items], signal, finish, fail: reject });
      }),
  });
  const finishAll = async (promises: readonly Promise<unknown>[]) => {
    let settled = false;
    const all = Promise.allSettled(promises).finally(() => {
      settled = true;
    });
    while (!settled) {
      for (const { finish } of started) finish();
      await turn();
    }
    return all;
  };
  const begun = async (count: number) => {
    while (started.length < count) await turn();
  };
  return { batcher, started, finishAll, begun };
}

const sizes = (started: readonly Started[]) => started.map(({ items }) => items.length);
const turn = () => new Promise((resolve) => setImmediate(resolve));
const range = (length: number) => Array.from({ length }, (_, at) => at);

describe("a batch", () => {
  it("is what was called in one turn, promises included", async () => {
    const { batcher, started, finishAll, begun } = manual();
    const calls = [batcher.run(1), batcher.run(2)];
    let later: Promise<number> | undefined;
    await Promise.resolve()
      .then(() => Promise.resolve())
      .then(() => {
        later = batcher.run(3);
        expect(started).toHaveLength(0);
      });
    await begun(1);
    expect(started.map(({ items }) => items)).toEqual([[1, 2, 3]]);
    await finishAll([...calls, later as Promise<number>]);
    expect(await Promise.all([...calls, later])).toEqual([2, 4, 6]);
  });

  it("takes what came while the one before it was executed", async () => {
    const { batcher, started, finishAll, begun } = manual();
    const calls = [batcher.run(1)];
    await begun(1);
    calls.push(...[2, 3, 4].map((item) => batcher.run(item)));
    await turn();
    expect(sizes(started)).toEqual([1]);
    await finishAll(calls);
    expect(sizes(started)).toEqual([1, 3]);
  });

  it("has at most maxBatchSize items, and 10,000 calls at once all get their own result", async () => {
    const { batcher, started, finishAll } = manual({ maxBatchSize: 512 });
    const calls = range(10_000).map((item) => batcher.run(item));
    await finishAll(calls);
    expect(await Promise.all(calls)).toEqual(range(10_000).map((item) => item * 2));
    expect(sizes(started)).toEqual([...Array(19).fill(512), 272]);
    expect(batcher.statistics()).toMatchObject({ batches: 20, items: 10_000, queued: 0, rejected: 0 });
  });

  it("has a preferred size when the queue fills one", async () => {
    const { batcher, started, finishAll } = manual({ maxBatchSize: 20, preferredBatchSizes: [4, 16] });
    await finishAll(range(23).map((item) => batcher.run(item)));
    expect(sizes(started)).toEqual([16, 4, 3]);
  });

  it("counts its sizes", async () => {
    const { batcher, finishAll } = manual({ maxBatchSize: 5 });
    await finishAll(range(13).map((item) => batcher.run(item)));
    const counted = batcher.statistics().batchSizes?.filter(({ batches }) => batches > 0);
    expect(counted).toEqual([
      { upTo: 4, batches: 1 },
      { upTo: 8, batches: 2 },
    ]);
  });
});

it("batches that hold the thread let timers and input come in between", async () => {
  const order: string[] = [];
  const busy = (ms: number) => {
    for (const until = performance.now() + ms; performance.now() < until; );
  };
  const batcher = new Batcher<number, number>({
    name: "test.busy",
    maxBatchSize: 1,
    execute: (items) => {
      order.push("batch");
      busy(3);
      return items;
    },
  });
  setImmediate(() => order.push("input"));
  await Promise.all(range(6).map((item) => batcher.run(item)));
  expect(order.filter((event) => event === "batch")).toHaveLength(6);
  expect(order.indexOf("input")).toBeGreaterThanOrEqual(0);
  expect(order.indexOf("input")).toBeLessThan(3);
});

describe("maxQueueDelayMs", () => {
  afterEach(() => {
    vi.useRealTimers();
  });

  it("lets a batch wait for company that long, from its first call on", async () => {
    vi.useFakeTimers();
    const { batcher, started } = manual({ maxQueueDelayMs: 10, maxBatchSize: 4 });
    void batcher.run(1);
    await vi.advanceTimersByTimeAsync(6);
    void batcher.run(2);
    await vi.advanceTimersByTimeAsync(3);
    expect(started).toHaveLength(0);
    await vi.advanceTimersByTimeAsync(1);
    expect(sizes(started)).toEqual([2]);
  });

  it("ends early for a full batch and for a preferred size", async () => {
    vi.useFakeTimers();
    const full = manual({ maxQueueDelayMs: 1_000, maxBatchSize: 3 });
    for (const item of range(3)) void full.batcher.run(item);
    const preferred = manual({ maxQueueDelayMs: 1_000, maxBatchSize: 9, preferredBatchSizes: [2] });
    for (const item of range(3)) void preferred.batcher.run(item);
    await vi.advanceTimersByTimeAsync(0);
    expect(sizes(full.started)).toEqual([3]);
    expect(sizes(preferred.started)).toEqual([2]);
    preferred.started[0]?.finish();
    await vi.advanceTimersByTimeAsync(998);
    expect(sizes(preferred.started)).toEqual([2]);
    await vi.advanceTimersByTimeAsync(2);
    expect(sizes(preferred.started)).toEqual([2, 1]);
  });

  it("leaves no timer behind when nobody waits any more", async () => {
    vi.useFakeTimers();
    const { batcher } = manual({ maxQueueDelayMs: 1_000 });
    const abort = new AbortController();
    const call = batcher.run(1, { signal: abort.signal });
    await vi.advanceTimersByTimeAsync(0);
    expect(vi.getTimerCount()).toBe(1);
    abort.abort();
    expect(vi.getTimerCount()).toBe(0);
    await failure(() => call, "ABORTED");
  });
});

describe("priorities and callers", () => {
  const order = async (options: BatcherOptions, calls: readonly [number, object][]) => {
    const { batcher, started, finishAll } = manual({ maxBatchSize: 1, ...options });
    await finishAll(calls.map(([item, how]) => batcher.run(item, how)));
    return started.flatMap(({ items }) => items);
  };

  it("takes lower numbers first and the middle by default", async () => {
    const calls: [number, object][] = [
      [1, { priority: 3 }],
      [2, {}],
      [3, { priority: 1 }],
      [4, { priority: 2 }],
      [5, { priority: 1 }],
    ];
    expect(await order({ priorityLevels: 3 }, calls)).toEqual([3, 5, 2, 4, 1]);
    expect(await order({ priorityLevels: 3, defaultPriorityLevel: 1 }, calls)).toEqual([2, 3, 5, 4, 1]);
  });

  it("takes one of each caller in turn and keeps the order within a caller", async () => {
    const flood = range(50).map((item): [number, object] => [item, { caller: "flood" }]);
    const calls: [number, object][] = [
      ...flood,
      [100, { caller: "a" }],
      [101, { caller: "a" }],
      [200, { caller: "b" }],
      [300, {}],
    ];
    const taken = await order({}, calls);
    expect(taken.slice(0, 8)).toEqual([0, 100, 200, 300, 1, 101, 2, 3]);
    expect(taken.filter((item) => item < 100)).toEqual(range(50));
  });

  it("goes on with the next caller where the batch before ended", async () => {
    const calls = ["a", "a", "a", "b", "b", "b", "c", "c", "c"].map((caller, at): [number, object] => [
      at,
      { caller },
    ]);
    expect(await order({ maxBatchSize: 2 }, calls)).toEqual([0, 3, 6, 1, 4, 7, 2, 5, 8]);
  });
});

describe("a full queue", () => {
  it("refuses with QUEUE_FULL, says what to do, and takes calls again when there is room", async () => {
    const { batcher, started, finishAll, begun } = manual({ maxQueueSize: 2 });
    const running = batcher.run(0);
    await begun(1);
    const abort = new AbortController();
    const waiting = [batcher.run(1), batcher.run(2, { signal: abort.signal })];
    const error = await failure(() => batcher.run(3), "QUEUE_FULL");
    expect(error.message).toBe("test.double already has 2 calls waiting");
    expect(error.hint).toContain("maxQueueSize");
    expect(batcher.statistics()).toMatchObject({ queued: 2, rejected: 1 });
    abort.abort();
    expect(batcher.statistics()).toMatchObject({ queued: 1, cancelled: 1 });
    const after = batcher.run(4);
    await finishAll([running, ...waiting, after]);
    expect(started.flatMap(({ items }) => items)).toEqual([0, 1, 4]);
    expect(await after).toBe(8);
  });
});

describe("abort", () => {
  it("rejects at once while a call waits, and it is never executed", async () => {
    const { batcher, started } = manual();
    const abort = new AbortController();
    const call = batcher.run(1, { signal: abort.signal });
    abort.abort("enough");
    expect((await failure(() => call, "ABORTED")).cause).toBe("enough");
    await failure(() => batcher.run(2, { signal: abort.signal }), "ABORTED");
    await turn();
    expect(started).toHaveLength(0);
    expect(batcher.isIdle).toBe(true);
  });

  it("rejects at once while a call is executed, others get their results, a late result is disposed", async () => {
    let disposed = 0;
    let finish: (() => void) | undefined;
    const batcher = new Batcher<number, Disposable>({
      name: "test.disposable",
      execute: (items) =>
        new Promise((resolve) => {
          finish = () => resolve(items.map(() => ({ [Symbol.dispose]: () => disposed++ })));
        }),
    });
    const abort = new AbortController();
    const [aborted, other] = [batcher.run(1, { signal: abort.signal }), batcher.run(2)];
    while (finish === undefined) await turn();
    abort.abort();
    await failure(() => aborted, "ABORTED");
    finish();
    await other;
    expect(disposed).toBe(1);
  });

  it("reaches the execution when nobody waits for it any more", async () => {
    const { batcher, started, begun } = manual();
    const aborts = [new AbortController(), new AbortController()];
    const calls = aborts.map(({ signal }, item) => batcher.run(item, { signal }));
    await begun(1);
    aborts[0]?.abort();
    expect(started[0]?.signal.aborted).toBe(false);
    aborts[1]?.abort();
    expect(started[0]?.signal.aborted).toBe(true);
    await Promise.all(calls.map((call) => failure(() => call, "ABORTED")));
    started[0]?.fail(new AikoError("ABORTED", { message: "as asked" }));
    await turn();
    expect(started).toHaveLength(1);
    expect(batcher.isIdle).toBe(true);
  });

  it("listens once to a signal of many calls, and not when they are settled", async () => {
    const { batcher, finishAll } = manual();
    const { signal } = new AbortController();
    const add = vi.spyOn(signal, "addEventListener");
    const remove = vi.spyOn(signal, "removeEventListener");
    for (const round of [1, 2]) {
      await finishAll(range(50).map((item) => batcher.run(item, { signal })));
      expect(add).toHaveBeenCalledTimes(round);
      expect(remove.mock.calls).toEqual(add.mock.calls);
    }
  });

  it("of many calls by one signal rejects them all", async () => {
    const { batcher } = manual();
    const abort = new AbortController();
    const calls = range(50).map((item) => batcher.run(item, { signal: abort.signal }));
    abort.abort();
    await Promise.all(calls.map((call) => failure(() => call, "ABORTED")));
    expect(batcher.statistics()).toMatchObject({ cancelled: 50, queued: 0 });
  });
});

describe("a bad item", () => {
  const positive = (items: readonly number[]) => {
    if (items.some((item) => item < 0)) throw new AikoError("INVALID_ARGUMENT", { message: "negative" });
    return items.map((item) => Math.sqrt(item));
  };

  it("gets its error, where the execution tells which it is", async () => {
    const { batcher, started, begun } = manual();
    const calls = [batcher.run(1), batcher.run(2), batcher.run(3)];
    await begun(1);
    started[0]?.finish([2, new TypeError("two"), 6]);
    const [first, second, third] = await Promise.allSettled(calls);
    expect([first, third].map((result) => result?.status)).toEqual(["fulfilled", "fulfilled"]);
    expect(second).toMatchObject({ reason: { code: "INTERNAL", message: "two" } });
  });

  it("fails only itself where the execution fails as a whole", async () => {
    let executions = 0;
    const batcher = new Batcher<number, number>({
      name: "test.root",
      execute: (items) => {
        executions++;
        return positive(items);
      },
    });
    const results = await Promise.allSettled([4, -1, 9].map((item) => batcher.run(item)));
    expect(results).toMatchObject([
      { value: 2 },
      { reason: { code: "INVALID_ARGUMENT", message: "negative" } },
      { value: 3 },
    ]);
    expect(executions).toBe(4);
  });

  it.each(["OUT_OF_MEMORY", "DEVICE_LOST"] as const)("is not looked for after %s", async (code) => {
    let executions = 0;
    const batcher = new Batcher<number, number>({
      name: "test.lost",
      execute: async () => {
        executions++;
        throw new AikoError(code, { message: "the device" });
      },
    });
    const results = await Promise.allSettled([batcher.run(1), batcher.run(2)]);
    expect(results).toMatchObject([{ reason: { code } }, { reason: { code } }]);
    expect(executions).toBe(1);
  });

  it("is not confused with an execution that gives the wrong count of results", async () => {
    const batcher = new Batcher<number, number>({ name: "test.short", execute: () => [1] });
    const results = await Promise.allSettled([batcher.run(1), batcher.run(2)]);
    expect(results).toMatchObject([{ value: 1 }, { value: 1 }]);
    const none = new Batcher<number, number>({ name: "test.none", execute: () => [] });
    const error = await failure(() => none.run(1), "INTERNAL");
    expect(error.message).toBe("test.none gave 0 results for 1 items");
  });
});

describe("dispose", () => {
  it("rejects what waits; what is executed still answers", async () => {
    const { batcher, started, begun } = manual();
    const running = batcher.run(1);
    await begun(1);
    const waiting = batcher.run(2);
    batcher.dispose();
    batcher.dispose();
    await failure(() => waiting, "DISPOSED");
    await failure(() => batcher.run(3), "DISPOSED");
    started[0]?.finish();
    expect(await running).toBe(2);
    await turn();
    expect(started).toHaveLength(1);
    expect(batcher.statistics().queued).toBe(0);
  });
});

describe("options out of range", () => {
  it.each([
    { maxBatchSize: 0 },
    { maxBatchSize: 1.5 },
    { maxBatchSize: 4, preferredBatchSizes: [8] },
    { maxQueueDelayMs: -1 },
    { maxQueueDelayMs: Number.NaN },
    { maxQueueSize: 0 },
    { priorityLevels: 0 },
    { priorityLevels: 2, defaultPriorityLevel: 3 },
  ])("%o", async (options) => {
    await failure(() => manual(options), "INVALID_ARGUMENT");
  });

  it("name the priority that does not exist", async () => {
    const { batcher } = manual({ priorityLevels: 2 });
    const error = await failure(() => batcher.run(1, { priority: 3 }), "INVALID_ARGUMENT");
    expect(error.message).toBe("priority is 3, not a whole number from 1 to 2");
  });
});
