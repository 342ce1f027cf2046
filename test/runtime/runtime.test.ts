import { describe, expect, it } from "vitest";
import { AikoError, type ErrorCode } from "#src/errors.js";
import {
  type Operation,
  type OperationReport,
  operationChannel,
  Runtime,
  type StreamOperation,
} from "#src/runtime/index.js";
import { failure } from "../support/errors.js";
import { FakeAdapter, type FakeDevice } from "../support/fake-device.js";

const slow = { overheadMs: 100, flopsPerMs: 1, bytesPerMs: 1 };
const fast = { overheadMs: 0.1, flopsPerMs: 1e9, bytesPerMs: 1e9 };

interface Fake {
  readonly gpu?: () => Promise<string>;
  readonly cpu?: () => Promise<string>;
  readonly name?: string;
}

function operation({ gpu, cpu, name = "fake.work" }: Fake = {}): Omit<Operation<number, string>, "stream"> {
  return {
    name,
    engine: "engine",
    rates: { engine: slow, gpu: fast, cpu: { ...slow, overheadMs: 1000 } },
    work: (flops) => ({ flops, bytes: 8, hostBytes: 4, deviceBytes: 0, resultBytes: 4 }),
    gpu: gpu ?? (async () => "gpu"),
    cpu: cpu ?? (async () => "cpu"),
  };
}

function runtimeOf(adapters: FakeAdapter[], options = {}) {
  return new Runtime({ adapters: async () => adapters, cacheDirectory: false, ...options });
}

const failing = (code: ErrorCode) => async () => {
  throw new AikoError(code, { message: `made to fail with ${code}` });
};

describe("placement", () => {
  it("takes the CPU with a reason when there is no device", async () => {
    await using runtime = runtimeOf([]);
    const { value, report } = await runtime.run(operation(), 1, { report: true });
    expect(value).toBe("cpu");
    expect(report).toMatchObject({
      placement: "cpu",
      device: "engine",
      reason: "no device was found",
      flops: 1,
    });
  });

  it("takes the faster of both by prediction, and says what it compared", async () => {
    await using gpu = runtimeOf([new FakeAdapter("gpu")]);
    expect((await gpu.run(operation(), 1)).value).toBe("gpu");
    await using cpu = runtimeOf([new FakeAdapter("cpu")]);
    const { value, report } = await cpu.run(operation(), 1, { report: true });
    expect(value).toBe("cpu");
    expect(report?.reason).toMatch(/predicted .* ms on engine, .* ms on opencl:0 \(a device in software\)/);
  });

  it("never chooses a null device by itself", async () => {
    await using runtime = runtimeOf([new FakeAdapter("null")]);
    expect((await runtime.run(operation(), 1)).value).toBe("cpu");
    expect((await runtime.run(operation(), 1, { placement: "gpu" })).value).toBe("gpu");
  });

  it("does as it is told, per call and per runtime", async () => {
    await using runtime = runtimeOf([new FakeAdapter()], { placement: "cpu" });
    expect((await runtime.run(operation(), 1)).value).toBe("cpu");
    expect((await runtime.run(operation(), 1, { placement: "gpu" })).value).toBe("gpu");
    await failure(() => runtime.run(operation(), 1, { placement: "tpu" as "gpu" }), "INVALID_ARGUMENT");
  });

  it("throws DEVICE_NOT_FOUND for a device that is not there", async () => {
    await using none = runtimeOf([]);
    await failure(() => none.run(operation(), 1, { placement: "gpu" }), "DEVICE_NOT_FOUND");
    await using runtime = runtimeOf([new FakeAdapter(), new FakeAdapter("gpu", 1)]);
    const error = await failure(() => runtime.run(operation(), 1, { device: "cuda:0" }), "DEVICE_NOT_FOUND");
    expect(error.hint).toContain("opencl:0, opencl:1");
    const { report } = await runtime.run(operation(), 1, { device: "opencl:1", report: true });
    expect(report?.device).toBe("opencl:1");
  });

  it("opens devices only when they are needed, once", async () => {
    const adapter = new FakeAdapter();
    await using runtime = runtimeOf([adapter]);
    await runtime.run(operation(), 1, { placement: "cpu" });
    expect(adapter.opened).toHaveLength(0);
    await Promise.all([runtime.run(operation(), 1), runtime.run(operation(), 1)]);
    expect(adapter.opened).toHaveLength(1);
  });
});

