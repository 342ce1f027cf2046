import { describe, expect, it } from "vitest";
import { bindMatrix, Matrix, type MatrixFamily } from "#src/matrix/index.js";
import { Runtime } from "#src/runtime/index.js";
import { largest } from "../kernels/linalg-support.js";
import { onEveryDevice } from "../support/devices.js";

const unit = 2 ** -24;

/** The largest and the smallest singular value of order 12 at 1.2. */
const kahan: readonly number[] = [2.077241084957765, 0.02851816426133852];
const lapackR: readonly number[] = [
  -8.124038404635959, -9.601136296387955, -11.939874624995277, 0, 0.9045340337332927, 1.5075567228888205, 0,
  0, 0.4082482904638626,
];

function made(size: number, entry: (i: number, j: number) => number): Matrix {
  const numbers = Float64Array.from({ length: size * size }, (_, at) =>
    entry(Math.floor(at / size), at % size),
  );
  return Matrix.from(Float32Array.from(numbers), [size, size]);
}

/** Each number within so many roundings of the largest. */
function expectClose(found: ArrayLike<number>, wanted: readonly number[], roundings: number): void {
  expect(found.length).toBe(wanted.length);
  wanted.forEach((value, at) => {
    const error = Math.abs((found[at] ?? Number.NaN) - value);
    expect(error, `number ${at}`).toBeLessThanOrEqual(roundings * unit * largest(wanted));
  });
}

/** Values that are known in closed form, and what LAPACK (OpenBLAS, by NumPy 2.4.6) gives in double precision. */
function known(gpu: () => MatrixFamily, placement: "gpu" | "cpu"): void {
  const options = { placement, strict: true } as const;

  it("eigenvalues of the second difference are 2 - 2 cos(k pi / (n + 1))", async () => {
    const n = 33;
    const a = made(n, (i, j) => (i === j ? 2 : Math.abs(i - j) === 1 ? -1 : 0));
    const { values } = await gpu().eigh(a, options);
    const wanted = Array.from({ length: n }, (_, k) => 2 - 2 * Math.cos(((k + 1) * Math.PI) / (n + 1)));
    expectClose(await values.read(), wanted, 2 * n);
  });

  it("Wilkinson's W21+ has pairs of eigenvalues that agree to 14 digits", async () => {
    const a = made(21, (i, j) => (i === j ? Math.abs(i - 10) : Number(Math.abs(i - j) === 1)));
    const { values, vectors } = await gpu().eigh(a, options);
    const found = await values.read();
    const some = [found[0], found[19], found[20]].map((value) => value ?? Number.NaN);
    expectClose(some, [-1.1254415221199854, 10.746194182903322, 10.746194182903393], 42);
    expect(vectors?.shape).toEqual([21, 21]);
  });

  it("Wilkinson's growth matrix doubles the last column of u in each step", async () => {
    const n = 20;
    const a = made(n, (i, j) => (i === j || j === n - 1 ? 1 : j < i ? -1 : 0));
    const { u, p } = await gpu().lu(a, options);
    const upper = await u.read();
    expect(Array.from({ length: n }, (_, i) => upper[i * n + n - 1])).toEqual(
      Array.from({ length: n }, (_, i) => 2 ** i),
    );
    expect([...(await p.read())]).toEqual([...Array(n).keys()]);
    const determinant = await gpu().determinant(a, options);
    expect([...(await determinant.read())]).toEqual([2 ** (n - 1)]);
  });

  it("Hilbert's matrix: the inverse of order 3, singular values of order 4", async () => {
    const inverse = await gpu().inverse(
      made(3, (i, j) => 1 / (i + j + 1)),
      options,
    );
    expectClose(await inverse.read(), [9, -36, 30, -36, 192, -180, 30, -180, 180], 1000);
    const { s } = await gpu().svd(
      made(4, (i, j) => 1 / (i + j + 1)),
      options,
    );
    const wanted = [1.5002142800592428, 0.16914122022145003, 0.006738273605760711, 9.670230402260517e-5];
    expectClose(await s.read(), wanted, 8);
  });

  it("Kahan's matrix hides in its diagonal how close to singular it is", async () => {
    const [c, s] = [Math.cos(1.2), Math.sin(1.2)];
    const a = made(12, (i, j) => (j < i ? 0 : s ** i * (i === j ? 1 : -c)));
    const { s: values } = await gpu().svd(a, options);
    const found = await values.read();
    expectClose([found[0] ?? Number.NaN, found.at(-1) ?? Number.NaN], kahan, 24);
    const { r } = await gpu().qr(a, { ...options, mode: "r" });
    const triangle = await r.read();
    expect(Math.abs(Math.abs(triangle.at(-1) ?? 0) - s ** 11)).toBeLessThanOrEqual(8 * unit);
  });

  it("qr has LAPACK's signs, cholesky a positive diagonal", async () => {
    const a = Matrix.from([
      [1, 2, 3],
      [4, 5, 6],
      [7, 8, 10],
    ]);
    const { r } = await gpu().qr(a, options);
    expectClose(await r.read(), lapackR, 8);
    const l = await gpu().cholesky(
      Matrix.from([
        [4, 12, -16],
        [12, 37, -43],
        [-16, -43, 98],
      ]),
      options,
    );
    expect([...(await l.read())]).toEqual([2, 0, 0, 6, 1, 0, -8, 5, 3]);
  });

  it("a graded diagonal keeps every digit", async () => {
    const wanted = Array.from({ length: 9 }, (_, k) => 10 ** (4 - k));
    const a = made(9, (i, j) => (i === j ? (wanted[(i * 4) % 9] ?? 0) : 0));
    const { s } = await gpu().svd(a, options);
    const found = await s.read();
    wanted.forEach((value, at) => {
      expect(Math.abs((found[at] ?? Number.NaN) / value - 1)).toBeLessThanOrEqual(4 * unit);
    });
  });
}

onEveryDevice(
  "known matrices",
  (adapter) => {
    let runtime: Runtime | undefined;
    const gpu = () => {
      runtime ??= new Runtime({ adapters: async () => [adapter] });
      return bindMatrix(runtime);
    };
    known(gpu, "gpu");

    it("ends", async () => {
      await runtime?.dispose();
    });
  },
  { computing: true },
);

describe("known matrices on the CPU", () => {
  const runtime = new Runtime({ adapters: async () => [] });
  const gpu = bindMatrix(runtime);
  known(() => gpu, "cpu");

  it("ends", async () => {
    await runtime.dispose();
  });
});
