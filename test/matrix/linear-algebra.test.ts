import { describe, expect, it } from "vitest";
import { bindMatrix, Matrix, type MatrixFamily } from "#src/matrix/index.js";
import { Runtime } from "#src/runtime/index.js";
import {
  definite,
  departure,
  distance,
  identityOf,
  itemOf,
  largest,
  type Numbers,
  product,
  transposed,
} from "../kernels/linalg-support.js";
import { randomFloats } from "../kernels/support.js";
import { isFake, onEveryDevice } from "../support/devices.js";
import { failure } from "../support/errors.js";

const unit = 2 ** -24;

function random(shape: readonly number[], seed: number): Matrix {
  return Matrix.from(
    randomFloats(
      shape.reduce((count, size) => count * size, 1),
      seed,
    ),
    shape,
  );
}

async function numbersOf(matrix: Matrix<"f32"> | Matrix<"f64"> | Matrix<"u32">): Promise<Float64Array> {
  return Float64Array.from((await matrix.read()) as Float32Array);
}

/** Every operation once, on shapes that cross blocks, with a batch. */
function operations(gpu: () => MatrixFamily, placement: "gpu" | "cpu", small: boolean): void {
  const options = { placement, strict: true } as const;
  const size = small ? 34 : 70;

  it("solve: a batch, one matrix for many right-hand sides, one right-hand side for many matrices, a vector", async () => {
    const cases = [
      [[2, size, size], [2, size, 3], 2],
      [[size, size], [3, size, 2], 3],
      [[2, size, size], [size, 1], 2],
      [[5, 5], [5], 1],
    ] as const;
    for (const [shapeA, shapeB, batch] of cases) {
      const [a, b] = [random(shapeA, 3), random(shapeB, 4)];
      using x = await gpu().solve(a, b, options);
      const n = a.rows;
      const columns = b.shape.length === 1 ? 1 : b.columns;
      expect(x.shape).toEqual(b.shape.length === 1 ? [n] : batch === 1 ? [n, columns] : [batch, n, columns]);
      const [allA, allB, allX] = [await numbersOf(a), await numbersOf(b), await numbersOf(x)];
      for (let item = 0; item < batch; item++) {
        const left = {
          data: allA.length > n * n ? itemOf(allA, item, n * n) : allA,
          rows: n,
          columns: n,
        };
        const right = allB.length > n * columns ? itemOf(allB, item, n * columns) : allB;
        const found = { data: itemOf(allX, item, n * columns), rows: n, columns };
        const error = distance(product(left, found).data, right);
        expect(error).toBeLessThanOrEqual(16 * n * unit * (1 + largest(found.data)));
      }
    }
  });

  it("triangularSolve: each triangle, transposed, with a unit diagonal", async () => {
    const n = size;
    const data = randomFloats(n * n, 9).map((value, at) => (at % (n + 1) === 0 ? 2 + value : value / n));
    const a = Matrix.from(data, [n, n]);
    const b = random([2, n, 2], 4);
    for (const triangle of ["lower", "upper"] as const) {
      for (const flag of [false, true]) {
        const more = { triangle, transpose: flag, unitDiagonal: flag };
        using x = await gpu().triangularSolve(a, b, { ...options, ...more });
        const [right, found] = [await numbersOf(b), await numbersOf(x)];
        const kept = Float64Array.from(data, (value, at) => {
          const [i, j] = [Math.floor(at / n), at % n];
          if (i === j) return flag ? 1 : value;
          return j < i === (triangle === "lower") ? value : 0;
        });
        const t = { data: kept, rows: n, columns: n };
        for (let item = 0; item < 2; item++) {
          const one = { data: itemOf(found, item, n * 2), rows: n, columns: 2 };
          const again = product(flag ? transposed(t) : t, one).data;
          expect(distance(again, itemOf(right, item, n * 2))).toBeLessThanOrEqual(
            16 * n * unit * (1 + largest(one.data)),
          );
        }
      }
    }
  });

  it("inverse, determinant and slogdet", async () => {
    const a = Matrix.from(Float32Array.from([...definite(6, 1), ...definite(6, 2)]), [2, 6, 6]);
    using inverse = await gpu().inverse(a, options);
    const [all, inverses] = [await numbersOf(a), await numbersOf(inverse)];
    for (let item = 0; item < 2; item++) {
      const one = { data: itemOf(all, item, 36), rows: 6, columns: 6 };
      const other = { data: itemOf(inverses, item, 36), rows: 6, columns: 6 };
      expect(distance(product(one, other).data, identityOf(6))).toBeLessThanOrEqual(
        64 * unit * largest(one.data) * largest(other.data),
      );
    }
    const known = Matrix.from([
      [
        [0, 2],
        [3, 4],
      ],
      [
        [1, 2],
        [2, 4],
      ],
    ]);
    using determinant = await gpu().determinant(known, options);
    expect([determinant.shape, [...(await determinant.read())]]).toEqual([[2], [-6, 0]]);
    const { sign, logarithm } = await gpu().slogdet(known, options);
    expect([...(await sign.read())]).toEqual([-1, 0]);
    const [first = 0, second = 0] = await logarithm.read();
    expect(Math.abs(first - Math.log(6))).toBeLessThan(1e-6);
    expect(second).toBe(Number.NEGATIVE_INFINITY);
  });

  it("cholesky reads the lower triangle only", async () => {
    const data = Float32Array.from(definite(size, 5));
    for (let i = 0; i < size; i++) data.fill(Number.NaN, i * size + i + 1, (i + 1) * size);
    using l = await gpu().cholesky(Matrix.from(data, [size, size]), options);
    const factor = { data: await l.read(), rows: size, columns: size };
    const again = product(factor, transposed(factor)).data;
    const wanted = Float32Array.from(definite(size, 5));
    expect(distance(again, wanted)).toBeLessThanOrEqual(16 * size * unit * largest(wanted));
    expect(factor.data[1]).toBe(0);
  });

  it.each([
    [size, size],
    [size, 7],
    [7, size],
  ])("lu and qr of a batch of %i x %i", async (rows, columns) => {
    const a = random([2, rows, columns], 6);
    const all = await numbersOf(a);
    const count = Math.min(rows, columns);
    const { l, u, p } = await gpu().lu(a, options);
    const [left, right, order] = [await numbersOf(l), await numbersOf(u), await p.read()];
    for (let item = 0; item < 2; item++) {
      const lower = { data: itemOf(left, item, rows * count), rows, columns: count };
      const upper = { data: itemOf(right, item, count * columns), rows: count, columns };
      const again = product(lower, upper).data;
      const given = itemOf(all, item, rows * columns);
      const wanted = Float64Array.from(given, (_, at) => {
        const from = order[item * rows + Math.floor(at / columns)] ?? 0;
        return given[from * columns + (at % columns)] ?? Number.NaN;
      });
      expect(distance(again, wanted)).toBeLessThanOrEqual(16 * count * unit * largest(right));
      expect([...itemOf(order, item, rows)].sort((x, y) => x - y)).toEqual([...Array(rows).keys()]);
    }
    for (const mode of ["reduced", "complete", "r"] as const) {
      const { q, r } = await gpu().qr(a, { ...options, mode });
      const width = mode === "complete" ? rows : count;
      expect(r.shape).toEqual([2, width, columns]);
      const triangles = await numbersOf(r);
      expect(triangles[columns] === 0 || width === 1).toBe(true);
      if (q === undefined) {
        expect(mode).toBe("r");
        continue;
      }
      const bases = await numbersOf(q);
      for (let item = 0; item < 2; item++) {
        const basis = { data: itemOf(bases, item, rows * width), rows, columns: width };
        expect(departure(basis)).toBeLessThanOrEqual(16 * rows * unit);
        const r1 = { data: itemOf(triangles, item, width * columns), rows: width, columns };
        const error = distance(product(basis, r1).data, itemOf(all, item, rows * columns));
        expect(error).toBeLessThanOrEqual(16 * rows * unit);
      }
    }
  });

  it("eigh and svd of a batch, with vectors and without", async () => {
    const n = small ? 10 : 40;
    const a = random([2, n, n], 8);
    const { values, vectors } = await gpu().eigh(a, options);
    const alone = await gpu().eigh(a, { ...options, vectors: false });
    expect(alone.vectors).toBeUndefined();
    expect(distance(await alone.values.read(), await values.read())).toBeLessThanOrEqual(16 * n * unit);
    const [all, w] = [await numbersOf(a), await numbersOf(values)];
    const bases = vectors === undefined ? new Float64Array() : await numbersOf(vectors);
    for (let item = 0; item < 2; item++) {
      const v = { data: itemOf(bases, item, n * n), rows: n, columns: n };
      expect(departure(v)).toBeLessThanOrEqual(32 * n * unit);
      const whole = itemOf(all, item, n * n).slice();
      for (let i = 0; i < n; i++) for (let j = i + 1; j < n; j++) whole[i * n + j] = whole[j * n + i] ?? 0;
      const left = product({ data: whole, rows: n, columns: n }, v).data;
      const right = v.data.map((value, at) => value * (w[item * n + (at % n)] ?? Number.NaN));
      expect(distance(left, right)).toBeLessThanOrEqual(32 * n * unit * largest(w));
    }
    for (const columns of [n, 4]) {
      const matrix = random([2, n, columns], 11);
      const { u, s, vt } = await gpu().svd(matrix, options);
      const only = await gpu().svd(matrix, { ...options, vectors: false });
      expect(distance(await only.s.read(), await s.read())).toBeLessThanOrEqual(16 * n * unit);
      expect([u?.shape, s.shape, vt?.shape]).toEqual([
        [2, n, columns],
        [2, columns],
        [2, columns, columns],
      ]);
      const full = await gpu().svd(matrix, { ...options, full: true });
      expect([full.u?.shape, full.vt?.shape]).toEqual([
        [2, n, n],
        [2, columns, columns],
      ]);
    }
  });

  it("leastSquares and pseudoInverse of full and of deficient rank", async () => {
    const [rows, columns] = [12, 5];
    const data = randomFloats(rows * columns, 13);
    for (const deficient of [false, true]) {
      const given = data.map((value, at) =>
        deficient && at % columns === 4 ? (data[at - 1] ?? 0) + (data[at - 2] ?? 0) : value,
      );
      const a = Matrix.from(given, [rows, columns]);
      const b = random([rows], 14);
      const right = await b.read();
      const { x, s, rank } = await gpu().leastSquares(a, b, options);
      expect([x.shape, s.shape, rank.shape]).toEqual([[columns], [columns], []]);
      expect([...(await rank.read())]).toEqual([deficient ? 4 : 5]);
      const matrix = { data: given, rows, columns };
      const solution = { data: await x.read(), rows: columns, columns: 1 };
      const residual = product(matrix, solution).data.map((value, at) => value - (right[at] ?? 0));
      const normal = product(transposed(matrix), { data: residual, rows, columns: 1 }).data;
      expect(largest(normal)).toBeLessThanOrEqual(1e-4);
      if (deficient) {
        const [, , x2 = 0, x3 = 0, x4 = 0] = solution.data;
        expect(Math.abs(x2 + x3 - x4)).toBeLessThanOrEqual(1e-5);
      }
      using inverse = await gpu().pseudoInverse(a, options);
      const pseudo = { data: await inverse.read(), rows: columns, columns: rows };
      expect(distance(product(product(matrix, pseudo), matrix).data, given)).toBeLessThanOrEqual(1e-5);
      const symmetric = product(matrix, pseudo);
      expect(distance(symmetric.data, transposed(symmetric).data)).toBeLessThanOrEqual(1e-5);
    }
  });

  it("norms, condition and rank", async () => {
    const a = Matrix.from([
      [3, 0],
      [0, -4],
      [0, 0],
    ]);
    const close = async (matrix: Promise<Matrix>, wanted: number) =>
      expect(Math.abs(((await (await matrix).read())[0] ?? Number.NaN) - wanted)).toBeLessThan(1e-6);
    await close(gpu().matrixNorm(a, 2, options), 4);
    await close(gpu().matrixNorm(a, -2, options), 3);
    await close(gpu().matrixNorm(a, "nuclear", options), 7);
    await close(gpu().conditionNumber(a, options), 4 / 3);
    expect([...(await (await gpu().matrixRank(a, options)).read())]).toEqual([2]);
    const flat = Matrix.from([
      [
        [1, 2],
        [2, 4],
      ],
      [
        [0, 0],
        [0, 0],
      ],
    ]);
    expect([...(await (await gpu().matrixRank(flat, options)).read())]).toEqual([1, 0]);
    expect((await (await gpu().conditionNumber(flat, options)).read())[1]).toBe(Number.POSITIVE_INFINITY);
  });

  it("names the zero pivot, the minor and the item with NaN", async () => {
    const items = [identityOf(3), [1, 2, 3, 2, 4, 6, 1, 1, 1]].flatMap((item) => [...item]);
    const batch = Matrix.from(Float32Array.from(items), [2, 3, 3]);
    const singular = await failure(
      () => gpu().solve(batch, Matrix.from([[1], [1], [1]]), options),
      "SINGULAR_MATRIX",
    );
    expect(singular.message).toContain("matrix 1 of the batch is singular, pivot 3 is zero");
    await failure(() => gpu().inverse(Matrix.from([[0]]), options), "SINGULAR_MATRIX");
    const triangle = Matrix.from([
      [1, 0],
      [0, 0],
    ]);
    await failure(
      () => gpu().triangularSolve(triangle, Matrix.from(Float32Array.of(1, 1), [2]), options),
      "SINGULAR_MATRIX",
    );
    const indefinite = Matrix.from([
      [4, 2, 0],
      [2, 1, 0],
      [0, 0, 1],
    ]);
    const minor = await failure(() => gpu().cholesky(indefinite, options), "NOT_POSITIVE_DEFINITE");
    expect(minor.message).toContain("its leading minor of order 2");
    const bad = Matrix.from(Float32Array.of(1, 2, Number.NaN, 4), [2, 2]);
    expect((await failure(() => gpu().svd(bad, options), "INVALID_ARGUMENT")).message).toContain("NaN");
    await failure(() => gpu().eigh(bad, options), "INVALID_ARGUMENT");
    await failure(() => gpu().cholesky(bad, options), "NOT_POSITIVE_DEFINITE");
    await failure(
      () => gpu().leastSquares(bad, Matrix.from(Float32Array.of(1, 2), [2]), options),
      "INVALID_ARGUMENT",
    );
    using x = await gpu().solve(bad, Matrix.from([[1], [1]]), options);
    expect((await x.read()).every((value) => Number.isNaN(value))).toBe(true);
    const { q } = await gpu().qr(bad, options);
    expect([...((await q?.read()) ?? [0])].some((value) => Number.isNaN(value))).toBe(true);
  });
}

