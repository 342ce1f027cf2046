import { subscribe, unsubscribe } from "node:diagnostics_channel";
import { describe, expect, it } from "vitest";
import { type DType, dtypes } from "#src/core/dtype.js";
import { elementCount } from "#src/core/shape.js";
import { bindMatrix, Matrix, type MatrixFamily } from "#src/matrix/index.js";
import { type OperationReport, Runtime } from "#src/runtime/index.js";
import { isFake, onEveryDevice } from "../support/devices.js";
import { failure } from "../support/errors.js";
import { seeded } from "../support/random.js";

function onHost(): { readonly runtime: Runtime; readonly gpu: MatrixFamily } {
  const runtime = new Runtime({ adapters: async () => [] });
  return { runtime, gpu: bindMatrix(runtime) };
}

function floats(...shape: number[]): Matrix {
  return Matrix.from(
    Float32Array.from({ length: elementCount(shape) }, (_, at) => at),
    shape,
  );
}

/** A matrix as what NumPy's semantics say it holds: flat data and a shape, every view a copy. */
interface Model {
  readonly shape: readonly number[];
  readonly data: readonly number[];
}

/** `shape` filled with what `from` gives for each index. */
function modelOf(shape: readonly number[], from: (index: readonly number[]) => number): Model {
  const data: number[] = [];
  const visit = (index: readonly number[]) => {
    if (index.length === shape.length) data.push(from(index));
    else for (let at = 0; at < (shape[index.length] ?? 0); at++) visit([...index, at]);
  };
  visit([]);
  return { shape, data };
}

function at({ shape, data }: Model, index: readonly number[]): number {
  return data[index.reduce((flat, each, axis) => flat * (shape[axis] ?? 1) + each, 0)] ?? Number.NaN;
}

type Step = (gpu: MatrixFamily, matrix: Matrix, model: Model, random: () => number) => [Matrix, Model];

