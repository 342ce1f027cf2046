import { describe, expect, it } from "vitest";
import { MemoryManager } from "#src/memory/index.js";
import { FakeAdapter, FakeDevice } from "../support/fake-device.js";

function memoryOf(traceAllocations?: boolean) {
  return new MemoryManager(new FakeDevice(new FakeAdapter()), { traceAllocations });
}

function allocateWeights(memory: MemoryManager) {
  return memory.pool.allocate(5000, "weights");
}

describe("the leak report", () => {
  it("lists what is in use, the largest first, and nothing that was disposed", () => {
    const memory = memoryOf();
    memory.pool.allocate(100, "small");
    memory.pool.allocate(300, "freed").dispose();
    allocateWeights(memory);
    expect(memory.leaks()).toMatchObject([
      { label: "weights", bytes: 5120, site: undefined, collected: false },
      { label: "small", bytes: 256 },
    ]);
    expect(memory.leaks()[0]?.ageMs).toBeGreaterThanOrEqual(0);
  });

  it("names the code that allocated, where it was asked to look", async () => {
    const memory = memoryOf(true);
    const buffer = allocateWeights(memory);
    const reservation = await memory.reserve(100);
    reservation.allocate(100, "scratch");
    for (const { site } of memory.leaks()) expect(site?.split("\n")[0]).toContain("leaks.test.ts");
    expect(memory.leaks()[0]?.site).toContain("allocateWeights");
    reservation.dispose();
    buffer.dispose();
    expect(memory.leaks()).toEqual([]);
  });

  it("looks where AIKORYU_TRACE_ALLOCATIONS says so", () => {
    process.env.AIKORYU_TRACE_ALLOCATIONS = "1";
    try {
      const memory = memoryOf();
      allocateWeights(memory);
      expect(memory.leaks()[0]?.site).toContain("allocateWeights");
    } finally {
      delete process.env.AIKORYU_TRACE_ALLOCATIONS;
    }
  });

  it("remembers what the garbage collector had to give back", async () => {
    const { setFlagsFromString } = await import("node:v8");
    const { runInNewContext } = await import("node:vm");
    setFlagsFromString("--expose-gc");
    const gc: () => void = runInNewContext("gc");
    const memory = memoryOf(true);
    (() => allocateWeights(memory))();
    for (let turn = 0; turn < 20 && memory.statistics().reclaimed === 0; turn++) {
      gc();
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    expect(memory.leaks()).toMatchObject([{ label: "weights", collected: true }]);
    expect(memory.leaks()[0]?.site).toContain("allocateWeights");
  });
});

describe("fragmentation", () => {
  it("counts what size classes round up, and cached classes that nobody asks for", () => {
    const memory = memoryOf();
    const rounded = memory.pool.allocate(257);
    expect(memory.statistics().fragmentationBytes).toBe(255);
    rounded.dispose();
    memory.pool.allocate(8192).dispose();
    expect(memory.statistics().fragmentationBytes).toBe(0);
    for (let call = 0; call < 300; call++) memory.pool.allocate(100).dispose();
    expect(memory.statistics().fragmentationBytes).toBe(512 + 8192);
  });
});
