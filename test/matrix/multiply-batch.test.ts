import { afterAll, describe, expect, it } from "vitest";
import { open } from "#src/index.js";
import { Matrix, type MultiplyOptions, multiply } from "#src/matrix/index.js";
import type { BufferPool } from "#src/memory/index.js";
import { type Operation, Runtime } from "#src/runtime/index.js";
import { onEveryDevice } from "../support/devices.js";
import { failure } from "../support/errors.js";
import { FakeAdapter } from "../support/fake-device.js";
import { seeded } from "../support/random.js";
import { firstDifference, oracle } from "./oracle.js";

const random = seeded(11);
const count = 40;

function randomMatrix(...shape: number[]): Matrix {
  const length = shape.reduce((product, size) => product * size, 1);
  return Matrix.from(
    Float32Array.from({ length }, () => random() * 2 - 1),
    shape,
  );
}

interface Case {
  readonly a: Matrix;
  readonly b: Matrix;
  readonly options: MultiplyOptions;
}

/** Runs all at once, checks every result, and returns the products. */
async function multiplied(runtime: Runtime, cases: readonly Case[], options: MultiplyOptions = {}) {
  const calls = cases.map(({ a, b, options: own }) => multiply(runtime, a, b, { ...own, ...options }));
  const products = await Promise.all(calls);
  for (const [at, { a, b, options: own }] of cases.entries()) {
    const values = (await products[at]?.read()) ?? [];
    expect(firstDifference(Float32Array.from(values), await oracle(a, b, own))).toBe(-1);
  }
  return products;
}

const many = (make: (at: number) => Case) => Array.from({ length: count }, (_, at) => make(at));

const kinds: Readonly<Record<string, () => Case[]>> = {
  "of one shape": () => many(() => ({ a: randomMatrix(16, 9), b: randomMatrix(9, 16), options: {} })),
  "of an odd shape": () => many(() => ({ a: randomMatrix(5, 7), b: randomMatrix(7, 3), options: {} })),
  "that share b": () => {
    const b = randomMatrix(12, 10);
    return many(() => ({ a: randomMatrix(8, 12), b, options: {} }));
  },
  "that share a large b": () => {
    const b = randomMatrix(130, 129);
    return many(() => ({ a: randomMatrix(1, 130), b, options: {} }));
  },
  "that share a": () => {
    const a = randomMatrix(6, 11);
    return many(() => ({ a, b: randomMatrix(11, 4), options: {} }));
  },
  "that share a large a": () => {
    const a = randomMatrix(128, 129);
    return many(() => ({ a, b: randomMatrix(129, 2), options: {} }));
  },
  "that share everything": () => {
    const [a, b] = [randomMatrix(6, 6), randomMatrix(6, 6)];
    return many(() => ({ a, b, options: {} }));
  },
  "with transposes and scales": () =>
    [false, true].flatMap((transposeA) =>
      [false, true].flatMap((transposeB) =>
        many((at) => ({
          a: transposeA ? randomMatrix(7, 5) : randomMatrix(5, 7),
          b: transposeB ? randomMatrix(6, 7) : randomMatrix(7, 6),
          options: { transposeA, transposeB, alpha: at % 2 === 0 ? 1 : -0.5 },
        })),
      ),
    ),
  "that share b, transposed": () => {
    const [b, d] = [randomMatrix(10, 12), randomMatrix(12, 10)];
    return many((at) =>
      at % 2 === 0
        ? { a: randomMatrix(8, 12), b, options: { transposeB: true } }
        : { a: randomMatrix(12, 8), b: d, options: { transposeA: true } },
    );
  },
  "with addends": () =>
    many(() => ({
      a: randomMatrix(8, 3),
      b: randomMatrix(3, 8),
      options: { c: randomMatrix(8, 8), alpha: 2, beta: -0.25 },
    })),
  "with shared addends, and b": () => {
    const [b, c, d] = [randomMatrix(3, 8), randomMatrix(8, 8), randomMatrix(3, 8)];
    return many((at) => ({
      a: randomMatrix(8, 3),
      b: at % 3 === 0 ? b : at % 3 === 1 ? d : randomMatrix(3, 8),
      options: { c: at % 2 === 0 ? c : randomMatrix(8, 8) },
    }));
  },
  "of many kinds": () =>
    many((at) => ({ a: randomMatrix(1 + (at % 5), 6), b: randomMatrix(6, 1 + (at % 3)), options: {} })),
};

const titles = Object.keys(kinds);
const casesOf = (title: string) => kinds[title]?.() ?? [];

describe("concurrent products on the CPU", () => {
  const runtime = new Runtime({ adapters: async () => [] });
  afterAll(() => runtime.dispose());

  it.each(titles)("%s are right", async (title) => {
    const before = runtime.batchers()[0]?.items ?? 0;
    await multiplied(runtime, casesOf(title));
    expect(runtime.batchers()[0]?.items).toBeGreaterThan(before);
  });

  it("are not merged when they are large, or batches themselves", async () => {
    await using alone = new Runtime({ adapters: async () => [] });
    await multiplied(alone, [
      ...Array.from({ length: 3 }, () => ({ a: randomMatrix(129, 4), b: randomMatrix(4, 129), options: {} })),
      ...Array.from({ length: 3 }, () => ({ a: randomMatrix(2, 4, 4), b: randomMatrix(4, 4), options: {} })),
    ]);
    expect(alone.batchers()).toMatchObject([{ items: 0 }]);
  });

  it("fail only where an operand is disposed", async () => {
    const cases = many(() => ({ a: randomMatrix(4, 4), b: randomMatrix(4, 4), options: {} }));
    const calls = cases.map(({ a, b }) => multiply(runtime, a, b));
    cases[7]?.a.dispose();
    const results = await Promise.allSettled(calls);
    const failed = results.flatMap((result, at) => (result.status === "rejected" ? [at] : []));
    expect(failed).toEqual([7]);
    expect(results[7]).toMatchObject({ reason: { code: "BUFFER_DISPOSED" } });
  });

  it("keep results apart that are computed in the memory of earlier ones", async () => {
    const first = casesOf("of one shape");
    const products = await multiplied(runtime, first);
    await multiplied(runtime, casesOf("of one shape"));
    for (const [at, { a, b, options }] of first.entries()) {
      const values = (await products[at]?.read()) ?? new Float32Array();
      expect(firstDifference(values, await oracle(a, b, options))).toBe(-1);
    }
  });
});

