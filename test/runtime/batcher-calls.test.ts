import { describe, expect, it } from "vitest";
import { AikoError, type ErrorCode } from "#src/errors.js";
import {
  type GpuContext,
  type Operation,
  type OperationReport,
  operationChannel,
  Runtime,
  type RuntimeOptions,
} from "#src/runtime/index.js";
import { failure } from "../support/errors.js";
import { FakeAdapter } from "../support/fake-device.js";

type Input = { readonly numbers: readonly number[]; readonly kind?: string };
type Output = readonly string[];

interface Faults {
  readonly gpu?: (input: Input, context: GpuContext) => Promise<Output>;
  readonly cpu?: (input: Input) => Promise<Output>;
  readonly merge?: (inputs: readonly Input[]) => Input | Promise<Input>;
  readonly split?: (output: Output, inputs: readonly Input[]) => readonly Output[];
}

const fast = { overheadMs: 0.1, flopsPerMs: 1e9, bytesPerMs: 1e9 };
const turn = () => new Promise((resolve) => setImmediate(resolve));

/** Answers each number with its place; notes how many numbers each execution had. */
function noting(faults: Faults = {}) {
  const executions: string[] = [];
  const answer = (place: string, { numbers }: Input) => {
    executions.push(`${place} ${numbers.length}`);
    if (numbers.includes(-1)) throw new AikoError("INVALID_ARGUMENT", { message: "-1 is bad" });
    return numbers.map((number) => `${place} ${number}`);
  };
  const operation: Operation<Input, Output> = {
    name: "test.batched",
    engine: "engine",
    rates: { engine: { ...fast, overheadMs: 100 }, gpu: fast, cpu: { ...fast, overheadMs: 1_000 } },
    work: ({ numbers }) => ({
      flops: numbers.reduce((sum, number) => sum + number, 0),
      bytes: numbers.length,
      hostBytes: 0,
      deviceBytes: 0,
      resultBytes: 0,
    }),
    gpu: async (input, context) => faults.gpu?.(input, context) ?? answer("gpu", input),
    cpu: async (input) => faults.cpu?.(input) ?? answer("cpu", input),
    batch: {
      key: ({ kind }) => (kind === "alone" ? undefined : (kind ?? "")),
      merge: faults.merge ?? ((inputs) => ({ numbers: inputs.flatMap(({ numbers }) => numbers) })),
      split: faults.split ?? ((output, inputs) => inputs.map((_, at) => output.slice(at, at + 1))),
    },
  };
  const input = (number: number, kind?: string): Input => ({
    numbers: [number],
    ...(kind === undefined ? {} : { kind }),
  });
  return { operation, executions, input };
}

const runtimeOf = (options: Partial<RuntimeOptions> = {}) =>
  new Runtime({ adapters: async () => [new FakeAdapter()], ...options });

const values = async (calls: readonly Promise<{ value: Output }>[]) =>
  (await Promise.all(calls)).map(({ value }) => value[0]);

