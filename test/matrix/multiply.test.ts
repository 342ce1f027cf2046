import { afterAll, describe, expect, it } from "vitest";
import { Matrix, type MultiplyOptions, multiply } from "#src/matrix/index.js";
import { Runtime } from "#src/runtime/index.js";
import { edgeSizes } from "../support/edges.js";
import { failure } from "../support/errors.js";
import { FakeAdapter } from "../support/fake-device.js";
import { seeded } from "../support/random.js";
import { firstDifference, oracle } from "./oracle.js";

const runtime = new Runtime({ adapters: async () => [] });
afterAll(() => runtime.dispose());

const random = seeded(7);

function randomMatrix(...shape: number[]): Matrix {
  const length = shape.reduce((count, size) => count * size, 1);
  return Matrix.from(
    Float32Array.from({ length }, () => random() * 2 - 1),
    shape,
  );
}

async function expectRight(a: Matrix, b: Matrix, options: MultiplyOptions = {}): Promise<void> {
  const result = await multiply(runtime, a, b, options);
  expect(firstDifference(await result.read(), await oracle(a, b, options))).toBe(-1);
}

describe("multiply", () => {
  it.each(edgeSizes)("is right where sizes are %d", async (size) => {
    for (const [m, n, k] of [
      [size, 33, 7],
      [5, size, 33],
      [31, 3, size],
    ] as const) {
      await expectRight(randomMatrix(m, k), randomMatrix(k, n));
    }
  });

  it("is right for odd shapes, transposes, scales and addends", async () => {
    for (let round = 0; round < 60; round++) {
      const [m, n, k] = [1, 2, 3].map(() => 1 + Math.floor(random() * 70)) as [number, number, number];
      const transposeA = random() < 0.5;
      const transposeB = random() < 0.5;
      const a = transposeA ? randomMatrix(k, m) : randomMatrix(m, k);
      const b = transposeB ? randomMatrix(n, k) : randomMatrix(k, n);
      const scaled = random() < 0.5 ? { alpha: 0.5 } : {};
      const added = random() < 0.5 ? { c: randomMatrix(m, n), beta: random() < 0.5 ? 1 : -2 } : {};
      await expectRight(a, b, { transposeA, transposeB, ...scaled, ...added });
    }
  });

  it("repeats a missing batch, transposed and with addends too", async () => {
    for (const transposeA of [false, true]) {
      for (const transposeB of [false, true]) {
        for (const [batchA, batchB, batchC] of [
          [[3], [3], [3]],
          [[3], [], []],
          [[], [3], [3]],
          [[2, 2], [1], [2, 2]],
          [[1], [1], []],
        ]) {
          const a = randomMatrix(...(batchA ?? []), ...(transposeA ? [9, 5] : [5, 9]));
          const b = randomMatrix(...(batchB ?? []), ...(transposeB ? [7, 9] : [9, 7]));
          await expectRight(a, b, { transposeA, transposeB });
          const c = randomMatrix(...(batchC ?? []), 5, 7);
          await expectRight(a, b, { transposeA, transposeB, alpha: 3, beta: 0.25, c });
        }
      }
    }
  });

  it("is right off the JavaScript thread, and for calls that overlap", async () => {
    const a = randomMatrix(300, 257);
    const b = randomMatrix(257, 129);
    await Promise.all(Array.from({ length: 6 }, (_, i) => expectRight(a, b, { alpha: 1 + (i % 3) })));
  });

  it("takes nested arrays and shared memory", async () => {
    const shared = new Float32Array(new SharedArrayBuffer(16));
    shared.set([5, 6, 7, 8]);
    const product = await multiply(
      runtime,
      [
        [1, 2],
        [3, 4],
      ],
      Matrix.from(shared, [2, 2]),
    );
    expect(await product.toArray()).toEqual([
      [19, 22],
      [43, 50],
    ]);
    expect(product.shape).toEqual([2, 2]);
  });

  it("gives zeros, or the scaled addend, where there is nothing to multiply", async () => {
    const c = Matrix.from([
      [1, 2, 3],
      [4, 5, 6],
    ]);
    const nothing = [Matrix.zeros([2, 0]), Matrix.zeros([0, 3])] as const;
    expect(await (await multiply(runtime, ...nothing)).toArray()).toEqual([
      [0, 0, 0],
      [0, 0, 0],
    ]);
    const scaled = await multiply(runtime, ...nothing, { c, beta: 2, placement: "gpu", strict: true });
    expect(await scaled.toArray()).toEqual([
      [2, 4, 6],
      [8, 10, 12],
    ]);
    const empty = await multiply(runtime, Matrix.zeros([0, 4]), Matrix.zeros([4, 3]), {
      c: Matrix.zeros([0, 3]),
    });
    expect(empty.shape).toEqual([0, 3]);
    expect((await empty.read()).length).toBe(0);
    expect((await multiply(runtime, Matrix.zeros([0, 2, 4]), Matrix.zeros([4, 3]))).shape).toEqual([0, 2, 3]);
    expect((await multiply(runtime, Matrix.zeros([0, 0]), Matrix.zeros([0, 2]))).shape).toEqual([0, 2]);
  });

  it("passes NaN and Inf on as IEEE 754 says, and leaves terms scaled by 0 out", async () => {
    const a = Matrix.from([
      [Number.NaN, 1, 0],
      [Infinity, 1, 0],
      [0, 1, 2],
      [-Infinity, 1, Infinity],
    ]);
    const b = Matrix.from([
      [1, 0],
      [2, 3],
      [3, 4],
    ]);
    await expectRight(a, b);
    expect(Array.from(await (await multiply(runtime, a, b)).read())).toEqual([
      NaN,
      NaN,
      Infinity,
      NaN,
      8,
      11,
      NaN,
      NaN,
    ]);
    const c = Matrix.from([
      [NaN, 1],
      [1, 1],
      [1, 1],
      [1, 1],
    ]);
    await expectRight(a, b, { c, beta: 0 });
    await expectRight(a, b, { c, alpha: 0 });
  });
});