it("products are merged as open() was told to", async () => {
  for (const [batching, sizes] of [
    [false, []],
    [{ maxBatchSize: 13 }, [{ upTo: 16, batches: 3 }]],
  ] as const) {
    await using gpu = await open({ device: "cpu", batching });
    await multiplied(gpu.runtime, casesOf("of one shape"));
    const [counted] = gpu.runtime.batchers();
    expect(counted?.batchSizes?.filter(({ batches }) => batches > 0) ?? []).toEqual(sizes);
  }
  await failure(() => open({ batching: { maxBatchSize: 0 } }), "INVALID_ARGUMENT");
});

it("products of a batch are answered by the CPU when the device cannot, and say how many they were", async () => {
  await using runtime = new Runtime({ adapters: async () => [new FakeAdapter()] });
  const products = await multiplied(runtime, casesOf("of one shape"), { placement: "gpu", report: true });
  expect(products[0]?.report?.batch).toBeUndefined();
  expect(products[1]?.report).toMatchObject({ placement: "cpu", batch: { size: count - 1 } });
  expect(products[1]?.report?.fallback?.code).toMatch(/UNSUPPORTED|COMPILE_FAILED/);
  expect(products[1]?.report?.flops).toBe(2 * 16 * 16 * 9);
});

onEveryDevice(
  "concurrent products",
  (adapter) => {
    const runtime = new Runtime({ adapters: async () => [adapter] });
    afterAll(() => runtime.dispose());
    const onDevice: MultiplyOptions = { placement: "gpu", strict: true };

    const inUse = async () => {
      let pool: BufferPool | undefined;
      const look: Operation<undefined, undefined> = {
        name: "test.look",
        engine: "none",
        rates: { engine: free, gpu: free, cpu: free },
        work: () => ({ flops: 0, bytes: 0, hostBytes: 0, deviceBytes: 0, resultBytes: 0 }),
        gpu: async (_input, context) => {
          pool = context.pool;
          return undefined;
        },
        cpu: async () => undefined,
      };
      await runtime.run(look, undefined, onDevice);
      return pool?.statistics().inUseBytes;
    };

    it.each(titles)("%s are right, and leave nothing behind", async (title) => {
      const cases = casesOf(title);
      const before = runtime.batchers()[0]?.items ?? 0;
      const products = await multiplied(runtime, cases, onDevice);
      expect(runtime.batchers()[0]?.items).toBeGreaterThan(before);
      for (const product of products) product.dispose();
      for (const { a, b, options } of cases) {
        for (const matrix of [a, b, options.c]) (matrix as Matrix | undefined)?.dispose();
      }
      expect(await inUse()).toBe(0);
    });

    it.each([
      [16, "a view"],
      [5, "a copy of its own"],
    ])("of %d rows go on from %s; one that is disposed takes nothing from the others", async (size) => {
      const cases = many(() => ({ a: randomMatrix(size, size), b: randomMatrix(size, size), options: {} }));
      const products = await Promise.all(cases.map(({ a, b }) => multiply(runtime, a, b, onDevice)));
      const [kept, gone, other] = products.slice(10) as [Matrix, Matrix, Matrix];
      expect([kept.location, gone.location]).toEqual(["device", "device"]);
      gone.dispose();
      gone.dispose();
      await failure(() => gone.read(), "BUFFER_DISPOSED");
      await failure(() => multiply(runtime, gone, gone, { ...onDevice, batch: false }), "BUFFER_DISPOSED");
      const next = await multiply(runtime, kept, other, onDevice);
      for (const product of products) if (product !== kept && product !== other) product.dispose();
      const [left, right] = [Matrix.from(await kept.read(), [size, size]), await other.read()];
      const expected = await oracle(left, Matrix.from(right, [size, size]), {});
      expect(firstDifference(await next.read(), expected)).toBe(-1);
      const [ofKept] = cases.slice(10) as [Case];
      expect(firstDifference(await kept.read(), await oracle(ofKept.a, ofKept.b, {}))).toBe(-1);
      for (const matrix of [kept, other, next, ...cases.flatMap(({ a, b }) => [a, b])]) matrix.dispose();
      expect(await inUse()).toBe(0);
    });

    it("that are aborted or refused leave nothing behind", async () => {
      const abort = new AbortController();
      const cases = many(() => ({ a: randomMatrix(16, 16), b: randomMatrix(16, 16), options: {} }));
      const calls = cases.map(({ a, b }, at) =>
        multiply(runtime, a, b, { ...onDevice, ...(at % 2 === 1 ? { signal: abort.signal } : {}) }),
      );
      setImmediate(() => abort.abort());
      for (const result of await Promise.allSettled(calls)) {
        if (result.status === "fulfilled") result.value.dispose();
        else expect(result.reason).toMatchObject({ code: "ABORTED" });
      }
      for (const { a, b } of cases) for (const matrix of [a, b]) matrix.dispose();
      expect(await inUse()).toBe(0);
    });
  },
  { computing: true },
);

const free = { overheadMs: 0, flopsPerMs: 1, bytesPerMs: 1 };