describe("fallback", () => {
  const codes = ["UNSUPPORTED", "OUT_OF_MEMORY", "COMPILE_FAILED", "DEVICE_LOST", "TIMEOUT"] as const;
  it.each(codes)("answers from the CPU after %s, and says so", async (code) => {
    await using runtime = runtimeOf([new FakeAdapter()]);
    const { value, report } = await runtime.run(operation({ gpu: failing(code) }), 1, { report: true });
    expect(value).toBe("cpu");
    expect(report).toMatchObject({ placement: "cpu", fallback: { code, device: "opencl:0" } });
    expect(report?.reason).toContain(code);
  });

  it.each(codes)("is forbidden by strict after %s", async (code) => {
    await using runtime = runtimeOf([new FakeAdapter()]);
    await failure(() => runtime.run(operation({ gpu: failing(code) }), 1, { strict: true }), code);
    await using strict = runtimeOf([new FakeAdapter()], { strict: true });
    await failure(() => strict.run(operation({ gpu: failing(code) }), 1), code);
    expect((await strict.run(operation({ gpu: failing(code) }), 1, { strict: false })).value).toBe("cpu");
  });

  it.each(["INVALID_ARGUMENT", "INVALID_KERNEL", "INTERNAL"] as const)("never hides %s", async (code) => {
    await using runtime = runtimeOf([new FakeAdapter()]);
    let cpuCalls = 0;
    const cpu = async () => {
      cpuCalls++;
      return "cpu";
    };
    await failure(() => runtime.run(operation({ gpu: failing(code), cpu }), 1), code);
    expect(cpuCalls).toBe(0);
  });

  it("comes after batches, where the device is only too small for the whole", async () => {
    await using runtime = runtimeOf([new FakeAdapter()], { threshold: 10 });
    const streaming = (stream: () => Promise<string | undefined>, code: ErrorCode = "OUT_OF_MEMORY") => ({
      ...operation({ gpu: failing(code) }),
      stream,
    });
    const { value, report } = await runtime.run(
      streaming(async () => "streamed"),
      1,
      { report: true },
    );
    expect(value).toBe("streamed");
    expect(report).toMatchObject({ placement: "gpu", device: "opencl:0" });
    expect(report?.reason).toMatch(/^predicted .*; in batches, because in one piece made to fail/);
    expect(
      (
        await runtime.run(
          streaming(async () => undefined),
          1,
        )
      ).value,
    ).toBe("cpu");
    expect((await runtime.run(streaming(failing("OUT_OF_MEMORY")), 1)).value).toBe("cpu");
    await failure(() => runtime.run(streaming(failing("INTERNAL")), 1), "INTERNAL");
    expect(
      (
        await runtime.run(
          streaming(async () => "streamed", "UNSUPPORTED"),
          1,
        )
      ).value,
    ).toBe("cpu");
  });

  it("frees the device's result where it cannot be reported", async () => {
    const adapter = new FakeAdapter();
    await using runtime = runtimeOf([adapter]);
    const device = (await runtime.device()) as FakeDevice;
    device.timer = () => ({ result: failing("DEVICE_LOST") });
    let disposed = 0;
    const onGpu = { [Symbol.dispose]: () => void disposed++ };
    const held: Operation<number, unknown> = { ...operation(), gpu: async () => onGpu };
    const { value } = await runtime.run(held, 1, { report: true });
    expect(value).toBe("cpu");
    expect(disposed).toBe(1);
  });

  it("wraps whatever else is thrown", async () => {
    await using runtime = runtimeOf([new FakeAdapter()]);
    const broken = async () => {
      throw new TypeError("a bug");
    };
    await failure(() => runtime.run(operation({ gpu: broken }), 1), "INTERNAL");
    await failure(() => runtime.run(operation({ cpu: broken }), 1, { placement: "cpu" }), "INTERNAL");
  });

  it("warns once per operation, device and cause", async () => {
    await using runtime = runtimeOf([new FakeAdapter()]);
    const warnings: Error[] = [];
    const listen = (warning: Error) => warnings.push(warning);
    process.on("warning", listen);
    const work = operation({ gpu: failing("COMPILE_FAILED"), name: "fake.warned" });
    await runtime.run(work, 1);
    await runtime.run(work, 1);
    await new Promise((resolve) => setTimeout(resolve, 5));
    process.off("warning", listen);
    const ours = warnings.filter(({ message }) => message.includes("fake.warned"));
    expect(ours).toHaveLength(1);
    expect(ours[0]).toMatchObject({ name: "AikoRyuFallbackWarning", code: "COMPILE_FAILED" });
  });

  it("closes a device whose memory it cannot manage", async () => {
    const adapter = new FakeAdapter();
    await using runtime = runtimeOf([adapter], { memoryBudgetBytes: -1 });
    await failure(() => runtime.run(operation(), 1), "INVALID_ARGUMENT");
    expect(adapter.opened.map(({ isLost }) => isLost)).toEqual([true]);
  });

  it("falls back when the adapter does not open", async () => {
    const adapter = new FakeAdapter();
    adapter.openError = new AikoError("UNSUPPORTED", { message: "no driver" });
    await using runtime = runtimeOf([adapter]);
    expect((await runtime.run(operation(), 1)).value).toBe("cpu");
    adapter.openError = undefined;
    expect((await runtime.run(operation(), 1)).value).toBe("gpu");
  });
});

