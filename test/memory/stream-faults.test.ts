import { setImmediate as nextTurn } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import { type AikoError, isAikoError } from "#src/errors.js";
import { streamThrough } from "#src/memory/index.js";
import { failure } from "../support/errors.js";
import { intercept } from "../support/faults.js";
import { batches, type Copy, copied, expectFree, firstBytes, KiB, memoryOf, upTo } from "./streams.js";

describe("a source that throws half-way", () => {
  it("hands its error on unchanged, after the results before it", async () => {
    const kept = memoryOf();
    const broken = new TypeError("the file ends here");
    function* failing() {
      yield* batches(5);
      throw broken;
    }
    const found: number[] = [];
    const reading = async () => {
      const stream = streamThrough(failing(), copied, { memory: kept.memory });
      for await (const result of stream) found.push(result[0] ?? -1);
    };
    await expect(reading()).rejects.toBe(broken);
    expect(found).toEqual(upTo(5));
    expectFree(kept);
  });
});

describe("a consumer that stops", () => {
  it("ends the source, and nothing stays behind", async () => {
    const kept = memoryOf();
    let ended = 0;
    let pulled = 0;
    function* source() {
      try {
        for (const batch of batches(50)) {
          pulled++;
          yield batch;
        }
      } finally {
        ended++;
      }
    }
    for await (const result of streamThrough(source(), copied, { memory: kept.memory })) {
      if (result[0] === 2) break;
    }
    expect(ended).toBe(1);
    expect(pulled).toBeLessThanOrEqual(7);
    expectFree(kept);
    const unread = streamThrough(source(), copied, { memory: kept.memory });
    await unread.return();
    expect(await unread.next()).toEqual({ done: true, value: undefined });
  });

  it("stops while a slow source owes a batch, without waiting for it", async () => {
    const kept = memoryOf();
    async function* source() {
      yield* batches(1);
      await new Promise(() => undefined);
    }
    const stream = streamThrough(source(), copied, { memory: kept.memory });
    expect((await stream.next()).done).toBe(false);
    await stream.return();
    expectFree(kept);
  });

  it("that is slow holds no device memory", async () => {
    const kept = memoryOf();
    const stream = streamThrough(batches(10), copied, { memory: kept.memory });
    await stream.next();
    for (let turn = 0; turn < 50; turn++) await nextTurn();
    expect(kept.memory.statistics()).toMatchObject({ inUseBytes: 0, reservations: 0 });
    await stream.return();
  });
});

describe("an aborted stream", () => {
  it("ends at once while it waits for a source, for memory or for the device", async () => {
    const endless = async function* () {
      yield* batches(1);
      await new Promise(() => undefined);
    };
    const kept = memoryOf();
    const abort = new AbortController();
    const stream = streamThrough(endless(), copied, { memory: kept.memory, signal: abort.signal });
    await stream.next();
    const next = stream.next();
    await nextTurn();
    abort.abort("enough");
    expect((await failure(() => next, "ABORTED")).cause).toBe("enough");
    await failure(
      () => firstBytes(streamThrough(batches(1), copied, { memory: kept.memory, signal: abort.signal })),
      "ABORTED",
    );

    using _ = await kept.memory.reserve(60 * KiB);
    const later = new AbortController();
    const waiting = firstBytes(
      streamThrough(batches(3), copied, { memory: kept.memory, signal: later.signal }),
    );
    await nextTurn();
    expect(kept.memory.statistics().waiting).toBe(1);
    later.abort();
    await failure(() => waiting, "ABORTED");
    expect(kept.memory.statistics().waiting).toBe(0);
  });

  it("ends on the CPU path, too", async () => {
    const abort = new AbortController();
    const stuck: Copy = { ...copied, cpu: () => new Promise(() => undefined) };
    const running = firstBytes(streamThrough(batches(3), stuck, { signal: abort.signal }));
    await nextTurn();
    abort.abort();
    await failure(() => running, "ABORTED");
  });
});