const steps: readonly Step[] = [
  (gpu, matrix, model, random) => {
    const axes = model.shape.map((_, axis) => axis).sort(() => random() - 0.5);
    const shape = axes.map((axis) => model.shape[axis] ?? 1);
    const from = (index: readonly number[]) =>
      at(
        model,
        model.shape.map((_, axis) => index[axes.indexOf(axis)] ?? 0),
      );
    return [gpu.transpose(matrix, axes), modelOf(shape, from)];
  },
  (gpu, matrix, model, random) => {
    const axis = Math.floor(random() * model.shape.length);
    if (model.shape.length === 0) return [matrix, model];
    const from = (index: readonly number[]) =>
      at(
        model,
        index.map((each, each_axis) => (each_axis === axis ? (model.shape[axis] ?? 1) - 1 - each : each)),
      );
    return [gpu.flip(matrix, axis), modelOf(model.shape, from)];
  },
  (gpu, matrix, model) => {
    const count = model.data.length;
    const shape = count % 6 === 0 ? [2, count / 6, 3] : count % 4 === 0 ? [count / 4, 4] : [count];
    return [gpu.reshape(matrix, shape), { shape, data: model.data }];
  },
  (gpu, matrix, model, random) => {
    if (model.shape.length === 0) return [matrix, model];
    const ranges = model.shape.map((size) => {
      const start = Math.floor(random() * Math.max(1, size - 1));
      return random() < 0.5 ? { start, step: 2 } : { stop: start - size, step: -1 };
    });
    const picked = model.shape.map((size, axis) => {
      const all = Array.from({ length: size }, (_, each) => each);
      const { start, stop, step } = ranges[axis] as { start?: number; stop?: number; step: number };
      if (step === 2) return all.slice(start).filter((_, each) => each % 2 === 0);
      return all.slice((stop ?? 0) + size + 1).reverse();
    });
    const shape = picked.map((each) => each.length);
    return [
      gpu.slice(matrix, ...ranges),
      modelOf(shape, (index) =>
        at(
          model,
          index.map((each, axis) => picked[axis]?.[each] ?? 0),
        ),
      ),
    ];
  },
  (gpu, matrix, model) => {
    const shape = [2, ...model.shape];
    if (elementCount(shape) > 500) return [matrix, model];
    return [gpu.broadcastTo(matrix, shape), modelOf(shape, (index) => at(model, index.slice(1)))];
  },
  (gpu, matrix, model) => {
    const shape = [...model.shape, 1];
    return [gpu.expandDims(matrix, -1), { shape, data: model.data }];
  },
  (gpu, matrix, model) => [
    gpu.squeeze(matrix),
    { shape: model.shape.filter((size) => size !== 1), data: model.data },
  ],
  (gpu, matrix, model) => {
    if (model.shape.length < 2) return [matrix, model];
    const [rows = 0, columns = 0] = model.shape.slice(-2);
    const shape = [...model.shape.slice(0, -2), Math.min(rows, columns)];
    return [gpu.diagonal(matrix), modelOf(shape, (index) => at(model, [...index, index.at(-1) ?? 0]))];
  },
  (gpu, matrix, model) => {
    if (model.shape.length === 0 || model.data.length > 250) return [matrix, model];
    const shape = [...model.shape.slice(0, -1), (model.shape.at(-1) ?? 0) * 2];
    const from = (index: readonly number[]) =>
      at(model, [...index.slice(0, -1), Math.floor((index.at(-1) ?? 0) / 2)]);
    return [gpu.repeat(matrix, 2, -1), modelOf(shape, from)];
  },
  (gpu, matrix, model) => {
    if (model.shape.length === 0 || model.data.length > 250) return [matrix, model];
    const last = model.shape.at(-1) ?? 1;
    const shape = [...model.shape.slice(0, -1), last * 2];
    return [
      gpu.tile(matrix, [2]),
      modelOf(shape, (index) => at(model, [...index.slice(0, -1), (index.at(-1) ?? 0) % last])),
    ];
  },
  (gpu, matrix, model) => [gpu.add(matrix, 1), { ...model, data: model.data.map((each) => each + 1) }],
  (gpu, matrix, model) => [
    gpu.mul(matrix, matrix),
    { ...model, data: model.data.map((each) => each * each) },
  ],
];

async function checkRandomViews(gpu: MatrixFamily, rounds: number, seed: number): Promise<void> {
  const random = seeded(seed);
  for (let round = 0; round < rounds; round++) {
    const shape = Array.from({ length: Math.floor(random() * 4) }, () => 1 + Math.floor(random() * 5));
    let matrix = floats(...shape);
    let model: Model = { shape, data: Array.from(await matrix.read()) };
    for (let step = 0; step < 6; step++) {
      const next = steps[Math.floor(random() * steps.length)] as Step;
      [matrix, model] = next(gpu, matrix, model, random);
      if (model.data.some((each) => Math.abs(each) > 4000)) break;
    }
    expect(matrix.shape).toEqual(model.shape);
    expect(Array.from(await matrix.read())).toEqual(model.data);
  }
}

