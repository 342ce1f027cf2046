import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { describe, expect, it } from "vitest";
import { MemoryManager, type Resident } from "#src/memory/index.js";
import { onEveryDevice } from "../support/devices.js";
import { failure } from "../support/errors.js";
import { FakeAdapter, FakeDevice } from "../support/fake-device.js";
import { intercept } from "../support/faults.js";

const KiB = 1024;

function memoryOf(memoryBudgetBytes = 64 * KiB) {
  const device = new FakeDevice(new FakeAdapter());
  return { device, memory: new MemoryManager(device, { memoryBudgetBytes }) };
}

function filled(value: number, bytes = 16 * KiB): Uint8Array {
  return new Uint8Array(bytes).fill(value);
}

/** The first byte of each, on the device, all at once. */
async function use(memory: MemoryManager, ...residents: Resident[]): Promise<number[]> {
  return memory.use({ residents }, async (reservation) => {
    const firsts = residents.map(async (resident) => {
      const bytes = await memory.device.read(await reservation.load(resident));
      return bytes[0] ?? -1;
    });
    return Promise.all(firsts);
  });
}

describe("a resident handle", () => {
  it("is uploaded when it is first needed, and stays", async () => {
    const { device, memory } = memoryOf();
    const resident = memory.resident(filled(7));
    expect(resident.isOnDevice).toBe(false);
    expect(await use(memory, resident)).toEqual([7]);
    expect(await use(memory, resident, resident)).toEqual([7, 7]);
    expect(device.writes).toBe(1);
    expect(memory.statistics()).toMatchObject({
      residents: 1,
      residentBytes: 16 * KiB,
      inUseBytes: 16 * KiB,
    });
  });

  it("stays for whoever holds it: no eviction, and no reuse of its memory after dispose", async () => {
    const { memory } = memoryOf();
    const [a, b] = [memory.resident(filled(1)), memory.resident(filled(2, 32 * KiB))];
    expect(a.hold()).toBeUndefined();
    await use(memory, a, b);
    const [first, second] = [a.hold(), a.hold()];
    await memory.relieve();
    expect([a.isOnDevice, b.isOnDevice]).toEqual([true, false]);
    a.dispose();
    expect(a.isOnDevice).toBe(false);
    first?.release();
    first?.release();
    const others = [3, 4, 5].map((value) => memory.resident(filled(value)));
    await use(memory, ...others);
    expect((await memory.device.read(first?.buffer ?? expect.fail("nothing was held")))[0]).toBe(1);
    expect(memory.statistics().inUseBytes).toBe(64 * KiB);
    await failure(() => memory.reserve(64 * KiB), "OUT_OF_MEMORY");
    second?.release();
    expect(memory.statistics().inUseBytes).toBe(48 * KiB);
    (await memory.reserve(64 * KiB)).dispose();
  });

  it("makes room when it is the longest unused, and comes back", async () => {
    const { device, memory } = memoryOf();
    const [a, b, c, d] = [1, 2, 3, 4].map((value) => memory.resident(filled(value))) as [
      Resident,
      Resident,
      Resident,
      Resident,
    ];
    await use(memory, a, b, c, d);
    await use(memory, a);
    (await memory.reserve(20 * KiB)).dispose();
    expect([a, b, c, d].map((resident) => resident.isOnDevice)).toEqual([true, false, false, true]);
    expect(await use(memory, b, c)).toEqual([2, 3]);
    expect(memory.statistics()).toMatchObject({ evictions: 2, evictedBytes: 32 * KiB, returns: 2 });
    expect(device.peakBytes).toBeLessThanOrEqual(64 * KiB);
  });

  it("stays while a reservation holds it", async () => {
    const { memory } = memoryOf();
    const [a, b] = [memory.resident(filled(1)), memory.resident(filled(2))];
    await use(memory, b);
    const reservation = await memory.reserve({ residents: [a] });
    await reservation.load(a);
    const waiting = memory.reserve(60 * KiB);
    await failure(() => memory.pool.allocate(60 * KiB), "OUT_OF_MEMORY");
    expect(a.isOnDevice).toBe(true);
    expect(await a.evict()).toBe(0);
    reservation.dispose();
    (await waiting).dispose();
    expect([a.isOnDevice, b.isOnDevice]).toEqual([false, false]);
  });

  it("that only the device has is downloaded before it goes", async () => {
    const { device, memory } = memoryOf();
    const buffer = memory.pool.allocate(16 * KiB, "result");
    device.write(buffer, filled(9));
    const resident = memory.adopt(buffer);
    await failure(() => memory.pool.allocate(60 * KiB), "OUT_OF_MEMORY");
    expect(resident.isOnDevice).toBe(true);
    (await memory.reserve(60 * KiB)).dispose();
    expect([resident.isOnDevice, buffer.disposed]).toEqual([false, true]);
    expect(await use(memory, resident)).toEqual([9]);
  });

  it("stays when it cannot be downloaded, and the claim is refused", async () => {
    const { device, memory } = memoryOf();
    const buffer = memory.pool.allocate(32 * KiB);
    const resident = memory.adopt(buffer);
    const restore = intercept(device, (stage) => {
      if (stage === "read") throw new RangeError("no host memory");
    });
    await failure(() => memory.reserve(60 * KiB), "OUT_OF_MEMORY");
    restore();
    expect(resident.isOnDevice).toBe(true);
    (await memory.reserve(60 * KiB)).dispose();
    expect(resident.isOnDevice).toBe(false);
  });

  it("is uploaded once for all that ask, and not given up for the one that aborts", async () => {
    const { device, memory } = memoryOf(16 << 20);
    const resident = memory.resident(filled(5, 3 << 20));
    const abort = new AbortController();
    const load = (signal?: AbortSignal) =>
      memory.use({ residents: [resident] }, async (reservation) => {
        const buffer = await reservation.load(resident, { signal });
        return (await device.read(buffer))[(3 << 20) - 1];
      });
    const first = load(abort.signal);
    const second = load();
    await new Promise((resolve) => setImmediate(resolve));
    abort.abort();
    await failure(() => first, "ABORTED");
    expect(await second).toBe(5);
    expect(await Promise.all([load(), load()])).toEqual([5, 5]);
    expect(memory.statistics().inUseBytes).toBe(3 << 20);
  });

  it("used after disposal says so; disposing twice is harmless", async () => {
    const { device, memory } = memoryOf();
    const resident = memory.resident(filled(1), "weights");
    await use(memory, resident);
    resident.dispose();
    resident.dispose();
    expect((await failure(() => use(memory, resident), "BUFFER_DISPOSED")).message).toContain("weights");
    expect(memory.statistics()).toMatchObject({ inUseBytes: 0, residents: 0, reservedBytes: 0 });
    memory.dispose();
    expect(device.inUseBytes).toBe(0);
  });

  it("disposed while it is uploaded leaves nothing behind", async () => {
    const { memory } = memoryOf(16 << 20);
    const resident = memory.resident(filled(1, 3 << 20));
    const loading = use(memory, resident);
    await new Promise((resolve) => setImmediate(resolve));
    resident.dispose();
    await failure(() => loading, "BUFFER_DISPOSED");
    expect(memory.statistics().inUseBytes).toBe(0);
  });

  it("that a program dropped is collected", async () => {
    setFlagsFromString("--expose-gc");
    const gc: () => void = runInNewContext("gc");
    const { memory } = memoryOf();
    await use(memory, memory.resident(filled(1)));
    // Looking at a weak reference keeps what it refers to for the rest of the turn.
    for (let turn = 0; turn < 20 && memory.pool.statistics().inUseBytes > 0; turn++) {
      await new Promise((resolve) => setTimeout(resolve, 10));
      gc();
    }
    expect(memory.statistics()).toMatchObject({ inUseBytes: 0, residents: 0, reclaimed: 1 });
  });
});