describe("a failing device", () => {
  it("is rested after a timeout, then probed and used again", async () => {
    await using runtime = runtimeOf([new FakeAdapter()], { restMs: 30 });
    await runtime.run(operation({ gpu: failing("TIMEOUT") }), 1);
    const { value, report } = await runtime.run(operation(), 1, { report: true });
    expect(value).toBe("cpu");
    expect(report?.fallback?.code).toBe("TIMEOUT");
    expect(report?.reason).toMatch(/rested for 1 s more after TIMEOUT/);
    await failure(() => runtime.run(operation(), 1, { strict: true }), "TIMEOUT");
    await new Promise((resolve) => setTimeout(resolve, 35));
    expect((await runtime.run(operation(), 1)).value).toBe("gpu");
  });

  it("gives way to the next one while it is rested", async () => {
    await using runtime = runtimeOf([new FakeAdapter("gpu", 0), new FakeAdapter("gpu", 1)]);
    await runtime.run(operation({ gpu: failing("TIMEOUT") }), 1);
    expect((await runtime.run(operation(), 1, { report: true })).report?.device).toBe("opencl:1");
  });

  it.each(["UNSUPPORTED", "OUT_OF_MEMORY"] as const)("is not blamed for %s", async (code) => {
    await using runtime = runtimeOf([new FakeAdapter()]);
    for (let i = 0; i < 5; i++) await runtime.run(operation({ gpu: failing(code) }), 1);
    expect((await runtime.run(operation(), 1)).value).toBe("gpu");
  });

  it("is opened anew after a loss", async () => {
    const adapter = new FakeAdapter();
    await using runtime = runtimeOf([adapter]);
    await runtime.run(operation(), 1);
    adapter.opened[0]?.lose("driver");
    await new Promise((resolve) => setImmediate(resolve));
    expect((await runtime.run(operation(), 1)).value).toBe("gpu");
    expect(adapter.opened).toHaveLength(2);
  });
});