onEveryDevice(
  "lazy matrices",
  (adapter) => {
    it("fuse a chain with broadcasting into one operation that is counted once", async () => {
      await using runtime = new Runtime({ adapters: async () => [adapter] });
      const gpu = bindMatrix(runtime);
      const options = { placement: "gpu", strict: true, report: true } as const;
      const x = floats(50, 20);
      using bias = Matrix.from(
        Float32Array.from({ length: 20 }, (_, each) => each / 8),
        [20],
      );
      using result = gpu.relu(gpu.sub(gpu.add(gpu.mul(x, 0.5), bias), 100));
      expect(result.location).toBe("lazy");
      expect(await gpu.evaluate(result, options)).toBe(result);
      expect(result.location).toBe("device");
      expect(result.report).toMatchObject({
        operation: "matrix.elementwise",
        placement: "gpu",
        device: adapter.id,
      });
      expect(result.report?.bytes).toBe((1000 + 20 + 1000) * 4);
      const want = Array.from({ length: 1000 }, (_, each) => Math.max(0, each / 2 + (each % 20) / 8 - 100));
      expect(Array.from(await result.read())).toEqual(want);
      expect(
        runtime.statistics().operations.filter(({ operation }) => operation === "matrix.elementwise"),
      ).toMatchObject([{ calls: 1 }]);
    });

    it("compose views at random as nested arrays do", async () => {
      await using runtime = new Runtime({ adapters: async () => [adapter], placement: "gpu", strict: true });
      await checkRandomViews(bindMatrix(runtime), isFake(adapter) ? 6 : 15, 5);
    });

    it("leave nothing on the device when they are disposed", async () => {
      await using runtime = new Runtime({ adapters: async () => [adapter], placement: "gpu", strict: true });
      const gpu = bindMatrix(runtime);
      {
        using a = floats(64);
        using negative = gpu.neg(a);
        using b = gpu.exp(negative);
        using square = gpu.reshape(b, [8, 8]);
        using c = gpu.add(square, 1);
        a.dispose();
        for (const each of [negative, b, square]) each.dispose();
        expect(elementCount(c.shape)).toBe(64);
        expect((await c.read())[1]).toBeCloseTo(1 + Math.exp(-1), 6);
      }
      const { residents, inUseBytes } = (await runtime.memory()).statistics();
      expect([residents, inUseBytes]).toEqual([0, 0]);
    });
  },
  { computing: true },
);

