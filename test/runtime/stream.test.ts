import { describe, expect, it } from "vitest";
import { AikoError } from "#src/errors.js";
import { streamThrough } from "#src/memory/index.js";
import { type OperationReport, operationChannel, Runtime, type StreamOperation } from "#src/runtime/index.js";
import { failure } from "../support/errors.js";
import { FakeAdapter } from "../support/fake-device.js";

type Copy = StreamOperation<Uint8Array, Uint8Array>;

let places: string[] = [];

const copied: Copy = {
  name: "test.stream",
  outputBytes: (batch) => batch.byteLength,
  gpu: async (input, output, { device }) => {
    places.push("gpu");
    device.copy(input, output);
  },
  host: (byteLength) => new Uint8Array(byteLength),
  cpu: (batch) => {
    places.push("cpu");
    return batch.slice();
  },
};

function runtimeOf(adapters: FakeAdapter[], options = {}) {
  return new Runtime({ adapters: async () => adapters, ...options });
}

async function run(runtime: Runtime, options = {}, operation = copied): Promise<string> {
  places = [];
  const found: number[] = [];
  const source = [Uint8Array.of(1), Uint8Array.of(2), Uint8Array.of(3)];
  for await (const [value = -1] of runtime.stream(source, operation, options)) found.push(value);
  expect(found).toEqual([1, 2, 3]);
  return places.join(" ");
}

/** The batch of that index fails on the device. */
function failingAt(bad: number, code: "OUT_OF_MEMORY" | "DEVICE_LOST" | "TIMEOUT"): Copy {
  return {
    ...copied,
    gpu: async (input, output, context) => {
      if (context.index === bad) throw new AikoError(code, { message: `batch ${bad}` });
      await copied.gpu(input, output, context);
    },
  };
}

describe("a stream of a runtime", () => {
  it("runs where it is told to, else on the device while there is one", async () => {
    await using none = runtimeOf([]);
    expect(await run(none)).toBe("cpu cpu cpu");
    await failure(() => run(none, { placement: "gpu" }), "DEVICE_NOT_FOUND");
    await using runtime = runtimeOf([new FakeAdapter(), new FakeAdapter("gpu", 1)]);
    expect(await run(runtime)).toBe("gpu gpu gpu");
    expect(await run(runtime, { placement: "cpu" })).toBe("cpu cpu cpu");
    expect(await run(runtime, { device: "opencl:1" })).toBe("gpu gpu gpu");
    await failure(() => run(runtime, { device: "cuda:0" }), "DEVICE_NOT_FOUND");
    await failure(() => run(runtime, { placement: "tpu" }), "INVALID_ARGUMENT");
    await using nothing = runtimeOf([new FakeAdapter("null")]);
    expect(await run(nothing)).toBe("cpu cpu cpu");
    expect(await run(nothing, { placement: "gpu" })).toBe("gpu gpu gpu");
  });

  it("falls back when the device does not open or fails, and rests it", async () => {
    const adapter = new FakeAdapter();
    adapter.openError = new AikoError("UNSUPPORTED", { message: "no driver" });
    await using runtime = runtimeOf([adapter], { threshold: 1, restMs: 60_000 });
    expect(await run(runtime)).toBe("cpu cpu cpu");
    await failure(() => run(runtime, { strict: true }), "UNSUPPORTED");
    adapter.openError = undefined;
    const failing: Copy = {
      ...copied,
      gpu: async () => {
        throw new AikoError("TIMEOUT", { message: "hung" });
      },
    };
    await failure(() => run(runtime, { strict: true }, failing), "TIMEOUT");
    expect(await run(runtime)).toBe("cpu cpu cpu");
    expect(await run(runtime, { placement: "gpu" })).toBe("cpu cpu cpu");
    await failure(() => run(runtime, { strict: true }), "TIMEOUT");
    const { cpu: _, ...deviceOnly } = copied;
    await failure(() => run(runtime, {}, deviceOnly), "TIMEOUT");
  });

  it("stays within the runtime's budget", async () => {
    const adapter = new FakeAdapter();
    await using runtime = runtimeOf([adapter], { memoryBudgetBytes: 2048 });
    await run(runtime, { inFlight: 8 });
    expect(adapter.opened[0]?.peakBytes).toBeLessThanOrEqual(2048);
    await failure(async () => {
      const large = [new Uint8Array(3000)];
      for await (const _ of runtime.stream(large, copied, { strict: true }));
    }, "OUT_OF_MEMORY");
  });

  it("leaves its device's memory to be looked at", async () => {
    const adapter = new FakeAdapter();
    await using runtime = runtimeOf([adapter], { memoryBudgetBytes: 4096, traceAllocations: true });
    await run(runtime);
    const memory = await runtime.memory();
    expect(memory.device).toBe(adapter.opened[0]);
    expect(memory.statistics()).toMatchObject({ budgetBytes: 4096, inUseBytes: 0, reservations: 0 });
    expect(memory.leaks()).toEqual([]);
    await failure(() => runtime.memory("cuda:7"), "DEVICE_NOT_FOUND");
    await using none = runtimeOf([]);
    await failure(() => none.memory(), "DEVICE_NOT_FOUND");
  });

  it("is reported once, at its end", async () => {
    await using runtime = runtimeOf([new FakeAdapter()]);
    const reports: OperationReport[] = [];
    const listen = (message: unknown) => reports.push(message as OperationReport);
    operationChannel.subscribe(listen);
    await run(runtime);
    operationChannel.unsubscribe(listen);
    expect(reports).toMatchObject([
      { operation: "test.stream", placement: "gpu", device: "opencl:0", bytes: 6 },
    ]);
    expect(reports).toMatchObject([{ uploadMs: 3, kernelMs: 6, downloadMs: 9, cpuMs: 0 }]);
  });

  it("says in its report how much the device did", async () => {
    const adapter = new FakeAdapter();
    adapter.openError = new AikoError("UNSUPPORTED", { message: "no driver" });
    await using runtime = runtimeOf([adapter]);
    const reports: OperationReport[] = [];
    const listen = (message: unknown) => reports.push(message as OperationReport);
    operationChannel.subscribe(listen);
    await run(runtime);
    adapter.openError = undefined;
    await run(runtime, {}, failingAt(1, "OUT_OF_MEMORY"));
    operationChannel.unsubscribe(listen);
    expect(reports).toMatchObject([
      { placement: "cpu", device: "cpu", fallback: { code: "UNSUPPORTED" } },
      { placement: "gpu", device: "opencl:0", fallback: { code: "OUT_OF_MEMORY" } },
    ]);
    expect(reports[0]?.reason).toBe("opencl:0 did 0 of 3 batches: UNSUPPORTED: no driver");
    expect(reports[1]?.reason).toMatch(/^opencl:0 did 2 of 3 batches: OUT_OF_MEMORY/);
    expect(reports[0]?.cpuMs).toBeGreaterThan(0);
  });

  it("that is aborted before it starts lets its source go", async () => {
    await using runtime = runtimeOf([new FakeAdapter()]);
    const source = new ReadableStream<Uint8Array>();
    const abort = new AbortController();
    abort.abort();
    const { signal } = abort;
    await failure(() => runtime.stream(source, copied, { signal, placement: "cpu" }).next(), "ABORTED");
    await failure(() => streamThrough(source, copied, { signal }).next(), "ABORTED");
    expect(source.locked).toBe(false);
  });

  it("of a disposed runtime rejects", async () => {
    const runtime = runtimeOf([new FakeAdapter()]);
    await runtime.dispose();
    await failure(() => run(runtime), "DISPOSED");
  });
});

