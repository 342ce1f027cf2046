import { spawnSync } from "node:child_process";
import { describe, expect, it } from "vitest";
import type { DType } from "#src/core/dtype.js";
import type { Shape } from "#src/core/shape.js";
import { bindMatrix, Matrix, type MatrixFamily } from "#src/matrix/index.js";
import { Runtime } from "#src/runtime/index.js";
import { onEveryDevice } from "../support/devices.js";
import { failure } from "../support/errors.js";
import { seeded } from "../support/random.js";
import { findTool, itWith } from "../support/tools.js";
import { type Case, cases, dataOf, halfValue, type Options } from "./along-axes.js";

interface Expected {
  readonly shape: Shape;
  readonly dtype: string;
  readonly values: readonly string[];
}

const program = `
import json, sys, numpy as np
types = dict(i8="i1", u8="u1", i16="i2", u16="u2", f16="f2", bool="?", f32="f4", f64="f8", i32="i4", u32="u4", i64="i8", u64="u8")
answers = []
for case in json.load(sys.stdin):
    x = np.array(case["values"], dtype=types[case["dtype"]]).reshape(case["shape"])
    y = np.asarray(eval(case["numpy"]))
    answers.append(dict(shape=y.shape, dtype=str(y.dtype), values=[str(v) for v in y.ravel().tolist()]))
json.dump(answers, sys.stdout)
`;

function numpyAnswers(): readonly Expected[] {
  const input = cases.map((each) => ({
    numpy: each.numpy,
    dtype: each.dtype,
    shape: each.shape,
    values: Array.from(dataOf(each) as Float32Array, each.dtype === "f16" ? halfValue : Number),
  }));
  const { status, stdout, stderr } = spawnSync("python3", ["-c", program], {
    input: JSON.stringify(input),
    encoding: "utf8",
  });
  expect(stderr).toBe("");
  expect(status).toBe(0);
  return JSON.parse(stdout);
}

async function resultOf(each: Case, family: MatrixFamily, options: Options) {
  using x = Matrix.from(dataOf(each) as Float32Array, each.shape, each.dtype as "f32");
  using result = await each.run(family, x, options);
  const values = Array.from(
    (await result.read()) as Float32Array,
    result.dtype === "f16" ? halfValue : Number,
  );
  return { shape: result.shape, dtype: result.dtype, values };
}

function expectClose(actual: readonly number[], expected: readonly number[], what: string): void {
  expect(actual.length, what).toBe(expected.length);
  const wrong = actual.findIndex((value, at) => {
    const wanted = expected[at] ?? Number.NaN;
    if (Object.is(value, wanted) || value === wanted) return false;
    return !(Math.abs(value - wanted) <= 1e-5 * Math.max(1, Math.abs(wanted)));
  });
  expect(wrong, `${what}: ${actual[wrong]} instead of ${expected[wrong]} at ${wrong}`).toBe(-1);
}

onEveryDevice(
  "along axes",
  (adapter) => {
    it("the device and the CPU agree", { timeout: 180_000 }, async () => {
      await using runtime = new Runtime({ adapters: async () => [adapter] });
      const family = bindMatrix(runtime);
      for (const each of cases) {
        const host = await resultOf(each, family, { placement: "cpu", strict: true });
        const onDevice = () => resultOf(each, family, { placement: "gpu", strict: true });
        if (each.needsDouble && !adapter.features.has("f64")) {
          await failure(onDevice, "UNSUPPORTED");
          continue;
        }
        const device = await onDevice();
        expect([device.shape, device.dtype], each.title).toEqual([host.shape, host.dtype]);
        expectClose(device.values, host.values, each.title);
      }
    });

    it("an index that is out of range is named", async () => {
      await using runtime = new Runtime({ adapters: async () => [adapter] });
      const { gather, takeAlong } = bindMatrix(runtime);
      using x = Matrix.from([
        [1, 2],
        [3, 4],
        [5, 6],
      ]);
      for (const placement of ["gpu", "cpu"] as const) {
        const options = { placement, strict: true } as const;
        const wrong = await failure(() => gather(x, [0, 2, 3, -4], options), "INVALID_ARGUMENT");
        expect(wrong.message).toBe("Index 3 at position 2 is out of range: the axis has 3 entries");
        const indices = Matrix.from(BigInt64Array.of(0n, -(2n ** 63n)), [1, 2], "i64");
        const low = await failure(() => takeAlong(x, indices, options), "INVALID_ARGUMENT");
        expect(low.message).toContain("Index -9223372036854775808 at position 1");
      }
    });
  },
  { computing: true },
);