describe("abort", () => {
  it("does not wait for adapters to be found or for a device to open", async () => {
    const never = new Promise<never>(() => undefined);
    const adapter = new FakeAdapter();
    adapter.open = () => never;
    const runtimes = [runtimeOf([adapter]), new Runtime({ adapters: () => never })];
    const copied: StreamOperation<Uint8Array, Uint8Array> = {
      name: "fake.stream",
      outputBytes: (batch) => batch.byteLength,
      gpu: async () => undefined,
      host: (bytes) => new Uint8Array(bytes),
    };
    for (const runtime of runtimes) {
      const abort = new AbortController();
      setTimeout(() => abort.abort(), 5);
      const options = { placement: "gpu", signal: abort.signal } as const;
      const stream = runtime.stream([Uint8Array.of(1)], copied, options);
      await Promise.all([
        failure(() => runtime.run(operation(), 1, options), "ABORTED"),
        failure(() => stream.next(), "ABORTED"),
      ]);
    }
  });

  it("rejects at once, whatever still runs, and disposes a late result", async () => {
    await using runtime = runtimeOf([new FakeAdapter()]);
    let disposed = 0;
    let finish: () => void = () => undefined;
    const work: Operation<number, Disposable> = {
      ...operation(),
      batch: undefined,
      gpu: () =>
        new Promise((resolve) => {
          finish = () => resolve({ [Symbol.dispose]: () => disposed++ });
        }),
      cpu: () => new Promise(() => undefined),
    };
    for (const placement of ["gpu", "cpu"] as const) {
      const abort = new AbortController();
      const running = runtime.run(work, 1, { placement, signal: abort.signal });
      setTimeout(() => abort.abort("enough"), 5);
      expect((await failure(() => running, "ABORTED")).cause).toBe("enough");
      await failure(() => runtime.run(work, 1, { signal: abort.signal }), "ABORTED");
    }
    finish();
    await new Promise((resolve) => setImmediate(resolve));
    expect(disposed).toBe(1);
  });
});

describe("reports", () => {
  it("go to subscribers of the channel, and to nobody else", async () => {
    await using runtime = runtimeOf([new FakeAdapter()]);
    expect((await runtime.run(operation(), 1)).report).toBeUndefined();
    const reports: OperationReport[] = [];
    const listen = (message: unknown) => reports.push(message as OperationReport);
    operationChannel.subscribe(listen);
    const { report } = await runtime.run(operation(), 7);
    operationChannel.unsubscribe(listen);
    expect(reports).toEqual([report]);
    expect(report).toMatchObject({
      operation: "fake.work",
      uploadMs: 1,
      kernelMs: 2,
      downloadMs: 3,
      bytes: 8,
      flops: 7,
    });
    expect(report?.totalMs).toBeGreaterThanOrEqual(report?.queueMs ?? Infinity);
  });
});

describe("a disposed runtime", () => {
  it("rejects clearly and closes its devices", async () => {
    const adapter = new FakeAdapter();
    const runtime = runtimeOf([adapter]);
    await runtime.run(operation(), 1);
    await runtime.dispose();
    await runtime.dispose();
    expect(adapter.opened[0]?.isLost).toBe(true);
    const error = await failure(() => runtime.run(operation(), 1), "DISPOSED");
    expect(error.message).toBe("This runtime is disposed");
    await failure(() => runtime.device(), "DISPOSED");
  });

  it("does not answer calls from the CPU that its end interrupted", async () => {
    const runtime = runtimeOf([new FakeAdapter()]);
    const interrupted = runtime.run(
      operation({
        gpu: async () => {
          await runtime.dispose();
          throw new AikoError("DEVICE_LOST", { message: "disposed" });
        },
      }),
      1,
    );
    await failure(() => interrupted, "DISPOSED");
  });
});