describe("what a runtime counts of streams", () => {
  const gpu = { operation: "test.stream", placement: "gpu" };
  const cpu = { operation: "test.stream", placement: "cpu" };

  it("is one call and the bytes of its batches, where they were done", async () => {
    await using runtime = runtimeOf([new FakeAdapter()]);
    await run(runtime);
    await run(runtime, { placement: "cpu" });
    expect(runtime.statistics()).toMatchObject({
      operations: [
        { ...gpu, calls: 1, failures: 0, bytes: 6 },
        { ...cpu, calls: 1, failures: 0, bytes: 6 },
      ],
      fallbacks: [],
    });
  });

  it("is a failure in one place and a call in the other after a fallback", async () => {
    await using runtime = runtimeOf([new FakeAdapter()]);
    await run(runtime, { inFlight: 1 }, failingAt(1, "DEVICE_LOST"));
    expect(runtime.statistics()).toMatchObject({
      operations: [
        { ...gpu, calls: 1, failures: 1, bytes: 2 },
        { ...cpu, calls: 1, failures: 0, bytes: 4 },
      ],
      fallbacks: [{ operation: "test.stream", device: "opencl:0", code: "DEVICE_LOST", calls: 1 }],
    });
  });

  it("is every batch that fell back, and every stream that a rested device did not get", async () => {
    await using runtime = runtimeOf([new FakeAdapter()], { threshold: 2, restMs: 60_000 });
    const full: Copy = {
      ...copied,
      gpu: async () => {
        throw new AikoError("OUT_OF_MEMORY", { message: "full" });
      },
    };
    await run(runtime, {}, full);
    await run(runtime, {}, full);
    await failure(() => run(runtime, { strict: true }, failingAt(0, "TIMEOUT")), "TIMEOUT");
    await run(runtime);
    expect(runtime.statistics()).toMatchObject({
      operations: [
        { ...gpu, calls: 3, failures: 3, bytes: 0 },
        { ...cpu, calls: 3, failures: 0, bytes: 18 },
      ],
      fallbacks: [
        { code: "OUT_OF_MEMORY", calls: 6 },
        { code: "TIMEOUT", calls: 1 },
      ],
    });
  });

  it("is no failure where the consumer stops or aborts", async () => {
    await using runtime = runtimeOf([new FakeAdapter()]);
    for await (const _ of runtime.stream([Uint8Array.of(1), Uint8Array.of(2)], copied)) break;
    const abort = new AbortController();
    await failure(async () => {
      const stream = runtime.stream([Uint8Array.of(1), Uint8Array.of(2)], copied, { signal: abort.signal });
      for await (const _ of stream) abort.abort();
    }, "ABORTED");
    expect(runtime.statistics().operations).toMatchObject([{ ...gpu, calls: 2, failures: 0 }]);
  });
});

describe("a stream that probes a rested device", () => {
  it("lets others in after its first batch, not only at its end", async () => {
    await using runtime = runtimeOf([new FakeAdapter()], { threshold: 1, restMs: 5 });
    await run(runtime, {}, failingAt(0, "TIMEOUT"));
    await new Promise((resolve) => setTimeout(resolve, 10));
    const probe = runtime.stream([Uint8Array.of(1), Uint8Array.of(2)], copied);
    await probe.next();
    expect(await run(runtime)).toBe("gpu gpu gpu");
    await probe.return();
  });

  it("leaves it to another one where it ends before", async () => {
    await using runtime = runtimeOf([new FakeAdapter()], { threshold: 1, restMs: 5 });
    await run(runtime, {}, failingAt(0, "TIMEOUT"));
    await new Promise((resolve) => setTimeout(resolve, 10));
    for await (const _ of runtime.stream([], copied));
    expect(await run(runtime)).toBe("gpu gpu gpu");
  });
});
