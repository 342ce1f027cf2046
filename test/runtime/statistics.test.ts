import { describe, expect, it } from "vitest";
import { AikoError, type ErrorCode } from "#src/errors.js";
import { type Operation, Runtime } from "#src/runtime/index.js";
import { failure } from "../support/errors.js";
import { FakeAdapter } from "../support/fake-device.js";

interface Paths {
  readonly gpu?: (pool: unknown) => Promise<string>;
  readonly cpu?: () => Promise<string>;
}

function operation({ gpu, cpu }: Paths = {}): Operation<number, string> {
  const rate = { overheadMs: 1, flopsPerMs: 1, bytesPerMs: 1 };
  return {
    name: "fake.counted",
    engine: "engine",
    rates: { engine: rate, gpu: rate, cpu: rate },
    work: (flops) => ({ flops, bytes: 8, hostBytes: 4, deviceBytes: 0, resultBytes: 4 }),
    gpu: async (_, { pool }) => (gpu ?? (async () => "gpu"))(pool),
    cpu: cpu ?? (async () => "cpu"),
  };
}

const failing = (code: ErrorCode) => async () => {
  throw new AikoError(code, { message: `made to fail with ${code}` });
};

const runtimeOf = (...adapters: FakeAdapter[]) => new Runtime({ adapters: async () => adapters });
const gpu = { placement: "gpu" } as const;
const cpu = { placement: "cpu" } as const;

describe("what a runtime counts", () => {
  it("is nothing before the first call", () => {
    expect(runtimeOf(new FakeAdapter()).statistics()).toEqual({
      operations: [],
      fallbacks: [],
      devices: [],
      batchers: [],
    });
  });

  it("is calls, bytes and flops by operation and placement, without anybody listening", async () => {
    await using runtime = runtimeOf(new FakeAdapter());
    for (const flops of [1, 2, 3]) await runtime.run(operation(), flops, gpu);
    await runtime.run(operation(), 10, cpu);
    const { operations } = runtime.statistics();
    expect(operations).toMatchObject([
      { operation: "fake.counted", placement: "gpu", calls: 3, failures: 0, bytes: 24, flops: 6 },
      { operation: "fake.counted", placement: "cpu", calls: 1, failures: 0, bytes: 8, flops: 10 },
    ]);
    for (const { totalMs } of operations) expect(totalMs).toBeGreaterThan(0);
  });

  it("counts a fallback in both places, and by device and code", async () => {
    await using runtime = runtimeOf(new FakeAdapter());
    const full = operation({ gpu: failing("OUT_OF_MEMORY") });
    await runtime.run(full, 5, gpu);
    await runtime.run(full, 5, gpu);
    await runtime.run(operation({ gpu: failing("UNSUPPORTED") }), 5, gpu);
    const { operations, fallbacks } = runtime.statistics();
    expect(operations).toMatchObject([
      { placement: "gpu", calls: 3, failures: 3, bytes: 0, flops: 0 },
      { placement: "cpu", calls: 3, failures: 0, bytes: 24, flops: 15 },
    ]);
    const common = { operation: "fake.counted", device: "opencl:0" };
    expect(fallbacks).toEqual([
      { ...common, code: "OUT_OF_MEMORY", calls: 2 },
      { ...common, code: "UNSUPPORTED", calls: 1 },
    ]);
  });

  it("counts a caller's mistake as a failure, and an aborted call as none", async () => {
    await using runtime = runtimeOf(new FakeAdapter());
    await failure(
      () => runtime.run(operation({ cpu: failing("INVALID_ARGUMENT") }), 1, cpu),
      "INVALID_ARGUMENT",
    );
    const abort = new AbortController();
    const running = runtime.run(operation({ cpu: () => new Promise(() => undefined) }), 1, {
      ...cpu,
      signal: abort.signal,
    });
    setTimeout(() => abort.abort(), 5);
    await failure(() => running, "ABORTED");
    expect(runtime.statistics().operations).toMatchObject([{ placement: "cpu", calls: 2, failures: 1 }]);
  });

  it("counts fallbacks while a device is rested", async () => {
    await using runtime = runtimeOf(new FakeAdapter());
    await runtime.run(operation({ gpu: failing("TIMEOUT") }), 1, gpu);
    await runtime.run(operation(), 1, gpu);
    const { devices, fallbacks } = runtime.statistics();
    expect(fallbacks).toMatchObject([{ code: "TIMEOUT", calls: 2 }]);
    expect(devices).toMatchObject([{ id: "opencl:0", state: "resting" }]);
  });

  it("follows a device from closed to open, lost, open again and closed", async () => {
    const adapter = new FakeAdapter();
    const runtime = runtimeOf(adapter);
    await runtime.run(operation(), 1, cpu);
    await runtime.adapters();
    const device = () => runtime.statistics().devices[0];
    expect(device()).toMatchObject({ state: "closed", losses: 0, memory: undefined, pool: undefined });
    const allocating = operation({
      gpu: async (pool) => {
        (pool as { allocate(bytes: number): unknown }).allocate(300);
        return "gpu";
      },
    });
    await runtime.run(allocating, 1, gpu);
    expect(device()).toMatchObject({
      name: "Fake",
      backend: "opencl",
      kind: "gpu",
      state: "open",
      memory: { buffers: 1 },
      pool: { inUseBuffers: 1, misses: 1 },
    });
    adapter.opened[0]?.lose("driver");
    await new Promise((resolve) => setImmediate(resolve));
    expect(device()).toMatchObject({ state: "lost", losses: 1, memory: undefined });
    await runtime.run(operation(), 1, gpu);
    expect(device()).toMatchObject({ state: "open", losses: 1 });
    await runtime.dispose();
    expect(device()).toMatchObject({ state: "closed", losses: 1 });
    expect(runtime.statistics().operations).toMatchObject([{ calls: 2 }, { calls: 1 }]);
  });

  it("gives copies, which later calls do not change", async () => {
    await using runtime = runtimeOf(new FakeAdapter());
    await runtime.run(operation({ gpu: failing("UNSUPPORTED") }), 1, gpu);
    const before = runtime.statistics();
    await runtime.run(operation({ gpu: failing("UNSUPPORTED") }), 1, gpu);
    expect(before.operations[0]?.calls).toBe(1);
    expect(before.fallbacks[0]?.calls).toBe(1);
  });
});