describe("concurrent calls", () => {
  it("are merged, and the first of them does not wait", async () => {
    await using runtime = runtimeOf();
    const { operation, executions, input } = noting();
    const calls = [1, 2, 3, 4].map((number) => runtime.run(operation, input(number)));
    expect(await values(calls)).toEqual(["gpu 1", "gpu 2", "gpu 3", "gpu 4"]);
    expect(executions).toEqual(["gpu 1", "gpu 3"]);
    expect(runtime.batchers()).toMatchObject([
      { operation: "test.batched", batches: 1, items: 3, queued: 0 },
    ]);
  });

  it("are all counted, with every fallback, also where one of a batch is bad", async () => {
    await using runtime = runtimeOf();
    const { operation, input } = noting({
      gpu: async ({ numbers }) => {
        if (numbers.includes(9)) throw new AikoError("OUT_OF_MEMORY", { message: "full" });
        return numbers.map(String);
      },
    });
    await values([1, 2, 3, 9].map((number) => runtime.run(operation, input(number))));
    expect(runtime.statistics()).toMatchObject({
      operations: [
        { placement: "gpu", calls: 4, failures: 3 },
        { placement: "cpu", calls: 3, failures: 0 },
      ],
      fallbacks: [{ code: "OUT_OF_MEMORY", calls: 3 }],
    });
    await using onCpu = runtimeOf({ placement: "cpu" });
    const mixed = noting();
    await Promise.allSettled([1, 2, -1, 3].map((number) => onCpu.run(mixed.operation, input(number))));
    expect(onCpu.statistics().operations).toMatchObject([{ placement: "cpu", calls: 4, failures: 1 }]);
  });

  it("are not merged one after the other", async () => {
    await using runtime = runtimeOf();
    const { operation, executions, input } = noting();
    for (const number of [1, 2, 3]) await runtime.run(operation, input(number));
    expect(executions).toEqual(["gpu 1", "gpu 1", "gpu 1"]);
    expect(runtime.batchers()).toMatchObject([{ batches: 0 }]);
  });

  it("are only merged with their like: key, placement, strictness, device", async () => {
    await using runtime = runtimeOf();
    const { operation, executions, input } = noting();
    const first = runtime.run(operation, input(0));
    const calls = [{}, { placement: "cpu" }, { strict: true }, { device: "opencl:0" }] as const;
    const all = calls.flatMap((options) =>
      ["x", "x", "y", "alone"].map((kind) => runtime.run(operation, input(1, kind), options)),
    );
    await values([first, ...all]);
    expect(executions.filter((execution) => execution.endsWith("2"))).toHaveLength(4);
    expect(executions).toHaveLength(1 + 3 * 4);
  });

  it("stay apart with batch: false, of a call or of the runtime", async () => {
    await using runtime = runtimeOf();
    const { operation, executions, input } = noting();
    await values([1, 2, 3].map((number) => runtime.run(operation, input(number), { batch: false })));
    await using never = runtimeOf({ batching: false });
    await values([1, 2, 3].map((number) => never.run(operation, input(number))));
    expect(executions).toEqual(Array(6).fill("gpu 1"));
    expect(never.batchers()).toEqual([]);
  });

  it("wait for company from the first on where a delay is asked for", async () => {
    await using runtime = runtimeOf({ batching: { maxQueueDelayMs: 60_000, maxBatchSize: 2 } });
    const { operation, executions, input } = noting();
    const calls = [runtime.run(operation, input(1))];
    await turn();
    calls.push(runtime.run(operation, input(2)));
    expect(await values(calls)).toEqual(["gpu 1", "gpu 2"]);
    expect(executions).toEqual(["gpu 2"]);
  });

  it("are bounded together, whatever their keys", async () => {
    await using runtime = runtimeOf({ batching: { maxQueueSize: 2 } });
    const { operation, input } = noting();
    const calls = ["x", "x", "y"].map((kind) => runtime.run(operation, input(1, kind)));
    const error = await failure(() => runtime.run(operation, input(1, "z")), "QUEUE_FULL");
    expect(error.message).toContain("test.batched");
    await values(calls);
    await runtime.run(operation, input(1));
  });

  it("go by priority and caller", async () => {
    await using runtime = runtimeOf({ batching: { maxBatchSize: 2, priorityLevels: 2 } });
    const seen: number[] = [];
    const { operation, input } = noting({
      gpu: async ({ numbers }) => {
        seen.push(...numbers);
        return numbers.map(String);
      },
    });
    const run = (number: number, batch: object) => runtime.run(operation, input(number), { batch });
    await values([
      run(0, {}),
      run(1, { priority: 2 }),
      run(2, { priority: 1, caller: "a" }),
      run(3, { priority: 1, caller: "a" }),
      run(4, { priority: 1, caller: "b" }),
    ]);
    expect(seen).toEqual([0, 2, 4, 3, 1]);
    await failure(() => run(5, { priority: 3 }), "INVALID_ARGUMENT");
    await failure(async () => runtimeOf({ batching: { maxBatchSize: 0 } }), "INVALID_ARGUMENT");
  });

  it("of more kinds than are kept are all answered", async () => {
    await using runtime = runtimeOf();
    const { operation, input } = noting();
    for (let round = 0; round < 3; round++) {
      const calls = Array.from({ length: 200 }, (_, at) =>
        runtime.run(operation, input(at, `kind ${at >> 1}`)),
      );
      expect(await values(calls)).toEqual(Array.from({ length: 200 }, (_, at) => `gpu ${at}`));
    }
  });
});