describe("a batch that fails", () => {
  const cpu: Copy = { ...copied, cpu: (batch) => batch.slice() };

  it("larger than the budget is done by the CPU path, or refused with the sizes", async () => {
    const kept = memoryOf();
    const { memory } = kept;
    const mixed = () => [8 * KiB, 80 * KiB, 8 * KiB].map((bytes, at) => new Uint8Array(bytes).fill(at));
    const error = await failure(
      () => firstBytes(streamThrough(mixed(), copied, { memory })),
      "OUT_OF_MEMORY",
    );
    expect(error.message).toContain("A batch of test.copy needs 160.0 KiB");
    await failure(() => firstBytes(streamThrough(mixed(), cpu, { memory, strict: true })), "OUT_OF_MEMORY");
    const fallbacks: AikoError[] = [];
    const onFallback = (reason: AikoError) => fallbacks.push(reason);
    expect(await firstBytes(streamThrough(mixed(), cpu, { memory, onFallback }))).toEqual([0, 1, 2]);
    expect(fallbacks.map(({ code }) => code)).toEqual(["OUT_OF_MEMORY"]);
    expect(kept.device.writes).toBeGreaterThanOrEqual(3);
    expectFree(kept);
  });

  it("with a mistake is never hidden by the CPU path", async () => {
    const kept = memoryOf();
    const wrong: Copy = {
      ...cpu,
      gpu: async () => {
        throw new RangeError("a bug");
      },
    };
    const error = await failure(
      () => firstBytes(streamThrough(batches(5), wrong, { memory: kept.memory })),
      "INTERNAL",
    );
    expect(error.message).toBe("a bug");
    expectFree(kept);
  });

  it("because the device is lost is answered by the CPU path, and so are all after it", async () => {
    const { device, memory } = memoryOf();
    let asked = 0;
    const losing: Copy = {
      ...cpu,
      gpu: async (input, output) => {
        if (++asked === 3) device.lose("driver");
        device.copy(input, output);
      },
    };
    const fallbacks: string[] = [];
    const onFallback = ({ code }: AikoError) => fallbacks.push(code);
    expect(await firstBytes(streamThrough(batches(12), losing, { memory, onFallback }))).toEqual(upTo(12));
    expect(asked).toBeLessThanOrEqual(5);
    expect(new Set(fallbacks)).toEqual(new Set(["DEVICE_LOST"]));
    expect(memory.statistics()).toMatchObject({ inUseBytes: 0, reservedBytes: 0 });
  });
});

describe("every call of a device, failing in turn", () => {
  const cpu: Copy = { ...copied, cpu: (batch) => batch.slice() };

  async function callsOf(): Promise<number> {
    const { device, memory } = memoryOf();
    let calls = 0;
    intercept(device, (_, count) => {
      calls = count;
    });
    await firstBytes(streamThrough(batches(6), cpu, { memory }));
    return calls;
  }

  it("is survived: full", async () => {
    const calls = await callsOf();
    expect(calls).toBeGreaterThan(18);
    for (const operation of [copied, cpu]) {
      for (let failing = 1; failing <= calls; failing++) {
        const kept = memoryOf();
        intercept(kept.device, (stage, count) => {
          if (count === failing && stage === "allocate") kept.device.failAllocations = 1;
        });
        const found = firstBytes(streamThrough(batches(6), operation, { memory: kept.memory }));
        const values = await found.catch((error: unknown) => error);
        if (Array.isArray(values)) expect(values).toEqual(upTo(6));
        else expect(isAikoError(values, "OUT_OF_MEMORY")).toBe(true);
        expect(Array.isArray(values) || operation === copied).toBe(true);
        expectFree(kept);
      }
    }
  });

  it("is survived: lost", async () => {
    const calls = await callsOf();
    for (let failing = 1; failing <= calls; failing++) {
      for (const operation of [copied, cpu]) {
        const { device, memory } = memoryOf();
        intercept(device, (_, count) => {
          if (count === failing) device.lose("driver");
        });
        const reading = firstBytes(streamThrough(batches(6), operation, { memory }));
        if (operation === cpu) expect(await reading).toEqual(upTo(6));
        else await failure(() => reading, "DEVICE_LOST");
        expect(memory.statistics()).toMatchObject({ inUseBytes: 0, reservedBytes: 0, waiting: 0 });
        memory.dispose();
        expect(device.inUseBytes).toBe(0);
      }
    }
  });

  it("is survived: aborted", async () => {
    const calls = await callsOf();
    for (let failing = 1; failing <= calls; failing++) {
      const kept = memoryOf();
      const abort = new AbortController();
      intercept(kept.device, (_, count) => {
        if (count === failing) abort.abort();
      });
      const { signal } = abort;
      await failure(
        () => firstBytes(streamThrough(batches(6), cpu, { memory: kept.memory, signal })),
        "ABORTED",
      );
      for (let turn = 0; turn < 5; turn++) await nextTurn();
      expectFree(kept);
    }
  });
});
