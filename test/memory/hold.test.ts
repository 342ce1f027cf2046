import { describe, expect, it } from "vitest";
import { MemoryManager } from "#src/memory/index.js";
import { failure } from "../support/errors.js";
import { FakeAdapter, FakeDevice } from "../support/fake-device.js";

const KiB = 1024;

function memoryOf() {
  return new MemoryManager(new FakeDevice(new FakeAdapter()), { memoryBudgetBytes: 64 * KiB });
}

describe("memory that others hold", () => {
  it("counts until it is given back, and is no open reservation", async () => {
    const memory = memoryOf();
    const hold = await memory.hold(40 * KiB, "model");
    expect(hold.byteLength).toBe(40 * KiB);
    expect(memory.reachableBytes).toBe(24 * KiB);
    expect(memory.statistics()).toMatchObject({ reservations: 0, reservedBytes: 0 });
    const refused = await failure(() => memory.reserve(32 * KiB), "OUT_OF_MEMORY");
    expect(refused.message).toContain("40.0 KiB are in use");
    hold.shrink(50 * KiB);
    expect(memory.reachableBytes).toBe(24 * KiB);
    hold.shrink(16 * KiB);
    expect(memory.reachableBytes).toBe(48 * KiB);
    hold.dispose();
    hold.dispose();
    expect(memory.reachableBytes).toBe(64 * KiB);
  });

  it("makes idle data leave, waits for open reservations, and is refused beyond the budget", async () => {
    const memory = memoryOf();
    const resident = memory.resident(new Uint8Array(32 * KiB), "data");
    const first = await memory.reserve({ residents: [resident] });
    await first.load(resident);
    let held = false;
    const holding = memory.hold(48 * KiB, "model").then((hold) => {
      held = true;
      return hold;
    });
    await new Promise((resolve) => setImmediate(resolve));
    expect(held).toBe(false);
    first.dispose();
    using hold = await holding;
    expect(hold.byteLength).toBe(48 * KiB);
    expect(memory.statistics().evictions).toBe(1);
    await failure(() => memory.hold(65 * KiB, "larger"), "OUT_OF_MEMORY");
    await failure(() => memory.hold(1, "late", { signal: AbortSignal.abort() }), "ABORTED");
  });
});