describe("reports of merged calls", () => {
  it("give each its share, and add up to the batch", async () => {
    await using runtime = runtimeOf();
    const { operation, input } = noting();
    const published: OperationReport[] = [];
    const listen = (message: unknown) => published.push(message as OperationReport);
    operationChannel.subscribe(listen);
    const calls = [5, 1, 3].map((number) => runtime.run(operation, input(number)));
    const reports = (await Promise.all(calls)).map(({ report }) => report);
    operationChannel.unsubscribe(listen);
    expect(published).toEqual(reports);
    expect(reports[0]?.batch).toBeUndefined();
    expect(reports.slice(1)).toMatchObject([
      {
        batch: { size: 2, share: 0.25 },
        flops: 1,
        bytes: 1,
        kernelMs: 0.5,
        uploadMs: 0.25,
        downloadMs: 0.75,
      },
      {
        batch: { size: 2, share: 0.75 },
        flops: 3,
        bytes: 1,
        kernelMs: 1.5,
        uploadMs: 0.75,
        downloadMs: 2.25,
      },
    ]);
    for (const report of reports) expect(report?.totalMs).toBeGreaterThanOrEqual(report?.queueMs ?? Infinity);
  });

  it("are only for those who asked", async () => {
    await using runtime = runtimeOf();
    const { operation, input } = noting();
    const calls = [1, 2, 3].map((number) => runtime.run(operation, input(number), { report: number === 2 }));
    const reports = (await Promise.all(calls)).map(({ report }) => report);
    expect(reports).toMatchObject([
      undefined,
      { batch: { size: 2, share: 0.4 }, device: "opencl:0" },
      undefined,
    ]);
  });

  it("share by count where there is no arithmetic", async () => {
    await using runtime = runtimeOf();
    const { operation, input } = noting();
    const calls = [0, 0, 0].map((number) => runtime.run(operation, input(number), { report: true }));
    const reports = (await Promise.all(calls)).map(({ report }) => report);
    expect(reports[2]?.batch).toEqual({ size: 2, share: 0.5 });
  });
});

describe("a batch with a fault", () => {
  it("fails only the item that is bad", async () => {
    await using runtime = runtimeOf();
    const { operation, executions, input } = noting();
    const calls = [1, 2, -1, 3].map((number) => runtime.run(operation, input(number)));
    expect(await Promise.allSettled(calls)).toMatchObject([
      { value: { value: ["gpu 1"] } },
      { value: { value: ["gpu 2"] } },
      { reason: { code: "INVALID_ARGUMENT", message: "-1 is bad" } },
      { value: { value: ["gpu 3"] } },
    ]);
    expect(executions).toEqual(["gpu 1", "gpu 3", "gpu 1", "gpu 1", "gpu 1"]);
  });

  const whole = ["OUT_OF_MEMORY", "DEVICE_LOST", "TIMEOUT", "UNSUPPORTED", "COMPILE_FAILED"] as const;
  it.each(whole)("is answered by the CPU after %s, once for all", async (code: ErrorCode) => {
    await using runtime = runtimeOf();
    const { operation, executions, input } = noting({
      gpu: async ({ numbers }) => {
        if (numbers.length > 1) throw new AikoError(code, { message: "made to fail" });
        return ["gpu alone"];
      },
    });
    const calls = [1, 2, 3].map((number) => runtime.run(operation, input(number), { report: true }));
    expect(await values(calls)).toEqual(["gpu alone", "cpu 2", "cpu 3"]);
    expect(executions).toEqual(["cpu 2"]);
    const { report } = (await calls[1]) ?? {};
    expect(report).toMatchObject({ placement: "cpu", fallback: { code }, batch: { size: 2 } });
  });

  it("is answered by the CPU when the device is really lost meanwhile", async () => {
    const adapter = new FakeAdapter();
    await using runtime = runtimeOf({ adapters: async () => [adapter] });
    const { operation, input } = noting({
      gpu: async ({ numbers }, { device }) => {
        if (numbers.length > 1) adapter.opened[0]?.lose("driver");
        await device.wait();
        return numbers.map(String);
      },
    });
    await runtime.run(operation, input(0));
    const calls = [1, 2, 3].map((number) => runtime.run(operation, input(number)));
    expect((await values(calls)).slice(1)).toEqual(["cpu 2", "cpu 3"]);
  });

  it("under strict gives everybody the device's error", async () => {
    await using runtime = runtimeOf({ strict: true });
    const { operation, input } = noting({
      gpu: async () => {
        throw new AikoError("OUT_OF_MEMORY", { message: "made to fail" });
      },
    });
    const calls = [1, 2, 3].map((number) => runtime.run(operation, input(number)));
    await Promise.all(calls.map((call) => failure(() => call, "OUT_OF_MEMORY")));
  });

  it("computes its calls one by one when merge or split throws, or split gives the wrong count", async () => {
    const broken = () => {
      throw new TypeError("a bug");
    };
    const disposed: string[] = [];
    const owned = (name: string, numbers: readonly number[]) => ({
      numbers,
      [Symbol.dispose]: () => disposed.push(name),
    });
    const output = (length: number) =>
      Object.assign(
        Array.from({ length }, () => "gpu"),
        { [Symbol.dispose]: () => disposed.push("output") },
      );
    const merge = (inputs: readonly Input[]) =>
      owned(
        "merged",
        inputs.flatMap(({ numbers }) => numbers),
      );
    const gpu = async ({ numbers }: Input) => output(numbers.length);
    for (const faults of [{ merge: broken }, { merge, split: broken }, { merge, split: () => [] }]) {
      disposed.length = 0;
      await using runtime = runtimeOf();
      const { operation, input } = noting({ gpu, ...faults });
      const calls = [1, 2, 3].map((number) => runtime.run(operation, input(number)));
      expect(await values(calls)).toEqual(["gpu", "gpu", "gpu"]);
      expect(disposed).toEqual(faults.merge === broken ? [] : ["output", "merged"]);
    }
  });

  it("rejects like any call when the key throws", async () => {
    await using runtime = runtimeOf();
    const { operation, input } = noting();
    const broken: Operation<Input, Output> = {
      ...operation,
      batch: {
        merge: () => ({ numbers: [] }),
        split: () => [],
        key: () => {
          throw new TypeError("a bug");
        },
      },
    };
    const [first, second] = [runtime.run(broken, input(1)), runtime.run(broken, input(2))];
    await failure(() => second, "INTERNAL");
    expect(await values([first])).toEqual(["gpu 1"]);
  });
});

