import { setImmediate as nextTurn } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import { MemoryManager, type PoolBuffer, type Reservation } from "#src/memory/index.js";
import { failure } from "../support/errors.js";
import { FakeAdapter, FakeDevice } from "../support/fake-device.js";
import { seeded } from "../support/random.js";

const KiB = 1024;

function memoryOf(memoryBudgetBytes = 64 * KiB, adapter = new FakeAdapter()) {
  const device = new FakeDevice(adapter);
  return { device, memory: new MemoryManager(device, { memoryBudgetBytes }) };
}

async function settledAfterTurns(work: Promise<unknown>): Promise<boolean> {
  let settled = false;
  work.then(
    () => (settled = true),
    () => (settled = true),
  );
  for (let turn = 0; turn < 5; turn++) await nextTurn();
  return settled;
}

describe("a budget", () => {
  it("is what was asked for, else most of what is free, else a share of what there is", async () => {
    expect(memoryOf(5000).memory.budgetBytes).toBe(5000);
    const free = new FakeDevice(new FakeAdapter());
    free.freeBytes = 1000;
    expect(new MemoryManager(free).budgetBytes).toBe(900);
    const on = (kind: "gpu" | "cpu", bytes: number | undefined) =>
      new MemoryManager(new FakeDevice(new FakeAdapter(kind, 0, bytes))).budgetBytes;
    expect(on("gpu", 1000)).toBe(750);
    expect(on("cpu", 1000)).toBe(500);
    const unknown = new FakeAdapter();
    Object.assign(unknown.limits, { memoryBytes: undefined });
    expect(new MemoryManager(new FakeDevice(unknown)).budgetBytes).toBe(4 * 2 ** 30);
    for (const wrong of [0, -1, Number.NaN]) await failure(() => memoryOf(wrong), "INVALID_ARGUMENT");
  });

  it("holds for everything together, cache included", async () => {
    const { device, memory } = memoryOf();
    const first = memory.pool.allocate(40 * KiB);
    const error = await failure(() => memory.pool.allocate(40 * KiB, "second"), "OUT_OF_MEMORY");
    expect(error.message).toContain("second needs 40.0 KiB");
    expect(error.message).toContain("64.0 KiB");
    expect(error.hint).toContain("memoryBudgetBytes");
    first.dispose();
    memory.pool.allocate(48 * KiB).dispose();
    expect(device.peakBytes).toBeLessThanOrEqual(64 * KiB);
  });

  it("stays within its cap for an hour of varied sizes", async () => {
    const budget = 256 * KiB;
    const { device, memory } = memoryOf(budget);
    const random = seeded(11);
    const live: PoolBuffer[] = [];
    let refused = 0;
    for (let second = 0; second < 3600; second++) {
      for (let call = 0; call < 5; call++) {
        const size = Math.floor(2 ** (random() * 17));
        try {
          live.push(memory.pool.allocate(size));
        } catch {
          refused++;
          live.splice(0, 4).forEach((buffer) => {
            buffer.dispose();
          });
        }
        if (random() < 0.6) live.splice(Math.floor(random() * live.length), 1)[0]?.dispose();
      }
      const { inUseBytes, cachedBytes } = memory.statistics();
      expect(inUseBytes + cachedBytes).toBeLessThanOrEqual(budget);
      expect(device.inUseBytes).toBe(inUseBytes + cachedBytes);
    }
    expect(device.peakBytes).toBeLessThanOrEqual(budget);
    expect(refused).toBeGreaterThan(0);
    for (const buffer of live) buffer.dispose();
    expect(memory.statistics()).toMatchObject({ inUseBytes: 0, fragmentationBytes: expect.any(Number) });
    memory.dispose();
    expect(device.inUseBytes).toBe(0);
  });
});

