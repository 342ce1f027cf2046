import { afterAll, describe, expect, it } from "vitest";
import { bindMatrix, Matrix, type SparseMatrix } from "#src/matrix/index.js";
import { Runtime } from "#src/runtime/index.js";
import { randomFloats } from "../kernels/support.js";
import { onEveryDevice } from "../support/devices.js";
import { failure } from "../support/errors.js";
import { seeded } from "../support/random.js";

type Gpu = ReturnType<typeof bindMatrix>;
type Entry = readonly [row: number, column: number, value: number];

/** Random entries; `skew` puts most of them into few rows. */
function entriesOf(rows: number, columns: number, count: number, skew: number): Entry[] {
  const random = seeded(rows + columns + count);
  return Array.from({ length: count }, () => [
    Math.floor(rows * random() ** skew),
    Math.floor(columns * random()),
    random() * 2 - 1,
  ]);
}

const cases = [
  { rows: 1, columns: 1, entries: [[0, 0, 3]] as Entry[] },
  { rows: 3, columns: 4, entries: [] as Entry[] },
  { rows: 33, columns: 31, entries: entriesOf(33, 31, 200, 1) },
  { rows: 2, columns: 500, entries: entriesOf(1, 500, 5000, 1) },
  { rows: 1, columns: 257, entries: entriesOf(1, 257, 3000, 1) },
  { rows: 5000, columns: 7, entries: entriesOf(4000, 7, 40, 1) },
  { rows: 700, columns: 300, entries: entriesOf(700, 300, 20_000, 8) },
] as const;

async function made(gpu: Gpu, { rows, columns, entries }: (typeof cases)[number]): Promise<SparseMatrix> {
  const [rowOf, columnOf] = [entries.map(([row]) => row), entries.map(([, column]) => column)];
  const values = Float32Array.from(entries, ([, , value]) => value);
  return gpu.sparse.fromCoo(rowOf, columnOf, values, [rows, columns]);
}

function dense({ rows, columns, entries }: (typeof cases)[number]): {
  sums: Float64Array;
  sizes: Float64Array;
} {
  const sums = new Float64Array(rows * columns);
  const sizes = new Float64Array(rows * columns);
  for (const [row, column, value] of entries) {
    const at = row * columns + column;
    sums[at] = (sums[at] ?? 0) + Math.fround(value);
    sizes[at] = (sizes[at] ?? 0) + Math.abs(value);
  }
  return { sums, sizes };
}

async function expectProducts(
  gpu: Gpu,
  placement: "gpu" | "cpu",
  work: (typeof cases)[number],
): Promise<void> {
  const { rows, columns } = work;
  const { sums, sizes } = dense(work);
  using sparse = await made(gpu, work);
  const spread = await gpu.sparse.toDense(sparse, { placement, strict: true });
  expect(spread.shape).toEqual([rows, columns]);
  const wrong = (await spread.read()).findIndex(
    (value, at) => !(Math.abs(value - (sums[at] ?? 0)) <= (sizes[at] ?? 0) * 2 ** -18),
  );
  expect(wrong).toBe(-1);
  for (const n of [undefined, 1, 3, 40]) {
    const width = n ?? 1;
    const right = randomFloats(columns * width, 5);
    using factor = Matrix.from(right, n === undefined ? [columns] : [columns, n]);
    using product = await gpu.sparse.multiply(sparse, factor, { placement, strict: true });
    expect(product.shape).toEqual(n === undefined ? [rows] : [rows, n]);
    const differing = (await product.read()).findIndex((value, at) => {
      const [row, j] = [Math.floor(at / width), at % width];
      let [sum, size] = [0, 0];
      for (let k = 0; k < columns; k++) {
        sum += (sums[row * columns + k] ?? 0) * (right[k * width + j] ?? 0);
        size += (sizes[row * columns + k] ?? 0) * Math.abs(right[k * width + j] ?? 0);
      }
      return !(Math.abs(value - sum) <= size * 2 ** -17);
    });
    expect(differing, `of ${n} columns`).toBe(-1);
  }
}

onEveryDevice(
  "sparse matrices",
  (adapter) => {
    it("multiply and become dense", async () => {
      await using runtime = new Runtime({ adapters: async () => [adapter] });
      const gpu = bindMatrix(runtime);
      for (const work of cases) {
        if (work.entries.length > 0) await expectProducts(gpu, "gpu", work);
      }
    });

    it("of f64 multiply in f64, where the device has it", async () => {
      await using runtime = new Runtime({ adapters: async () => [adapter] });
      const gpu = bindMatrix(runtime);
      using sparse = await gpu.sparse.fromCoo([0, 0], [0, 1], Float64Array.of(1, 2 ** -40), [1, 2]);
      using ones = Matrix.from(Float64Array.of(1, 1), [2], "f64");
      const multiply = () => gpu.sparse.multiply(sparse, ones, { placement: "gpu", strict: true });
      if (!adapter.features.has("f64")) {
        await failure(multiply, "UNSUPPORTED");
        const fallen = await gpu.sparse.multiply(sparse, ones, { placement: "gpu" });
        expect(await fallen.read()).toEqual(Float64Array.of(1 + 2 ** -40));
        return;
      }
      expect(await (await multiply()).read()).toEqual(Float64Array.of(1 + 2 ** -40));
    });
  },
  { computing: true },
);

