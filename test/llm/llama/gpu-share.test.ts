import { describe, expect, test } from "vitest";
import { GpuShare } from "#src/llm/llama/gpu-share.js";
import { MemoryManager } from "#src/memory/index.js";
import { FakeAdapter, FakeDevice } from "../../support/fake-device.js";

function shareOf(kind: "gpu" | "cpu", memoryBudgetBytes = 1000) {
  const memory = new MemoryManager(new FakeDevice(new FakeAdapter(kind)), { memoryBudgetBytes });
  return { memory, share: new GpuShare({ memory: async () => memory }) };
}

describe("the GPU's memory", () => {
  test("is taken from the runtime's budget, and what a model did not need goes back", async () => {
    const { memory, share } = shareOf("gpu");
    const first = await share.take(600, "first");
    expect(first.limitBytes).toBe(600);
    first.shrink(450);
    expect(memory.reachableBytes).toBe(550);
    const second = await share.take(800, "second");
    expect(second.limitBytes).toBe(1000);
    second.shrink(200);
    expect(memory.reachableBytes).toBe(350);
    first[Symbol.dispose]();
    first[Symbol.dispose]();
    second[Symbol.dispose]();
    expect(memory.reachableBytes).toBe(1000);
  });

  test("that others have is not there: what is left may be nothing", async () => {
    const { memory, share } = shareOf("gpu");
    using _others = await memory.hold(1000, "others");
    expect((await share.take(300, "model")).limitBytes).toBe(0);
  });

  test("is not the runtime's where that computes on the CPU, or has no device", async () => {
    const { memory, share } = shareOf("cpu");
    expect((await share.take(300, "model")).limitBytes).toBeUndefined();
    expect(memory.reachableBytes).toBe(1000);
    const nobody = new GpuShare({ memory: () => Promise.reject(new Error("no device")) });
    expect((await nobody.take(300, "model")).limitBytes).toBeUndefined();
    expect((await new GpuShare(undefined).take(300, "model")).limitBytes).toBeUndefined();
    expect((await share.take(0, "model")).limitBytes).toBe(0);
  });
});
