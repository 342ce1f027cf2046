import { describe, expect, it } from "vitest";
import { BufferPool, upload } from "#src/memory/index.js";
import { sizeClass } from "#src/memory/size-class.js";
import { failure } from "../support/errors.js";
import { FakeAdapter, FakeDevice } from "../support/fake-device.js";
import { seeded } from "../support/random.js";

function makePool(maxCachedBytes?: number) {
  const device = new FakeDevice(new FakeAdapter());
  return { device, pool: new BufferPool(device, { maxCachedBytes }) };
}

describe("size classes", () => {
  it.each([0, 1, 31, 255, 256, 257, 1023, 1025, 65_537, 1e6, 2 ** 31 + 1])(
    "of %d hold it, aligned",
    (bytes) => {
      const size = sizeClass(bytes);
      expect(size).toBeGreaterThanOrEqual(bytes);
      expect(size % 256).toBe(0);
      if (bytes >= 2048) expect(size).toBeLessThanOrEqual(bytes * 1.125);
      expect(sizeClass(size)).toBe(size);
    },
  );
});

describe("a pool", () => {
  it("reuses freed memory of the same class", () => {
    const { device, pool } = makePool();
    const first = pool.allocate(5000);
    const memory = first.buffer;
    first.dispose();
    expect(pool.allocate(5001).buffer).toBe(memory);
    expect(device.allocations).toBe(1);
    expect(pool.statistics()).toMatchObject({ hits: 1, misses: 1, inUseBuffers: 1, cachedBuffers: 0 });
  });

  it("does not hand one buffer to two owners", () => {
    const { pool } = makePool();
    expect(pool.allocate(100).buffer).not.toBe(pool.allocate(100).buffer);
  });

  it("throws BUFFER_DISPOSED on use after dispose; disposing twice is harmless", async () => {
    const { pool } = makePool();
    const buffer = pool.allocate(100, "weights");
    const slice = buffer.slice(0, 50);
    buffer.dispose();
    buffer.dispose();
    expect((await failure(() => buffer.buffer, "BUFFER_DISPOSED")).message).toContain("weights");
    await failure(() => slice.buffer, "BUFFER_DISPOSED");
    expect(pool.statistics()).toMatchObject({ inUseBuffers: 0, inUseBytes: 0, cachedBuffers: 1 });
  });

  it("holds at most its cap of freed memory and frees the oldest first", () => {
    const { device, pool } = makePool(1024);
    const sizes = [256, 512, 512];
    const buffers = sizes.map((size) => pool.allocate(size));
    const oldest = buffers[0]?.buffer;
    for (const buffer of buffers) buffer.dispose();
    expect(pool.statistics()).toMatchObject({ cachedBytes: 1024, cachedBuffers: 2, peakBytes: 1280 });
    expect(oldest?.disposed).toBe(true);
    pool.allocate(4096).dispose();
    expect(pool.statistics().cachedBytes).toBe(1024);
    expect(pool.trim()).toBe(1024);
    expect(device.freed).toBe(device.allocations);
  });

  it("frees its cache and tries again when the device is full", async () => {
    const { device, pool } = makePool();
    pool.allocate(1000).dispose();
    device.failAllocations = 1;
    pool.allocate(5000);
    expect(pool.statistics().cachedBuffers).toBe(0);
    device.failAllocations = 1;
    await failure(() => pool.allocate(9000), "OUT_OF_MEMORY");
    expect(pool.statistics().inUseBuffers).toBe(1);
  });

  it("refuses what no buffer of the device can hold", async () => {
    const { pool } = makePool();
    expect((await failure(() => pool.allocate(2 ** 29), "OUT_OF_MEMORY")).hint).toContain("256.0 MiB");
    await failure(() => pool.allocate(-1), "INVALID_ARGUMENT");
    await failure(() => pool.allocate(Number.NaN), "INVALID_ARGUMENT");
  });

  it("keeps its accounts over random use", () => {
    const { device, pool } = makePool(1 << 16);
    const random = seeded(1);
    const live: { dispose(): void; byteLength: number }[] = [];
    for (let step = 0; step < 3000; step++) {
      if (random() < 0.5) live.push(pool.allocate(Math.floor(random() * 20_000)));
      else live.splice(Math.floor(random() * live.length), 1)[0]?.dispose();
    }
    const { inUseBytes, inUseBuffers, cachedBytes, cachedBuffers, hits } = pool.statistics();
    expect(inUseBuffers).toBe(live.length);
    expect(inUseBytes).toBe(live.reduce((sum, { byteLength }) => sum + sizeClass(byteLength), 0));
    expect(cachedBytes).toBeLessThanOrEqual(1 << 16);
    expect(device.allocations - device.freed).toBe(inUseBuffers + cachedBuffers);
    expect(hits).toBeGreaterThan(100);
    for (const buffer of live) buffer.dispose();
    pool.dispose();
    expect(device.freed).toBe(device.allocations);
  });

  it("caches nothing of a lost device", async () => {
    const { device, pool } = makePool();
    const buffer = pool.allocate(100);
    device.lose("driver");
    buffer.dispose();
    expect(pool.statistics().cachedBuffers).toBe(0);
    pool.dispose();
    await failure(() => pool.allocate(100), "DEVICE_LOST");
  });

  it("that is disposed allocates no more", async () => {
    const { pool } = makePool();
    pool.dispose();
    await failure(() => pool.allocate(100), "BUFFER_DISPOSED");
  });

  it("gets back what nobody disposed", async () => {
    const { setFlagsFromString } = await import("node:v8");
    const { runInNewContext } = await import("node:vm");
    setFlagsFromString("--expose-gc");
    const gc: () => void = runInNewContext("gc");
    const { pool } = makePool();
    for (let i = 0; i < 10; i++) pool.allocate(100);
    for (let turn = 0; turn < 20 && pool.statistics().reclaimed < 10; turn++) {
      gc();
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    expect(pool.statistics()).toMatchObject({ reclaimed: 10, inUseBytes: 0 });
  });
});

describe("a scope", () => {
  it("frees what was not kept", async () => {
    const { pool } = makePool();
    const scope = pool.scope();
    const kept = scope.keep(scope.allocate(100));
    const lost = scope.allocate(100);
    scope.dispose();
    scope.dispose();
    expect(lost.disposed).toBe(true);
    expect(kept.disposed).toBe(false);
    await failure(() => scope.allocate(1), "BUFFER_DISPOSED");
  });
});

describe("upload", () => {
  it("copies in pieces and can be aborted between them", async () => {
    const { device, pool } = makePool();
    const data = new Float32Array(5 << 20).map((_, index) => index);
    const target = pool.allocate(data.byteLength);
    await upload(target, data);
    expect(device.writes).toBe(20);
    expect(Buffer.compare(await device.read(target), new Uint8Array(data.buffer))).toBe(0);
    const abort = new AbortController();
    const second = upload(target, data, { signal: abort.signal });
    abort.abort();
    await failure(() => second, "ABORTED");
    expect(device.writes).toBe(21);
  });
});