describe("bad input to multiply", () => {
  it("names both shapes when they do not fit, with the transpose that would", async () => {
    const bad = (a: number[], b: number[], options = {}) =>
      failure(() => multiply(runtime, Matrix.zeros(a), Matrix.zeros(b), options), "INVALID_ARGUMENT");
    const error = await bad([2, 3], [5, 3]);
    expect(error.message).toContain("2x3 by 5x3");
    expect(error.hint).toBe("It would fit with transposeB: true.");
    expect((await bad([3, 2], [3, 5])).hint).toBe("It would fit with transposeA: true.");
    expect((await bad([3, 2], [5, 3])).hint).toBe("It would fit with transposeA: true and transposeB: true.");
    expect((await bad([2, 3], [3, 5], { transposeB: true })).hint).toBe(
      "It would fit with transposeB: false.",
    );
    expect((await bad([2, 3], [4, 5])).hint).toBeUndefined();
    expect((await bad([2, 3, 4], [3, 4, 5])).message).toContain("batches 2 and 3 differ");
    expect((await bad([2, 3], [3, 5], { c: Matrix.zeros([5, 2]) })).message).toContain("c is 5x2");
    await bad([2, 3], [3, 5], { beta: 1 });
    await bad([2, 3], [3, 5], { alpha: "2" });
  });

  it("refuses what is no matrix", async () => {
    for (const wrong of [undefined, null, 3, "abc", {}, new Float32Array(4)]) {
      await failure(() => multiply(runtime, wrong as never, [[1]]), "INVALID_ARGUMENT");
    }
  });

  it("refuses disposed matrices", async () => {
    const a = Matrix.zeros([2, 2]);
    a.dispose();
    a.dispose();
    await failure(() => multiply(runtime, a, a), "BUFFER_DISPOSED");
    await failure(() => a.read(), "BUFFER_DISPOSED");
  });
});

describe("multiply on a device", () => {
  it("falls back with a reason while the device cannot, or throws under strict", async () => {
    const adapter = new FakeAdapter();
    await using faked = new Runtime({ adapters: async () => [adapter] });
    const a = randomMatrix(20, 30);
    const b = randomMatrix(30, 40);
    const result = await multiply(faked, a, b, { placement: "gpu", report: true });
    expect(firstDifference(await result.read(), await oracle(a, b))).toBe(-1);
    expect(result.report).toMatchObject({ placement: "cpu", device: "onnxruntime", flops: 48_000 });
    expect(result.report?.fallback?.code).toMatch(/UNSUPPORTED|COMPILE_FAILED/);
    await failure(
      () => multiply(faked, a, b, { placement: "gpu", strict: true }),
      result.report?.fallback?.code ?? "INTERNAL",
    );
    expect(a.location).toBe("both");
    expect(adapter.opened[0]?.writes).toBe(2);
    a.dispose();
    b.dispose();
  });

  it("says so when the only copy was on a device that is gone", async () => {
    const { Storage } = await import("#src/matrix/storage.js");
    const { MemoryManager } = await import("#src/memory/index.js");
    const device = await new FakeAdapter().open();
    const memory = new MemoryManager(device);
    const resident = new Matrix(Storage.onDevice(memory, memory.pool.allocate(16)), [2, 2]);
    expect(resident.location).toBe("device");
    device.lose("driver");
    const error = await failure(() => multiply(runtime, resident, resident), "BUFFER_DISPOSED");
    expect(error.message).toContain("only on a device");
  });
});

describe("abort", () => {
  it("ends a product at once, waiting or running", async () => {
    const a = randomMatrix(700, 700);
    const abort = new AbortController();
    const running = multiply(runtime, a, a, { signal: abort.signal });
    const waiting = multiply(runtime, a, a, { signal: abort.signal });
    setTimeout(() => abort.abort(), 1);
    await Promise.all([failure(() => running, "ABORTED"), failure(() => waiting, "ABORTED")]);
    await expectRight(randomMatrix(3, 3), randomMatrix(3, 3));
  });
});