describe("abort of a merged call", () => {
  it("takes it out while it waits", async () => {
    await using runtime = runtimeOf();
    const { operation, executions, input } = noting();
    const abort = new AbortController();
    const calls = [1, 2].map((number) => runtime.run(operation, input(number)));
    const aborted = runtime.run(operation, input(3), { signal: abort.signal });
    abort.abort();
    await failure(() => aborted, "ABORTED");
    await values(calls);
    expect(executions).toEqual(["gpu 1", "gpu 1"]);
  });

  it.each(["merge", "gpu", "split"] as const)("leaves its siblings alone during %s", async (stage) => {
    await using runtime = runtimeOf();
    const abort = new AbortController();
    const at = (now: string) => {
      if (now === stage) abort.abort();
    };
    const { operation, input } = noting({
      merge: async (inputs) => {
        at("merge");
        return { numbers: inputs.flatMap(({ numbers }) => numbers) };
      },
      gpu: async ({ numbers }) => {
        if (numbers.length > 1) at("gpu");
        return numbers.map(String);
      },
      split: (output) => {
        at("split");
        return output.map((value) => [value]);
      },
    });
    const first = runtime.run(operation, input(1));
    const aborted = runtime.run(operation, input(2), { signal: abort.signal });
    const sibling = runtime.run(operation, input(3));
    await failure(() => aborted, "ABORTED");
    expect(await values([first, sibling])).toEqual(["1", "3"]);
    expect(runtime.batchers()).toMatchObject([{ cancelled: 1, queued: 0 }]);
  });

  it("of all of them ends the execution", async () => {
    await using runtime = runtimeOf();
    let signal: AbortSignal | undefined;
    const { operation, input } = noting({
      gpu: async ({ numbers }, context) => {
        if (numbers.length === 1) return ["alone"];
        signal = context.signal;
        return new Promise(() => {});
      },
    });
    const abort = new AbortController();
    const first = runtime.run(operation, input(1));
    const others = [2, 3].map((number) => runtime.run(operation, input(number), { signal: abort.signal }));
    await first;
    while (signal === undefined) await turn();
    abort.abort();
    await Promise.all(others.map((other) => failure(() => other, "ABORTED")));
    expect(signal.aborted).toBe(true);
    await turn();
    const again = [4, 5].map((number) => runtime.run(operation, input(number, "other kind")));
    abort.abort();
    expect(await values(again)).toEqual(["alone", "alone"]);
  });
});

describe("dispose of the runtime", () => {
  it("rejects what waits", async () => {
    const runtime = runtimeOf();
    const { operation, input } = noting({ gpu: () => new Promise(() => {}) });
    void runtime.run(operation, input(1)).catch(() => {});
    const waiting = [2, 3].map((number) => runtime.run(operation, input(number)));
    const rejected = Promise.all(waiting.map((call) => failure(() => call, "DISPOSED")));
    await runtime.dispose();
    await rejected;
    await failure(() => runtime.run(operation, input(4)), "DISPOSED");
  });
});