describe("lazy matrices", () => {
  it("compose views at random as nested arrays do", () => checkRandomViews(onHost().gpu, 400, 1));

  it("are computed once, however many ask at the same time, and then kept", async () => {
    const { runtime, gpu } = onHost();
    const shared = gpu.exp(floats(1000));
    const [left, right] = [gpu.add(shared, 1), gpu.mul(shared, 2)];
    await Promise.all([shared.read(), shared.read(), shared.toArray()]);
    expect(calls(runtime)).toBe(1);
    await Promise.all([left.read(), right.read(), left.read()]);
    expect(calls(runtime)).toBe(3);
    expect(Array.from(await left.read()).slice(0, 2)).toEqual([2, Math.fround(Math.fround(Math.E) + 1)]);
    expect(calls(runtime)).toBe(3);
  });

  it("look at dense data without a copy where the order stays", async () => {
    const { runtime, gpu } = onHost();
    const data = Float32Array.of(1, 2, 3, 4, 5, 6);
    const matrix = Matrix.from(data, [2, 3]);
    const view = gpu.expandDims(gpu.reshape(matrix, [3, -1]), 0);
    expect([view.shape, view.location]).toEqual([[1, 3, 2], "host"]);
    expect(await view.read()).toBe(data);
    expect(calls(runtime)).toBe(0);
  });

  it("go without bound: many leaves, long chains, shared parts", async () => {
    const { gpu } = onHost();
    const leaves = Array.from({ length: 40 }, (_, each) => Matrix.from(Float32Array.of(each, 1), [2]));
    let sum = leaves[0] as Matrix;
    for (const leaf of leaves.slice(1)) sum = gpu.add(sum, gpu.mul(leaf, 2));
    expect(Array.from(await sum.read())).toEqual([2 * 780, 79]);
    let chain: Matrix = floats(1);
    for (let round = 0; round < 3000; round++) chain = gpu.add(chain, 1);
    expect(await chain.toArray()).toEqual([3000]);
    let doubled: Matrix = Matrix.from([1]);
    for (let round = 0; round < 60; round++) doubled = gpu.add(doubled, doubled);
    expect(await doubled.toArray()).toEqual([2 ** 60]);
    const [a, b] = [gpu.transpose(floats(3, 3)), floats(3, 3)];
    let mixed: Matrix = a;
    for (let round = 0; round < 30; round++)
      mixed = gpu.maximum(gpu.transpose(mixed), gpu.add(gpu.minimum(mixed, b), 0));
    expect((await mixed.read()).length).toBe(9);
  });

  it("keep what they are made of until they are computed, and reject once they are disposed", async () => {
    const { gpu } = onHost();
    const a = floats(4);
    const b = gpu.add(a, 1);
    a.dispose();
    await failure(() => a.read(), "BUFFER_DISPOSED");
    await failure(() => gpu.add(a, 1), "BUFFER_DISPOSED");
    expect(await b.toArray()).toEqual([1, 2, 3, 4]);
    b.dispose();
    b.dispose();
    await failure(() => b.read(), "BUFFER_DISPOSED");
    const c = gpu.add(floats(4), 1);
    const reading = c.read();
    c.dispose();
    await reading.catch((error) => expect(error).toMatchObject({ code: "BUFFER_DISPOSED" }));
  });

  it("let one who waits give up without the others", async () => {
    const { gpu } = onHost();
    const matrix = gpu.sin(floats(300_000));
    const abort = new AbortController();
    const first = matrix.read({ signal: abort.signal });
    const second = matrix.read();
    const third = matrix.read({ signal: abort.signal });
    abort.abort();
    await Promise.allSettled([first, third]);
    expect((await second)[1]).toBe(Math.fround(Math.sin(1)));
    await failure(() => gpu.sin(floats(3)).read({ signal: abort.signal }), "ABORTED");
  });

  it("evaluate an expensive part before they repeat it", async () => {
    const reports: OperationReport[] = [];
    const listen = (message: unknown) => reports.push(message as OperationReport);
    const { gpu } = onHost();
    subscribe("aikoryu:operation", listen);
    const row = gpu.tanh(gpu.exp(gpu.neg(gpu.abs(gpu.sin(floats(1, 500))))));
    await gpu.add(gpu.broadcastTo(row, [500, 500]), 1).read();
    unsubscribe("aikoryu:operation", listen);
    expect(reports.map(({ flops }) => flops)).toEqual([500 * 6, 250_000 * 3]);
  });

  it("round and wrap narrow types after each step, however they are fused", async () => {
    const { gpu } = onHost();
    const bytes = Matrix.from(Int8Array.of(100, -100, 127), [3], "i8");
    expect(await gpu.div(gpu.add(bytes, bytes), 2).toArray()).toEqual([-28, 28, -1]);
    const halves = gpu.cast(Matrix.from([2048]), "f16");
    expect(await gpu.cast(gpu.sub(gpu.add(halves, 1), halves), "f32").toArray()).toEqual([0]);
  });

  it("take numbers, bigints and booleans for matrices, and bool among numbers", async () => {
    const { gpu } = onHost();
    expect(await gpu.sub(10, [1, 2]).toArray()).toEqual([9, 8]);
    const wide = Matrix.from(BigInt64Array.of(2n ** 62n), [1], "i64");
    expect(await gpu.add(wide, 5n).toArray()).toEqual([2n ** 62n + 5n]);
    expect(await gpu.add(wide, 5).toArray()).toEqual([2n ** 62n + 5n]);
    const x = Matrix.from([1, -2, 3]);
    const positive = gpu.greater(x, 0);
    expect([positive.dtype, await positive.toArray()]).toEqual(["bool", [1, 0, 1]]);
    expect(await gpu.mul(x, positive).toArray()).toEqual([1, -0, 3]);
    expect(await gpu.where(positive, x, 0).toArray()).toEqual([1, 0, 3]);
    expect(await gpu.logicalOr(positive, gpu.less(x, -1)).toArray()).toEqual([1, 1, 1]);
    expect(await gpu.logicalNot(positive).toArray()).toEqual([0, 1, 0]);
    expect(await gpu.cast(positive, "i32").toArray()).toEqual([1, 0, 1]);
    expect(await gpu.clip(x, -1, 2).toArray()).toEqual([1, -1, 2]);
  });

  it("have the activations of networks", async () => {
    const { gpu } = onHost();
    const values = [-Infinity, -20, -1.5, -0, 0.25, 3, 100, Infinity, Number.NaN];
    const x = Matrix.from(Float32Array.from(values), [values.length]);
    const check = async (result: Matrix, want: (value: number) => number, from = 0) => {
      for (const [each, got] of (await result.read()).entries()) {
        const expected = want(values[each + from] ?? 0);
        if (Number.isFinite(expected))
          expect(Math.abs(got - expected)).toBeLessThanOrEqual(1e-6 * Math.abs(expected) + 1e-9);
        else expect(got).toBe(expected);
      }
    };
    const phi = (value: number) => (value < -10 ? 0 : value > 10 ? 1 : simpson(value));
    await check(gpu.relu(x), (value) => (value <= 0 ? 0 : value));
    await check(gpu.sigmoid(x), (value) => 1 / (1 + Math.exp(-value)));
    await check(gpu.softplus(x), (value) => Math.max(value, 0) + Math.log1p(Math.exp(-Math.abs(value))));
    await check(gpu.silu(x), (value) => value / (1 + Math.exp(-value)));
    const few = gpu.slice(x, { start: 2, stop: 6 });
    await check(gpu.gelu(few), (value) => value * phi(value), 2);
    await check(gpu.square(x), (value) => value * value);
    await check(gpu.reciprocal(x), (value) => 1 / value);
  }, 20_000);

  it("are made of nothing, too", async () => {
    const { gpu } = onHost();
    expect(await gpu.zeros([2, 2]).toArray()).toEqual([
      [0, 0],
      [0, 0],
    ]);
    expect(await gpu.ones([2], "f16").read()).toEqual(Uint16Array.of(0x3c00, 0x3c00));
    expect(await gpu.full([2], -7n, "i64").toArray()).toEqual([-7n, -7n]);
    expect(await gpu.full([2], true, "bool").toArray()).toEqual([1, 1]);
    expect(await gpu.arange(4).toArray()).toEqual([0, 1, 2, 3]);
    expect(await gpu.arange(3, 0, -1).toArray()).toEqual([3, 2, 1]);
    expect(await gpu.linspace(0, 1, 5).toArray()).toEqual([0, 0.25, 0.5, 0.75, 1]);
    expect(await gpu.eye(2, 3, 1).toArray()).toEqual([
      [0, 1, 0],
      [0, 0, 1],
    ]);
    const long = await gpu.arange(0.5, 300_000).read();
    expect([long.length, long[299_999], long[70_000]]).toEqual([300_000, 299_999.5, 70_000.5]);
    await failure(() => gpu.arange(0, 1, 0), "INVALID_ARGUMENT");
    await failure(() => gpu.zeros([-1]), "INVALID_ARGUMENT");
    await failure(() => gpu.full([2], 2.5, "i32"), "INVALID_ARGUMENT");
    await failure(() => gpu.zeros([2], "f8" as DType), "INVALID_ARGUMENT");
  });

  it("may be empty, or have no axes", async () => {
    const { gpu } = onHost();
    const empty = Matrix.from(new Float32Array(0), [0, 3]);
    expect([gpu.add(empty, 1).shape, await gpu.add(empty, 1).read()]).toEqual([[0, 3], new Float32Array(0)]);
    expect(await gpu.transpose(gpu.exp(empty)).toArray()).toEqual([[], [], []]);
    expect(await gpu.add(gpu.full([], 2), 3).toArray()).toEqual([5]);
    expect(gpu.slice(floats(4), { start: 3, stop: 1 }).shape).toEqual([0]);
  });

  it("name the shapes, axes and types that do not fit", async () => {
    const { gpu } = onHost();
    const [a, i] = [floats(2, 3), gpu.cast(floats(2, 3), "i32")];
    const message = async (work: () => unknown) => {
      const error = await failure(work, "INVALID_ARGUMENT");
      return `${error.message} ${error.hint ?? ""}`;
    };
    expect(await message(() => gpu.add(a, floats(2, 4)))).toMatch(
      "cannot combine 2x3 with 2x4: 3 meets 4 at axis -1",
    );
    expect(await message(() => gpu.add(a, i as never))).toMatch(/one element type, got f32 and i32.*Cast/);
    expect(await message(() => gpu.sqrt(i))).toMatch("sqrt takes floats, not i32 Cast it first");
    expect(await message(() => gpu.add(i, 0.5))).toMatch(/cannot combine 0.5 with elements of i32.*f32/);
    expect(await message(() => gpu.add(gpu.cast(i, "u8"), 256))).toMatch(
      "cannot combine 256 with elements of u8",
    );
    expect(await message(() => gpu.where(a as never, 1, 2))).toMatch("a condition of bool, not of f32");
    expect(await message(() => gpu.add(a, "x" as never))).toMatch("Operand 1 of add is a string");
    expect(await message(() => gpu.cast(a, "int" as DType))).toMatch('no element type "int"');
    expect(await message(() => gpu.transpose(a, [0, 0]))).toMatch("do not name each of the 2 axes");
    expect(await message(() => gpu.swapAxes(a, 0, 2))).toMatch(
      "no axis 2 in a 2x3 matrix Axes go from -2 to 1",
    );
    expect(await message(() => gpu.reshape(a, [4, 2]))).toMatch("Cannot reshape 2x3, 6 numbers, to [4, 2]");
    expect(await message(() => gpu.reshape(a, [4, -1]))).toMatch("Cannot reshape");
    expect(await message(() => gpu.broadcastTo(a, [3, 3]))).toMatch("Cannot broadcast 2x3 to 3x3");
    expect(await message(() => gpu.slice(a, 2))).toMatch(
      "no index 2 on axis 0 of a 2x3 matrix Indices go from -2 to 1",
    );
    expect(await message(() => gpu.slice(a, { step: 0 }))).toMatch("The step of the slice on axis 0 is 0");
    expect(await message(() => gpu.slice(a, 0, 0, 0))).toMatch("3 ranges for the 2 axes");
    expect(await message(() => gpu.squeeze(a, 1))).toMatch("Axis 1 of a 2x3 matrix has the size 3");
    expect(await message(() => gpu.split(a, 2, 1))).toMatch(
      "Cannot split axis 1 of size 3 into 2 equal parts",
    );
    expect(await message(() => gpu.diagonal(floats(3)))).toMatch("needs two axes");
    expect(await message(() => gpu.repeat(a, -1, 0))).toMatch("a whole number of times");
  });

  it("keep every element type through views and copies", async () => {
    const { gpu } = onHost();
    for (const [dtype, { array }] of Object.entries(dtypes)) {
      const data = new array(new Uint8Array(6 * array.BYTES_PER_ELEMENT).map((_, each) => each * 37).buffer);
      const matrix = Matrix.from(data as Int32Array, [2, 3], dtype as "i32");
      const turned = gpu.transpose(gpu.slice(matrix, { step: -1 }));
      const want = [3, 0, 4, 1, 5, 2].map((each) => data[each]);
      expect(Array.from((await turned.read()) as Iterable<unknown>)).toEqual(want);
    }
  });
});

function calls(runtime: Runtime): number {
  return (
    runtime.statistics().operations.find(({ operation }) => operation === "matrix.elementwise")?.calls ?? 0
  );
}

/** The normal distribution's share below `value`. */
function simpson(value: number): number {
  const [steps, width] = [2000, value / 2000];
  let sum = 1 + Math.exp((-value * value) / 2);
  for (let each = 1; each < steps; each++)
    sum += (each % 2 === 0 ? 2 : 4) * Math.exp(-((each * width) ** 2) / 2);
  return 0.5 + (sum * width) / 3 / Math.sqrt(2 * Math.PI);
}