onEveryDevice(
  "linear algebra of matrices",
  (adapter) => {
    let family: MatrixFamily | undefined;
    let runtime: Runtime | undefined;
    const gpu = () => {
      runtime ??= new Runtime({ adapters: async () => [adapter] });
      family ??= bindMatrix(runtime);
      return family;
    };
    operations(gpu, "gpu", isFake(adapter));

    it("ends", async () => {
      await runtime?.dispose();
    });
  },
  { computing: true },
);

describe("linear algebra on the CPU", () => {
  const runtime = new Runtime({ adapters: async () => [] });
  const gpu = bindMatrix(runtime);
  operations(() => gpu, "cpu", false);

  it("computes f64 in double precision", async () => {
    const n = 30;
    const a = Matrix.from(definite(n, 3), [n, n], "f64");
    const b = Matrix.from(Float64Array.from(randomFloats(n, 4)), [n], "f64");
    const x = await gpu.solve<"f64">(a, b);
    expect(x.dtype).toBe("f64");
    const left = { data: (await a.read()) as Numbers, rows: n, columns: n };
    const found = { data: await x.read(), rows: n, columns: 1 };
    expect(distance(product(left, found).data, await b.read())).toBeLessThanOrEqual(1e-12);
    const { values } = await gpu.eigh<"f64">(a, { vectors: false });
    const { sign, logarithm } = await gpu.slogdet<"f64">(a);
    const sum = (await values.read()).reduce((total, value) => total + Math.log(value), 0);
    expect([...(await sign.read())]).toEqual([1]);
    expect(Math.abs(sum - ((await logarithm.read())[0] ?? 0))).toBeLessThanOrEqual(1e-10);
  });

  it("takes lazy matrices", async () => {
    const a = Matrix.from([
      [1, 2],
      [0, 3],
    ]);
    const x = await gpu.solve(gpu.transpose(a), gpu.mul(Matrix.from([[1], [1]]), 6));
    expect([...(await x.read())]).toEqual([6, -2]);
  });

  it("ends", async () => {
    await runtime.dispose();
  });
});
