import { expect, it } from "vitest";
import { decomposeEigh, decomposeSvd, type Real } from "#src/kernels/linalg/index.js";
import { isFake, onEveryDevice } from "../support/devices.js";
import {
  departure,
  distance,
  itemOf,
  largest,
  type Numbers,
  numbersIn,
  numbersOf,
  onDevice,
  product,
  transposed,
  unitOf,
} from "./linalg-support.js";
import { randomFloats } from "./support.js";

type Entry = (i: number, j: number, random: number) => number;

/** Around a padded row of 16, a block of rows, a workgroup; and what makes values vanish, coincide or differ wildly. */
const cases: readonly (readonly [string, rows: number, columns: number, batch: number, Entry])[] = [
  ["one number", 1, 1, 3, (_i, _j, random) => random],
  ["random", 17, 17, 2, (_i, _j, random) => random],
  ["random", 34, 34, 1, (_i, _j, random) => random],
  ["random", 130, 6, 1, (_i, _j, random) => random],
  ["random", 6, 130, 2, (_i, _j, random) => random],
  ["zeros", 9, 5, 2, () => 0],
  ["the identity", 18, 18, 1, (i, j) => Number(i === j)],
  ["rank one", 20, 9, 1, (i, j) => (i + 1) * (j - 7)],
  ["graded", 10, 10, 1, (_i, j, random) => random * 10 ** -j],
  ["tiny", 5, 5, 1, (_i, _j, random) => random * 1e-35],
  ["huge", 5, 5, 1, (_i, _j, random) => random * 1e35],
  ["Hilbert's", 8, 8, 1, (i, j) => 1 / (i + j + 1)],
];

function made(type: Real, rows: number, columns: number, batch: number, entry: Entry): Numbers {
  const random = randomFloats(batch * rows * columns, rows + columns);
  return numbersOf(
    type,
    random.length === 0
      ? []
      : Float64Array.from(random, (value, at) => entry(Math.floor(at / columns) % rows, at % columns, value)),
  );
}

onEveryDevice(
  "spectra",
  (adapter, device) => {
    const types: readonly Real[] = adapter.features.has("f64") && !isFake(adapter) ? ["f32", "f64"] : ["f32"];
    for (const type of types) {
      it.each(cases)(`SVD, %s, %i x %i, %i times, ${type}`, async (_name, rows, columns, batch, entry) => {
        const opened = await device();
        const a = made(type, rows, columns, batch, entry);
        const short = Math.min(rows, columns);
        for (const full of rows === columns ? [false] : [false, true]) {
          const [inU, inVt] = full ? [rows, columns] : [short, short];
          using source = onDevice(opened, a);
          using values = onDevice(opened, numbersOf(type, new Float64Array(batch * short).fill(7)));
          using u = onDevice(opened, numbersOf(type, new Float64Array(batch * rows * inU).fill(7)));
          using vt = onDevice(opened, numbersOf(type, new Float64Array(batch * inVt * columns).fill(7)));
          const sizes = { rows, columns, batch, full };
          const found = await decomposeSvd(opened, { type, source, values, vectors: { u, vt }, ...sizes });
          expect(found).toEqual({ notFinite: -1, converged: true });
          const all = await numbersIn(opened, type, values, batch * short);
          const left = await numbersIn(opened, type, u, batch * rows * inU);
          const right = await numbersIn(opened, type, vt, batch * inVt * columns);
          const bound = 32 * Math.max(rows, columns) * unitOf[type];
          for (let item = 0; item < batch; item++) {
            const s = itemOf(all, item, short);
            expect(s).toEqual(s.slice().sort((x, y) => y - x));
            const basis = { data: itemOf(left, item, rows * inU), rows, columns: inU };
            const other = { data: itemOf(right, item, inVt * columns), rows: inVt, columns };
            expect(departure(basis)).toBeLessThanOrEqual(bound);
            expect(departure(transposed(other))).toBeLessThanOrEqual(bound);
            const scaled = new Float64Array(rows * inVt);
            for (let i = 0; i < rows; i++)
              for (let j = 0; j < short; j++)
                scaled[i * inVt + j] = (basis.data[i * inU + j] ?? Number.NaN) * (s[j] ?? Number.NaN);
            const again = product({ data: scaled, rows, columns: inVt }, other).data;
            const error = distance(again, itemOf(a, item, rows * columns));
            expect(error).toBeLessThanOrEqual(bound * largest(s));
          }
        }
      });

      const squares = cases.filter(([, rows, columns]) => rows === columns);
      it.each(squares)(`eigh, %s, %i x %i, %i times, ${type}`, async (_name, size, _size, batch, entry) => {
        const opened = await device();
        const a = made(type, size, size, batch, entry);
        using source = onDevice(opened, a);
        using values = onDevice(opened, numbersOf(type, new Float64Array(batch * size).fill(7)));
        using vectors = onDevice(opened, numbersOf(type, new Float64Array(batch * size * size).fill(7)));
        const found = await decomposeEigh(opened, { type, source, values, vectors, size, batch });
        expect(found).toEqual({ notFinite: -1, converged: true });
        const all = await numbersIn(opened, type, values, batch * size);
        const bases = await numbersIn(opened, type, vectors, batch * size * size);
        const bound = 64 * size * unitOf[type];
        for (let item = 0; item < batch; item++) {
          const w = itemOf(all, item, size);
          expect(w).toEqual(w.slice().sort((x, y) => x - y));
          const v = { data: itemOf(bases, item, size * size), rows: size, columns: size };
          expect(departure(v)).toBeLessThanOrEqual(bound);
          const whole = itemOf(a, item, size * size).slice();
          for (let i = 0; i < size; i++)
            for (let j = i + 1; j < size; j++) whole[i * size + j] = whole[j * size + i] ?? Number.NaN;
          const scaled = Float64Array.from(v.data, (value, at) => value * (w[at % size] ?? Number.NaN));
          const again = product({ ...v, data: scaled }, transposed(v)).data;
          expect(distance(again, whole)).toBeLessThanOrEqual(bound * largest(w));
        }
      });
    }

    it("names the first item with NaN or infinities", async () => {
      const opened = await device();
      const a = randomFloats(3 * 20 * 20, 5);
      a[400 + 60] = Number.NaN;
      a[800 + 60] = Number.POSITIVE_INFINITY;
      using source = onDevice(opened, a);
      using values = onDevice(opened, new Float32Array(60));
      using u = onDevice(opened, new Float32Array(1200));
      using vt = onDevice(opened, new Float32Array(1200));
      const sizes = { type: "f32", source, values, batch: 3 } as const;
      const square = { rows: 20, columns: 20, full: false };
      const svd = await decomposeSvd(opened, { ...sizes, ...square, vectors: { u, vt } });
      expect(svd.notFinite).toBe(1);
      expect((await decomposeEigh(opened, { ...sizes, vectors: u, size: 20 })).notFinite).toBe(1);
    });
  },
  { computing: true },
);