describe("a reservation that was dropped", () => {
  it("is collected with all it held", async () => {
    setFlagsFromString("--expose-gc");
    const gc: () => void = runInNewContext("gc");
    const { memory } = memoryOf();
    const resident = memory.resident(filled(1));
    await (async () => {
      const reservation = await memory.reserve({ residents: [resident], bytes: [16 * KiB] });
      await reservation.load(resident);
      reservation.allocate(16 * KiB);
    })();
    for (let turn = 0; turn < 20 && memory.statistics().reservations > 0; turn++) {
      await new Promise((resolve) => setTimeout(resolve, 10));
      gc();
    }
    expect(memory.statistics()).toMatchObject({ reservations: 0, reservedBytes: 0, inUseBytes: 16 * KiB });
    expect([resident.isPinned, resident.isOnDevice]).toEqual([false, true]);
  });
});

describe("a full device", () => {
  it("is relieved of its cache, then of what the host has too, before an allocation fails", async () => {
    const { device, memory } = memoryOf(1 << 20);
    device.capacityBytes = 64 * KiB;
    const resident = memory.resident(filled(3, 32 * KiB));
    await use(memory, resident);
    memory.pool.allocate(16 * KiB).dispose();
    const large = memory.pool.allocate(30 * KiB);
    expect([memory.statistics().cachedBytes, resident.isOnDevice]).toEqual([0, true]);
    large.dispose();
    const larger = memory.pool.allocate(60 * KiB);
    expect(resident.isOnDevice).toBe(false);
    larger.dispose();
    expect(await use(memory, resident)).toEqual([3]);
    await failure(() => memory.pool.allocate(65 * KiB), "OUT_OF_MEMORY");
  });

  it("gets a second try of the work when idle data had to be downloaded first", async () => {
    const { device, memory } = memoryOf(1 << 20);
    device.capacityBytes = 64 * KiB;
    const resident = memory.adopt(memory.pool.allocate(32 * KiB));
    let tries = 0;
    const work = () =>
      memory.use(48 * KiB, async (reservation) => {
        tries++;
        return reservation.allocate(48 * KiB).byteLength;
      });
    expect(await work()).toBe(48 * KiB);
    expect([tries, resident.isOnDevice]).toEqual([2, false]);
    const held = memory.pool.allocate(32 * KiB);
    await failure(work, "OUT_OF_MEMORY");
    expect(tries).toBe(3);
    held.dispose();
    expect(memory.statistics()).toMatchObject({ inUseBytes: 0, reservedBytes: 0 });
  });
});