describe("on the CPU, along axes", () => {
  const family = () => bindMatrix(new Runtime({ adapters: async () => [] }));
  const cpu = { placement: "cpu", strict: true } as const;

  itWith("numpy", findTool("python3", ["-c", "import numpy"]))("NumPy agrees", async () => {
    const names: Readonly<Record<string, string>> = {
      float32: "f32",
      float64: "f64",
      int32: "i32",
      int64: "i64",
    };
    const answers = numpyAnswers();
    for (const [at, each] of cases.entries()) {
      const { shape, dtype, values } = await resultOf(each, family(), cpu);
      const expected = answers[at];
      expect(shape, each.title).toEqual(expected?.shape);
      const parsed = (expected?.values ?? []).map((value) =>
        value === "True" ? 1 : Number(value === "False" ? 0 : value),
      );
      expectClose(values, parsed, each.title);
      const name = expected?.dtype.replace("uint", "u").replace("bool", "bool") ?? "";
      const isWider = /np.(exp|log)|argm|argsort/.test(each.numpy);
      if (!isWider) expect(names[name] ?? name, each.title).toBe(dtype);
    }
  });

  it("NaN, signed zeros, ties and 64 bits", async () => {
    const m = family();
    const special = Matrix.from(Float32Array.of(2, NaN, -0, 0, -Infinity, NaN, 2, Infinity), [8]);
    const read = async (result: Promise<Matrix<DType>>) => [...(await (await result).read())];
    expect(await read(m.sort(special, cpu))).toEqual([-Infinity, -0, 0, 2, 2, Infinity, NaN, NaN]);
    expect(await read(m.sort(special, { descending: true, ...cpu }))).toEqual([
      NaN,
      NaN,
      Infinity,
      2,
      2,
      0,
      -0,
      -Infinity,
    ]);
    expect(await read(m.argSort(special, cpu))).toEqual([4, 2, 3, 0, 6, 7, 1, 5]);
    expect(await read(m.argSort(special, { descending: true, ...cpu }))).toEqual([1, 5, 7, 0, 6, 2, 3, 4]);
    expect(await read(m.max(special, cpu))).toEqual([NaN]);
    expect(await read(m.argMin(special, cpu))).toEqual([1]);
    const wide = Matrix.from(BigInt64Array.of(2n ** 62n, -(2n ** 63n), 2n ** 62n, 5n), [4], "i64");
    expect(await read(m.sum(wide, cpu))).toEqual([5n]);
    expect(await read(m.min(wide, cpu))).toEqual([-(2n ** 63n)]);
    expect(await read(m.argMax(wide, cpu))).toEqual([0]);
    expect(await read(m.argSort(wide, { descending: true, ...cpu }))).toEqual([0, 2, 3, 1]);
    expect(await read(m.cumulativeSum(wide, cpu))).toEqual([2n ** 62n, -(2n ** 62n), 0n, 5n]);
  });

  it("softmax of special numbers; engines by their names", async () => {
    const m = family();
    const x = Matrix.from(
      Float32Array.of(1, NaN, 2, Infinity, 1, 2, -Infinity, 0, 0, -Infinity, -Infinity, -Infinity),
      [4, 3],
    );
    using soft = await m.softmax(x, { report: true, ...cpu });
    expect(soft.report?.device).toBe("onnxruntime");
    expect([...(await soft.read())]).toEqual([NaN, NaN, NaN, NaN, NaN, NaN, 0, 0.5, 0.5, NaN, NaN, NaN]);
    const wide = await m.softmax(Matrix.from(Float64Array.of(0, 0), [2], "f64"), { report: true, ...cpu });
    expect([wide.report?.device, ...(await wide.read())]).toEqual(["javascript", 0.5, 0.5]);
    const gamma = Matrix.from(Float32Array.of(2, 3), [2]);
    const beta = Matrix.from(Float32Array.of(1, -1), [2]);
    for (const given of [{ gamma }, { beta }, { gamma, beta }]) {
      const [a = 0, b = 0] = await (await m.layerNorm([[1, 3]], { ...given, epsilon: 0, ...cpu })).read();
      const factors = "gamma" in given ? [-2, 3] : [-1, 1];
      const summands = "beta" in given ? [1, -1] : [0, 0];
      expect([a, b]).toEqual(factors.map((factor, at) => factor + (summands[at] ?? 0)));
    }
  });

  it("nothing has its identity, or none", async () => {
    const m = family();
    const empty = Matrix.zeros([2, 0]);
    const read = async (result: Promise<Matrix<DType>>) => [...(await (await result).read())];
    expect(await read(m.sum(empty, { axis: 1 }))).toEqual([0, 0]);
    expect(await read(m.product(empty, { axis: 1 }))).toEqual([1, 1]);
    expect(await read(m.mean(empty, { axis: 1 }))).toEqual([NaN, NaN]);
    expect(await read(m.all(empty, { axis: 1 }))).toEqual([1, 1]);
    expect(await read(m.sum(empty, { axis: 0 }))).toEqual([]);
    expect(await read(m.max(empty, { axis: 0 }))).toEqual([]);
    expect(await read(m.sort(empty))).toEqual([]);
    const none = await failure(() => m.max(empty, { axis: 1 }), "INVALID_ARGUMENT");
    expect(none.message).toBe("The max of no numbers does not exist: axis 1 of a 2x0 matrix is empty");
    await failure(() => m.gather(empty, [0], { axis: 1 }), "INVALID_ARGUMENT");
  });

  it("nested arrays and lazy matrices are taken", async () => {
    const m = family();
    const x = Matrix.from([
      [1, 2, 3],
      [4, 5, 6],
    ]);
    const read = async (result: Promise<Matrix<DType>>) => [...(await (await result).read())];
    expect(
      await read(
        m.sum(
          [
            [1, 2],
            [3, 4],
          ],
          { axis: 0 },
        ),
      ),
    ).toEqual([4, 6]);
    expect(await read(m.sum(m.transpose(m.mul(x, x)), { axis: 1 }))).toEqual([17, 29, 45]);
    expect(await read(m.concatenate([x, [[7, 8, 9]]]))).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9]);
    expect(await read(m.gather(m.transpose(x), [2]))).toEqual([3, 6]);
    await failure(() => m.sum("x" as never), "INVALID_ARGUMENT");
  });

  it("says what is wrong with arguments", async () => {
    const m = family();
    const x = Matrix.from([
      [1, 2, 3],
      [4, 5, 6],
    ]);
    const whole = Matrix.from(Int32Array.of(1, 2, 3), [3], "i32");
    const wrong: readonly (readonly [() => Promise<unknown>, string])[] = [
      [() => m.sum(x, { axis: 2 }), "sum along axis 2 of a 2x3 matrix, which has 2 axes"],
      [() => m.sum(x, { axis: null as never }), "sum along axis null of a 2x3 matrix"],
      [() => m.sum(x, { axis: "0" as never }), "sum along axis 0 of a 2x3 matrix"],
      [() => m.sum(x, { axis: [0, -2] }), "one of them stands there twice"],
      [() => m.softmax(x, { axis: 0.5 }), "softmax along axis 0.5"],
      [() => m.topK(x, 4), "There are no 4 largest of 3 numbers in a 2x3 matrix"],
      [() => m.topK(x, -1), "There are no -1 largest"],
      [() => m.norm(x, { p: 3 }), "There is no norm with p = 3"],
      [() => m.variance(x, { correction: 0.5 }), "A correction of 0.5"],
      [() => m.softmax(whole as never), "softmax takes f32 or f64, not i32"],
      [() => m.layerNorm(x, { axes: 3 }), "layerNorm of the last 3 axes of a matrix with 2"],
      [
        () => m.layerNorm(x, { gamma: Matrix.zeros([2]) }),
        "gamma holds 2 numbers where layerNorm normalises 3 together",
      ],
      [() => m.gather(x, [0.5]), "Index 0.5 at position 0 is not a whole number"],
      [() => m.gather(x, x as never), "gather takes indices of i32 or i64, not f32"],
      [() => m.takeAlong(x, [0]), "takeAlong takes numbers of a 2x3 matrix by 1 indices"],
      [() => m.concatenate([]), "There is nothing to concatenate"],
      [() => m.concatenate([x, whole as never]), "Cannot concatenate matrices of f32 and i32"],
      [() => m.concatenate([x, Matrix.zeros([2, 2])]), "Cannot concatenate 2x2 and 2x3 along axis 0"],
      [() => m.stack([x, Matrix.zeros([2, 2])]), "Cannot stack 2x2 and 2x3"],
    ];
    for (const [call, message] of wrong) {
      expect((await failure(call, "INVALID_ARGUMENT")).message).toContain(message);
    }
  });

  it("threads share many lines, and one long line is sorted", async () => {
    const m = family();
    const random = seeded(7);
    const data = Float32Array.from({ length: 300_000 }, () => random() * 1000 - 500);
    const sums = await (await m.sum(Matrix.from(data, [3000, 100]), { axis: 1, ...cpu })).read();
    const wrong = sums.findIndex((total, row) => {
      const exact = data.subarray(row * 100, (row + 1) * 100).reduce((sum, value) => sum + value, 0);
      return Math.abs(total - exact) > 0.01;
    });
    expect(wrong).toBe(-1);
    const sorted = await (await m.sort(Matrix.from(data, [data.length]), cpu)).read();
    expect(sorted).toEqual(data.slice().sort());
    const order = await (await m.argSort(Matrix.from(data, [data.length]), cpu)).read();
    expect(Float32Array.from(order, (at) => data[at] ?? 0)).toEqual(sorted);
  });
});
