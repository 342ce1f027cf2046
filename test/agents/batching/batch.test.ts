import { afterAll, describe, expect, it } from "vitest";
import { bindAgents } from "#src/agents/index.js";
import { loadModel, OnnxBuilder } from "#src/nn/index.js";
import { type Operation, Runtime } from "#src/runtime/index.js";
import { adapters } from "../../support/devices.js";
import { failure } from "../../support/errors.js";
import { randomFloats } from "../../support/random.js";

/** y = relu(x w), 4 numbers to 3. */
const weights = randomFloats(12, 3);
function network(): Uint8Array {
  const builder = new OnnxBuilder();
  const x = builder.input("x", "f32", ["n", 4]);
  const w = builder.constant("w", "f32", [4, 3], weights);
  builder.output("y", builder.add("Relu", [builder.add("MatMul", [x, w])]), "f32", ["n", 3]);
  return builder.encode();
}

const inputOf = (seed: number, rows = 1) => ({ x: { data: randomFloats(rows * 4, seed), shape: [rows, 4] } });

function byHand({ data }: { readonly data: Float32Array }): number[] {
  const rows = data.length / 4;
  return Array.from({ length: rows * 3 }, (_, at) => {
    const [row, column] = [Math.floor(at / 3), at % 3];
    let sum = 0;
    for (let i = 0; i < 4; i++) sum += (data[row * 4 + i] ?? 0) * (weights[i * 3 + column] ?? 0);
    return Math.max(0, sum);
  });
}

const adapter = adapters.find(({ backend }) => backend === "opencl");

describe.skipIf(adapter === undefined)("a batched model on OpenCL", () => {
  it("answers each of its callers", async () => {
    await using runtime = new Runtime({ adapters: async () => (adapter === undefined ? [] : [adapter]) });
    await using agents = bindAgents(runtime);
    await using model = await loadModel(runtime, network());
    using batched = agents.batch(model, { placement: "gpu", strict: true });
    const inputs = Array.from({ length: 20 }, (_, at) => inputOf(at + 1, 1 + (at % 2)));
    const results = await Promise.all(inputs.map((input, at) => batched.run(input, { caller: `${at % 5}` })));
    for (const [at, { outputs }] of results.entries()) {
      const expected = byHand(inputs[at]?.x ?? { data: new Float32Array() });
      const { data = [] } = outputs.y ?? {};
      expect(data).toHaveLength(expected.length);
      expected.forEach((value, place) => {
        expect(data[place]).toBeCloseTo(value, 5);
      });
    }
    expect(batched.statistics()).toMatchObject({ batches: 1, items: 20 });
    expect(runtime.statistics().operations.every(({ placement }) => placement === "gpu")).toBe(true);
  });
});

describe("a batched model, operation or function", () => {
  const runtime = new Runtime({ adapters: async () => [] });
  const agents = bindAgents(runtime);
  afterAll(() => runtime.dispose());

  it("fails for the callers whose inputs are wrong, and for nobody else", async () => {
    await using model = await loadModel(runtime, network());
    using batched = agents.batch(model);
    const good = [1, 2, 3].map((seed) => batched.run(inputOf(seed)));
    const bad = batched.run({ x: { data: new Float32Array(3), shape: [1, 3] } });
    await failure(() => bad, "INVALID_ARGUMENT");
    expect((await Promise.all(good)).map(({ outputs }) => outputs.y?.shape)).toEqual([
      [1, 3],
      [1, 3],
      [1, 3],
    ]);
  });

  it("is one execution, with turns for each agent, priorities and a bound", async () => {
    const batches: number[][] = [];
    let release = () => {};
    const held = new Promise<void>((resolve) => {
      release = resolve;
    });
    using batched = agents.batch<number, number>(
      async (items) => {
        batches.push([...items]);
        if (batches.length === 1) await held;
        return items.map((item) => (item < 0 ? new RangeError(`${item} is negative`) : 2 * item));
      },
      { maxBatchSize: 4, priorityLevels: 2, maxQueueSize: 10, name: "doubles" },
    );
    const first = batched.run(0);
    await expect.poll(() => batches.length).toBe(1);
    const flood = batched.as("flood", { priority: 2 });
    const floods = [10, 11, 12, 13, 14, 15].map((item) => flood(item));
    const quiet = batched.as("quiet", { priority: 2 })(20);
    const urgent = batched.run(30, { priority: 1 });
    const controller = new AbortController();
    const aborted = failure(() => batched.run(40, { signal: controller.signal, caller: "quiet" }), "ABORTED");
    controller.abort();
    await aborted;
    const negative = batched.run(-1, { caller: "third", priority: 2 });
    const refused = batched.run(50).then(
      () => "ran",
      () => "refused",
    );
    await failure(() => batched.run(60), "QUEUE_FULL");
    release();
    await failure(() => negative, "INTERNAL");
    expect(await Promise.all([first, ...floods, quiet, urgent])).toEqual([0, 20, 22, 24, 26, 28, 30, 40, 60]);
    expect(await refused).toBe("ran");
    expect(batches.slice(1).map((items) => items.length)).toEqual([4, 4, 2]);
    expect(batches[1]).toEqual(expect.arrayContaining([30, 50]));
    expect(batches.slice(1, 3).flat().indexOf(20)).toBeLessThan(5);
    expect(batched.statistics()).toMatchObject({
      operation: "doubles",
      rejected: 1,
      cancelled: 1,
      items: 11,
    });
    expect(batched.isIdle).toBe(true);
    batched.dispose();
    await failure(() => batched.run(1), "DISPOSED");
  });

  it("runs an operation by its batch facet, by key", async () => {
    const sizes: number[] = [];
    const rate = { overheadMs: 0.1, flopsPerMs: 1e6, bytesPerMs: 1e6 };
    const operation: Operation<readonly number[], readonly number[]> = {
      name: "test.squares",
      engine: "javascript",
      rates: { engine: rate, gpu: rate, cpu: rate },
      work: (input) => ({
        flops: input.length,
        bytes: 8,
        hostBytes: 8,
        deviceBytes: 0,
        resultBytes: 8,
      }),
      gpu: async (input) => input.map((value) => value * value),
      cpu: async (input) => {
        sizes.push(input.length);
        return input.map((value) => value * value);
      },
      batch: {
        key: ([first = 0]) => (first < 0 ? undefined : `${first % 2}`),
        merge: (inputs) => inputs.flat(),
        split: (output, inputs) => {
          let at = 0;
          return inputs.map(({ length }) => {
            at += length;
            return output.slice(at - length, at);
          });
        },
      },
    };
    using batched = agents.batch(operation);
    const inputs = [[1, 2], [2], [3], [-4], [4, 5, 6], [-1]];
    const found = await Promise.all(inputs.map((input) => batched.run(input)));
    expect(found).toEqual(inputs.map((input) => input.map((value) => value * value)));
    expect(sizes.sort()).toEqual([1, 1, 3, 4]);
    const { batch: _, ...alone } = operation;
    await failure(() => agents.batch(alone), "INVALID_ARGUMENT");
    await failure(() => agents.batch(null as unknown as typeof operation), "INVALID_ARGUMENT");
    await failure(() => agents.batch(operation, { maxBatchSize: 0 }), "INVALID_ARGUMENT");
  });
});