describe("sparse matrices on the CPU", () => {
  const runtime = new Runtime({ adapters: async () => [] });
  const gpu = bindMatrix(runtime);
  afterAll(() => runtime.dispose());

  it("multiply and become dense", async () => {
    for (const work of cases) await expectProducts(gpu, "cpu", work);
  });

  it("are sorted, with sums of what stands twice, and keep zeros", async () => {
    const sparse = await gpu.sparse.fromCoo([2, 0, 2, 0, 2], [1, 3, 0, 0, 1], [5, 0, 2, 1, -1], [4, 4]);
    expect([sparse.shape, sparse.nonzeros, sparse.dtype]).toEqual([[4, 4], 4, "f32"]);
    expect(await sparse.rowStarts.read()).toEqual(Uint32Array.of(0, 2, 2, 4, 4));
    expect(await sparse.columns.read()).toEqual(Uint32Array.of(0, 3, 0, 1));
    expect(await sparse.values.read()).toEqual(Float32Array.of(1, 0, 2, 4));
  });

  it("come from dense matrices and go back, transposed or not", async () => {
    const rows = [
      [0, 1, 0],
      [Number.NaN, 0, -2],
    ];
    using sparse = await gpu.sparse.fromDense(rows);
    expect(sparse.nonzeros).toBe(3);
    expect(await (await gpu.sparse.toDense(sparse)).toArray()).toEqual(rows);
    using turned = await gpu.sparse.transpose(sparse);
    expect(await (await gpu.sparse.toDense(turned)).toArray()).toEqual([
      [0, Number.NaN],
      [1, 0],
      [0, -2],
    ]);
    const empty = await gpu.sparse.fromDense(Matrix.zeros([0, 3]));
    expect([empty.shape, empty.nonzeros]).toEqual([[0, 3], 0]);
  });

  it("come from compressed rows, in any order within a row", async () => {
    using sparse = await gpu.sparse.fromCsr([0, 2, 2], [1, 0], [3, 4], [2, 2]);
    expect(await (await gpu.sparse.multiply(sparse, [1, 10])).read()).toEqual(Float32Array.of(34, 0));
  });

  it("NaN and infinities reach the rows they belong to", async () => {
    using sparse = await gpu.sparse.fromCoo([0, 1], [0, 1], [2, 0], [3, 2]);
    const product = await gpu.sparse.multiply(sparse, [Number.POSITIVE_INFINITY, Number.NaN]);
    expect(await product.read()).toEqual(Float32Array.of(Number.POSITIVE_INFINITY, Number.NaN, 0));
  });

  it("say what is wrong with what they are made of", async () => {
    const said = async (work: () => unknown) => (await failure(work, "INVALID_ARGUMENT")).message;
    const { fromCoo, fromCsr, multiply } = gpu.sparse;
    expect(await said(() => fromCoo([0, 3], [0, 0], [1, 2], [3, 1]))).toMatch(
      /Entry 1 is in row 3 .* 3 rows/,
    );
    expect(await said(() => fromCoo([0], [9], [1], [3, 9]))).toMatch(/Entry 0 is in column 9/);
    expect(await said(() => fromCoo([0, -1], [0, 0], [1, 2], [3, 1]))).toMatch(/Entry 1 has the row -1/);
    expect(await said(() => fromCoo([0], [0, 1], [1], [3, 3]))).toMatch(/1 rows and 2 columns .* 1 values/);
    expect(await said(() => fromCoo([0], [0], [1], [3]))).toMatch(/the shape \[3\]/);
    expect(await said(() => fromCsr([0, 2, 1], [0, 0], [1, 2], [2, 1]))).toMatch(
      /Row 1 .* from entry 2 to 1/,
    );
    expect(await said(() => fromCsr([0, 1, 1], [0, 0], [1, 2], [2, 1]))).toMatch(
      /ends at entry 1, but there are 2/,
    );
    expect(await said(() => fromCsr([0, 1], [5], [1], [1, 5]))).toMatch(/Entry 0 is in column 5/);
    expect(await said(() => fromCsr([0], [5], [1], [1, 6]))).toMatch(/1 row starts/);
    using sparse = await fromCoo([0], [0], [1], [2, 3]);
    expect(await said(() => multiply(sparse, [1, 2]))).toMatch(/sparse 2x3 by 2/);
    const doubles = Matrix.from(Float64Array.of(1, 2, 3), [3], "f64") as unknown as Matrix;
    expect(await said(() => multiply(sparse, doubles))).toMatch(/dense holds f64/);
  });
});