onEveryDevice("eviction", (adapter, device) => {
  it("keeps every byte of what goes and comes back", async () => {
    const opened = await device();
    const before = opened.memory().inUseBytes;
    const memory = new MemoryManager(opened, { memoryBudgetBytes: 100_000 });
    const values = [1, 2, 3, 4, 5].map((seed) => Uint8Array.from({ length: 30_001 }, (_, at) => seed * at));
    const residents = values.map((data, at) => {
      if (at % 2 === 0) return memory.resident(data);
      const buffer = memory.pool.allocate(data.byteLength);
      opened.write(buffer, data);
      return memory.adopt(buffer);
    });
    for (let round = 0; round < 3; round++) {
      for (const [at, resident] of residents.entries()) {
        await memory.use({ residents: [resident], bytes: [30_001] }, async (reservation) => {
          const bytes = await opened.read(await reservation.load(resident));
          expect(bytes.byteLength).toBe(30_001);
          if (adapter.kind !== "null") expect(Buffer.compare(bytes, values[at] ?? bytes)).toBe(0);
        });
      }
    }
    expect(memory.statistics().evictions).toBeGreaterThan(5);
    for (const resident of residents) resident.dispose();
    memory.dispose();
    expect(opened.memory().inUseBytes).toBe(before);
  });
});
