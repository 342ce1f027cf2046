import { setImmediate as nextTurn } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import { type StreamOperation, type StreamOptions, streamThrough } from "#src/memory/index.js";
import { failure } from "../support/errors.js";
import { intercept } from "../support/faults.js";
import { batches, type Copy, copied, expectFree, firstBytes, KiB, memoryOf, upTo } from "./streams.js";

describe("streamThrough", () => {
  it("yields every result in order, within a budget that the whole exceeds eight times", async () => {
    const { device, memory } = memoryOf();
    expect(await firstBytes(streamThrough(batches(64), copied, { memory }))).toEqual(upTo(64));
    expect(device.peakBytes).toBeLessThanOrEqual(64 * KiB);
    expectFree({ device, memory });
  });

  it("takes async sources, empty ones and empty batches", async () => {
    const { memory } = memoryOf();
    async function* slow() {
      for (const batch of batches(3)) {
        await nextTurn();
        yield batch;
      }
    }
    expect(await firstBytes(streamThrough(slow(), copied, { memory }))).toEqual([0, 1, 2]);
    expect(await firstBytes(streamThrough([], copied, { memory }))).toEqual([]);
    const results: Uint8Array[] = [];
    for await (const result of streamThrough([new Uint8Array(0)], copied, { memory })) results.push(result);
    expect(results).toEqual([new Uint8Array(0)]);
  });

  it("takes several arrays a batch and gives several a result, shorter where the work says so", async () => {
    const { memory } = memoryOf();
    const halves: StreamOperation<readonly [Uint8Array, Uint8Array], readonly [Uint8Array, Uint8Array]> = {
      name: "test.swap",
      outputBytes: ([a, b]) => [b.byteLength, a.byteLength],
      gpu: async ([a, b], [first, second], { device }) => {
        device.copy(b, first);
        device.copy(a, second);
        return [b.byteLength, 2];
      },
      host: ([a, b]) => [new Uint8Array(a), new Uint8Array(b)],
    };
    const source = [[Uint8Array.of(1, 2, 3), Uint8Array.of(4, 5)] as const];
    for await (const [first, second] of streamThrough(source, halves, { memory })) {
      expect(first).toEqual(Uint8Array.of(4, 5));
      expect(second).toEqual(Uint8Array.of(1, 2));
    }
  });

  it.each([1, 2, 3, 5])(
    "keeps %d batches between the source and the consumer, and pulls no more",
    async (inFlight) => {
      const { memory } = memoryOf(1 << 20);
      let pulled = 0;
      let taken = 0;
      let most = 0;
      function* counted() {
        for (const batch of batches(20)) {
          pulled++;
          most = Math.max(most, pulled - taken);
          yield batch;
        }
      }
      for await (const _ of streamThrough(counted(), copied, { memory, inFlight })) {
        taken++;
        for (let turn = 0; turn < 10; turn++) await nextTurn();
      }
      expect(most).toBe(inFlight + 1);
      expect(taken).toBe(20);
    },
  );

  it("uploads the next batches while the first computes and comes back", async () => {
    const { device, memory } = memoryOf(1 << 20);
    const events: string[] = [];
    intercept(device, (stage) => events.push(stage));
    await firstBytes(streamThrough(batches(6), copied, { memory }));
    const firstRead = events.indexOf("read");
    const secondRead = events.indexOf("read", firstRead + 1);
    expect(events.slice(0, secondRead).filter((stage) => stage === "write").length).toBeGreaterThan(1);
    expect(events.filter((stage) => stage === "allocate").length).toBeLessThanOrEqual(6);
  });

  it("goes on with fewer batches at once where the budget holds only one", async () => {
    const { device, memory } = memoryOf(20 * KiB);
    expect(await firstBytes(streamThrough(batches(9), copied, { memory, inFlight: 4 }))).toEqual(upTo(9));
    expect(device.peakBytes).toBe(16 * KiB);
  });

  it("shares the budget with other streams, which all finish", async () => {
    const { device, memory } = memoryOf(40 * KiB);
    const held = memory.resident(new Uint8Array(16 * KiB));
    const withHeld: Copy = { ...copied, residents: () => [held] };
    const streams = upTo(5).map((at) =>
      firstBytes(streamThrough(batches(10), at % 2 === 0 ? withHeld : copied, { memory })),
    );
    for (const found of await Promise.all(streams)) expect(found).toEqual(upTo(10));
    expect(device.peakBytes).toBeLessThanOrEqual(40 * KiB);
    held.dispose();
    expectFree({ device, memory });
  });

  it("uses the memory of consumed results again where it may", async () => {
    const { memory } = memoryOf();
    const seen = new Set<ArrayBufferLike>();
    let at = 0;
    for await (const result of streamThrough(batches(20), copied, { memory, reuseResults: true })) {
      seen.add(result.buffer);
      expect(result).toEqual(new Uint8Array(8 * KiB).fill(at++));
    }
    expect(at).toBe(20);
    expect(seen.size).toBeLessThanOrEqual(4);
    const mixed = [3, 5, 5, 2, 2, 3, 5, 5].map((length) => new Uint8Array(length).fill(length));
    const lengths: number[] = [];
    for await (const result of streamThrough(mixed, copied, { memory, reuseResults: true, inFlight: 1 })) {
      expect(result.every((value) => value === result.length)).toBe(true);
      lengths.push(result.length);
    }
    expect(lengths).toEqual([3, 5, 5, 2, 2, 3, 5, 5]);
  });

  it("runs on the CPU path where there is no device", async () => {
    const cpu: Copy = { ...copied, cpu: (batch) => batch.slice() };
    expect(await firstBytes(streamThrough(batches(5), cpu))).toEqual(upTo(5));
    await failure(() => firstBytes(streamThrough(batches(5), copied)), "DEVICE_NOT_FOUND");
  });

  it("refuses what is no source, no batch, no count", async () => {
    const { memory } = memoryOf();
    const wrong = (source: unknown, options: StreamOptions = {}) =>
      failure(
        () => firstBytes(streamThrough(source as Uint8Array[], copied, { memory, ...options })),
        "INVALID_ARGUMENT",
      );
    for (const source of [undefined, null, 7, {}]) await wrong(source);
    expect((await wrong([new Uint8Array(4), 7])).message).toContain("Batch 1 of test.copy is number");
    await wrong(new Uint8Array(4));
    await wrong([[]]);
    for (const inFlight of [0, 1.5, -1, Number.NaN]) await wrong([], { inFlight });
  });
});
