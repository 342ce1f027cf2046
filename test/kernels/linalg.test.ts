import { expect, it } from "vitest";
import type { Real } from "#src/kernels/linalg/index.js";
import {
  contextOf,
  dense,
  factorCholesky,
  factorLu,
  factorQr,
  solveLu,
  solveTriangular,
} from "#src/kernels/linalg/index.js";
import { isFake, onEveryDevice } from "../support/devices.js";
import {
  definite,
  departure,
  distance,
  itemOf,
  largest,
  numbersIn,
  numbersOf,
  onDevice,
  product,
  transposed,
  triangle,
  unitOf,
} from "./linalg-support.js";
import { randomFloats, wordsIn } from "./support.js";

/** Around the panel of 32 columns, the leaf of 64 rows and a workgroup of 256 threads. */
const shapes: readonly (readonly [rows: number, columns: number, batch: number])[] = [
  [1, 1, 3],
  [2, 2, 2],
  [31, 31, 1],
  [32, 32, 2],
  [33, 33, 2],
  [65, 65, 1],
  [257, 130, 1],
  [7, 40, 2],
  [100, 33, 1],
  [129, 129, 2],
];
const squares = shapes.filter(([rows, columns]) => rows === columns);

onEveryDevice(
  "linear algebra",
  (adapter, device) => {
    const types: readonly Real[] = adapter.features.has("f64") ? ["f32", "f64"] : ["f32"];
    for (const type of types) {
      const unit = unitOf[type];
      // The C++ compiler behind the stand-in takes a second a kernel: in f64 it gets those of Cholesky.
      const some = type === "f64" && isFake(adapter) ? { shapes: [], squares: [] } : { shapes, squares };

      it.each(some.shapes)(`LU of %i x %i, %i times, ${type}`, async (rows, columns, batch) => {
        const opened = await device();
        const count = Math.min(rows, columns);
        const a = numbersOf(type, randomFloats(batch * rows * columns, rows + columns));
        using matrix = onDevice(opened, a);
        using pivots = onDevice(opened, new Uint32Array(batch * count));
        using info = onDevice(opened, new Uint32Array(batch));
        await factorLu(opened, { type, matrix, pivots, info, rows, columns, batch });
        const both = await numbersIn(opened, type, matrix, batch * rows * columns);
        const exchanged = await wordsIn(opened, pivots, batch * count);
        expect([...(await wordsIn(opened, info, batch))]).toEqual(new Array(batch).fill(0));
        for (let item = 0; item < batch; item++) {
          const data = itemOf(both, item, rows * columns);
          const l = triangle({ data, rows, columns }, (i, j) => j < i, true);
          const left = { rows, columns: count, data: cut(l.data, rows, columns, count) };
          expect(largest(left.data)).toBeLessThanOrEqual(1);
          const u = triangle({ data, rows, columns }, (i, j) => j >= i);
          const right = { rows: count, columns, data: u.data };
          const permuted = Float64Array.from(itemOf(a, item, rows * columns));
          itemOf(exchanged, item, count).forEach((other, k) => {
            for (let j = 0; j < columns; j++) {
              const [x = 0, y = 0] = [permuted[k * columns + j], permuted[other * columns + j]];
              permuted[k * columns + j] = y;
              permuted[other * columns + j] = x;
            }
          });
          const error = distance(product(left, right).data, permuted);
          expect(error).toBeLessThanOrEqual(8 * count * unit * largest(u.data));
        }
      });

      it.each(some.squares)(`solves %i x %i, %i times, from LU, ${type}`, async (size, _size, batch) => {
        const opened = await device();
        const columns = 3;
        const a = numbersOf(type, randomFloats(batch * size * size, size));
        const b = numbersOf(type, randomFloats(batch * size * columns, 7));
        using matrix = onDevice(opened, a);
        using pivots = onDevice(opened, new Uint32Array(batch * size));
        using info = onDevice(opened, new Uint32Array(batch));
        using x = onDevice(opened, b);
        await factorLu(opened, { type, matrix, pivots, info, rows: size, columns: size, batch });
        await solveLu(opened, { type, factors: matrix, pivots, b: x, size, columns, batch });
        const found = await numbersIn(opened, type, x, batch * size * columns);
        for (let item = 0; item < batch; item++) {
          const left = { data: itemOf(a, item, size * size), rows: size, columns: size };
          const right = { data: itemOf(found, item, size * columns), rows: size, columns };
          const error = distance(product(left, right).data, itemOf(b, item, size * columns));
          expect(error).toBeLessThanOrEqual(16 * size * unit * (1 + largest(right.data)));
        }
      });

      it.each(squares)(`Cholesky of %i x %i, %i times, ${type}`, async (size, _size, batch) => {
        const opened = await device();
        const data = numbersOf(
          type,
          Array.from({ length: batch }, (_, item) => [...definite(size, item + 1)]).flat(),
        );
        using source = onDevice(opened, data);
        using result = onDevice(opened, data.slice().fill(7));
        using info = onDevice(opened, new Uint32Array(batch));
        await factorCholesky(opened, { type, source, result, info, size, batch });
        const found = await numbersIn(opened, type, result, batch * size * size);
        expect([...(await wordsIn(opened, info, batch))]).toEqual(new Array(batch).fill(0));
        for (let item = 0; item < batch; item++) {
          const l = { data: itemOf(found, item, size * size), rows: size, columns: size };
          expect(triangle(l, (i, j) => j <= i).data).toEqual(Float64Array.from(l.data));
          const a = itemOf(data, item, size * size);
          expect(distance(product(l, transposed(l)).data, a)).toBeLessThanOrEqual(
            8 * size * unit * largest(a),
          );
        }
      });

      it.each(some.shapes)(`QR of %i x %i, %i times, ${type}`, async (rows, columns, batch) => {
        const opened = await device();
        const a = numbersOf(type, randomFloats(batch * rows * columns, rows));
        for (const width of new Set([Math.min(rows, columns), rows])) {
          using matrix = onDevice(opened, a);
          using q = onDevice(opened, numbersOf(type, new Float64Array(batch * rows * width).fill(7)));
          await factorQr(opened, { type, matrix, q, rows, columns, width, batch });
          const triangles = await numbersIn(opened, type, matrix, batch * rows * columns);
          const bases = await numbersIn(opened, type, q, batch * rows * width);
          for (let item = 0; item < batch; item++) {
            const data = itemOf(triangles, item, rows * columns);
            expect(triangle({ data, rows, columns }, (i, j) => j >= i).data).toEqual(Float64Array.from(data));
            const basis = { data: itemOf(bases, item, rows * width), rows, columns: width };
            expect(departure(basis)).toBeLessThanOrEqual(16 * rows * unit);
            const r = { data: data.subarray(0, width * columns), rows: width, columns };
            const error = distance(product(basis, r).data, itemOf(a, item, rows * columns));
            expect(error).toBeLessThanOrEqual(16 * rows * unit);
          }
        }
      });
    }

    it.each([1, 32, 33, 130])("solves triangles of %i, every way", async (size) => {
      const opened = await device();
      const [batch, columns] = [2, 5];
      const a = randomFloats(batch * size * size, size).map((value) => value / 16);
      for (let at = 0; at < a.length; at++)
        if ((at % (size * size)) % (size + 1) === 0) a[at] = 2 + (a[at] ?? 0);
      const b = randomFloats(batch * size * columns, 3);
      using t = onDevice(opened, a);
      for (const lower of [false, true])
        for (const flip of [false, true])
          for (const unit of [false, true]) {
            using x = onDevice(opened, b);
            const context = contextOf(opened, "f32", batch, {});
            await solveTriangular(context, {
              t: dense(t, size, size),
              b: dense(x, size, columns),
              size,
              columns,
              lower,
              transposed: flip,
              unit,
            });
            const found = await numbersIn(opened, "f32", x, b.length);
            for (let item = 0; item < batch; item++) {
              const data = itemOf(a, item, size * size);
              const keep = (i: number, j: number) => (lower ? j <= i : j >= i);
              const only = triangle({ data, rows: size, columns: size }, keep, unit);
              const right = { data: itemOf(found, item, size * columns), rows: size, columns };
              const error = distance(
                product(flip ? transposed(only) : only, right).data,
                itemOf(b, item, size * columns),
              );
              expect(error).toBeLessThanOrEqual(16 * size * unitOf.f32 * (1 + largest(right.data)));
            }
          }
    });
  },
  { computing: true },
);

function cut(data: ArrayLike<number>, rows: number, columns: number, count: number): Float64Array {
  return Float64Array.from(
    { length: rows * count },
    (_, at) => data[Math.floor(at / count) * columns + (at % count)] ?? Number.NaN,
  );
}