describe("a reservation", () => {
  it("larger than the budget is refused at once, with the sizes", async () => {
    const { memory } = memoryOf();
    using _ = await memory.reserve(60 * KiB);
    const error = await failure(
      () => memory.reserve({ bytes: [40 * KiB, 40 * KiB], label: "A sum" }),
      "OUT_OF_MEMORY",
    );
    expect(error.message).toBe(
      "A sum needs 80.0 KiB on fake; of its budget of 64.0 KiB, 0 B are in use and 60.0 KiB are reserved",
    );
  });

  it("waits for its turn, and is not overtaken by a smaller one", async () => {
    const { memory } = memoryOf();
    const order: string[] = [];
    const first = await memory.reserve(40 * KiB);
    const large = memory.reserve(50 * KiB).then((reservation) => {
      order.push("large");
      return reservation;
    });
    const small = memory.reserve(4 * KiB).then((reservation) => {
      order.push("small");
      return reservation;
    });
    expect(await settledAfterTurns(small)).toBe(false);
    expect(memory.statistics()).toMatchObject({ waiting: 2, reservations: 1, reservedBytes: 40 * KiB });
    first.dispose();
    first.dispose();
    (await large).dispose();
    (await small).dispose();
    expect(order).toEqual(["large", "small"]);
    expect(memory.statistics()).toMatchObject({ waiting: 0, reservations: 0, reservedBytes: 0 });
  });

  it("gives its place up when aborted, and lets the next one go", async () => {
    const { memory } = memoryOf();
    using _ = await memory.reserve(40 * KiB);
    const abort = new AbortController();
    const large = memory.reserve(50 * KiB, { signal: abort.signal });
    const small = memory.reserve(4 * KiB);
    abort.abort("enough");
    expect((await failure(() => large, "ABORTED")).cause).toBe("enough");
    (await small).dispose();
    await failure(() => memory.reserve(1, { signal: abort.signal }), "ABORTED");
    expect(memory.statistics().waiting).toBe(0);
  });

  it("is refused when nothing under way will make room", async () => {
    const { memory } = memoryOf();
    const held = memory.pool.allocate(40 * KiB);
    const underWay = await memory.reserve(8 * KiB);
    const waiting = memory.reserve(50 * KiB);
    expect(await settledAfterTurns(waiting)).toBe(false);
    underWay.dispose();
    expect((await failure(() => waiting, "OUT_OF_MEMORY")).message).toContain("40.0 KiB are in use");
    held.dispose();
    (await memory.reserve(50 * KiB)).dispose();
  });

  it("keeps what it reserved from others until it ends", async () => {
    const { memory } = memoryOf();
    const reservation = await memory.reserve({ bytes: [16 * KiB, 32 * KiB] });
    await failure(() => memory.pool.allocate(20 * KiB), "OUT_OF_MEMORY");
    const kept = reservation.keep(reservation.allocate(16 * KiB));
    const freed = reservation.allocate(32 * KiB);
    reservation.dispose();
    expect([kept.disposed, freed.disposed]).toEqual([false, true]);
    expect(memory.statistics()).toMatchObject({ inUseBytes: 16 * KiB, reservedBytes: 0 });
    await failure(() => memory.pool.allocate(52 * KiB), "OUT_OF_MEMORY");
    await failure(() => reservation.allocate(1), "BUFFER_DISPOSED");
    kept.dispose();
    memory.pool.allocate(60 * KiB).dispose();
  });

  it("may find more in the budget than it asked for, and gives that back first", async () => {
    const { memory } = memoryOf();
    const reservation = await memory.reserve(8 * KiB);
    const [a, b] = [reservation.allocate(8 * KiB), reservation.allocate(16 * KiB)];
    using other = await memory.reserve(40 * KiB);
    await failure(() => reservation.allocate(1 * KiB), "OUT_OF_MEMORY");
    a.dispose();
    reservation.allocate(8 * KiB);
    b.dispose();
    other.dispose();
    reservation.dispose();
    expect(memory.statistics()).toMatchObject({ inUseBytes: 0, reservedBytes: 0 });
    (await memory.reserve(64 * KiB)).dispose();
  });

  it("ends with the device, and with the manager", async () => {
    const lost = memoryOf();
    using _ = await lost.memory.reserve(64 * KiB);
    const waiting = lost.memory.reserve(1);
    lost.device.lose("driver");
    await failure(() => waiting, "DEVICE_LOST");
    await failure(() => lost.memory.reserve(1), "DEVICE_LOST");
    const disposed = memoryOf();
    using __ = await disposed.memory.reserve(64 * KiB);
    const late = disposed.memory.reserve(1);
    disposed.memory.dispose();
    await failure(() => late, "DISPOSED");
  });

  it("never deadlocks: many callers with several buffers and shared residents all finish", async () => {
    const { device, memory } = memoryOf();
    const random = seeded(3);
    const residents = Array.from({ length: 6 }, (_, at) => memory.resident(new Uint8Array(9 * KiB).fill(at)));
    let done = 0;
    const call = async () => {
      const bytes = [random() * 12 * KiB, random() * 12 * KiB].map(Math.floor);
      const named = residents.filter(() => random() < 0.4).slice(0, 3);
      await memory.use({ bytes, residents: named }, async (reservation: Reservation) => {
        const loaded = await Promise.all(named.map((resident) => reservation.load(resident)));
        for (const [at, buffer] of loaded.entries()) {
          const [first] = await device.read(buffer);
          expect(residents[first ?? -1]).toBe(named[at]);
        }
        for (const size of bytes) reservation.allocate(size);
        await nextTurn();
      });
      done++;
    };
    await Promise.all(Array.from({ length: 300 }, call));
    expect(done).toBe(300);
    const { evictions, returns, waiting, reservedBytes } = memory.statistics();
    expect(evictions).toBeGreaterThan(10);
    expect(returns).toBeGreaterThan(10);
    expect([waiting, reservedBytes]).toEqual([0, 0]);
    expect(device.peakBytes).toBeLessThanOrEqual(64 * KiB);
    for (const resident of residents) resident.dispose();
    memory.dispose();
    expect(device.inUseBytes).toBe(0);
  });
});
