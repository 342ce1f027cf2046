import { expect, it } from "vitest";
import { normalizeRows, softmax } from "#src/kernels/index.js";
import { onEveryDevice } from "../support/devices.js";
import { fromDevice, guarded, guardIsIntact, linesOf, onDevice } from "./axis.js";
import { randomFloats } from "./support.js";

const shapes = [
  [1, 1, 1],
  [3, 31, 1],
  [257, 5, 1],
  [70, 33, 1],
  [2, 1025, 1],
  [2, 33, 3],
  [1, 5, 257],
  [1, 70_001, 1],
] as const;

onEveryDevice(
  "softmax",
  (_adapter, device) => {
    it.each([false, true])("of rows, columns and long lines; logarithms: %s", async (log) => {
      const opened = await device();
      for (const [outer, n, inner] of shapes) {
        const data = randomFloats(outer * n * inner, 3).map((value) => value * 30);
        using source = onDevice(opened, data);
        using result = guarded(opened, data.byteLength);
        await softmax(opened, { source, result, log, outer, n, inner });
        const found = await fromDevice(opened, result, Float32Array, data.length);
        expect(await guardIsIntact(opened, result, data.byteLength)).toBe(true);
        for (const { outer: o, column, values } of linesOf(data, { outer, n, inner })) {
          const top = values.reduce((a, b) => Math.max(a, b));
          const total = values.reduce((sum, value) => sum + Math.exp(value - top), 0);
          const wrong = values.findIndex((value, at) => {
            const expected = log ? value - top - Math.log(total) : Math.exp(value - top) / total;
            const error = Math.abs((found[(o * n + at) * inner + column] ?? Number.NaN) - expected);
            return !(error <= (log ? 1e-5 : 2e-5 * expected + 2e-38));
          });
          expect(wrong, `${outer}x${n}x${inner} line ${o}, ${column}`).toBe(-1);
        }
      }
    });

    it("NaN, infinities and far apart numbers", async () => {
      const opened = await device();
      const [inf, nan] = [Number.POSITIVE_INFINITY, Number.NaN];
      const lines = [
        [1, nan, 2],
        [inf, 1, 2],
        [-inf, -inf, -inf],
        [-inf, 0, 0],
        [1000, -1000, 1000],
        [3e38, -3e38, 0],
      ];
      const expected = [nan, nan, nan, nan, nan, nan, nan, nan, nan, 0, 0.5, 0.5, 0.5, 0, 0.5, 1, 0, 0];
      using rows = onDevice(opened, Float32Array.from(lines.flat()));
      using columns = onDevice(
        opened,
        Float32Array.from([0, 1, 2].flatMap((at) => lines.map((line) => line[at] ?? 0))),
      );
      using result = opened.allocate(18 * 4);
      await softmax(opened, { source: rows, result, outer: 6, n: 3, inner: 1 });
      expect([...(await fromDevice(opened, result, Float32Array, 18))]).toEqual(expected);
      await softmax(opened, { source: columns, result, outer: 1, n: 3, inner: 6 });
      const turned = await fromDevice(opened, result, Float32Array, 18);
      expect(expected.map((_, i) => turned[(i % 3) * 6 + Math.floor(i / 3)])).toEqual(expected);
    });
  },
  { computing: true },
);

onEveryDevice(
  "normalisation of rows",
  (_adapter, device) => {
    it.each([
      [true, true],
      [false, true],
      [true, false],
    ])("centred: %s, scaled: %s", async (centers, scaled) => {
      const opened = await device();
      for (const [rows, n] of shapes) {
        const epsilon = 1e-5;
        const data = randomFloats(rows * n, 5).map((value) => value * 3 + 1);
        const [factors, summands] = [randomFloats(n, 6), randomFloats(n, 7)];
        using source = onDevice(opened, data);
        using gamma = onDevice(opened, factors);
        using beta = onDevice(opened, summands);
        using result = guarded(opened, data.byteLength);
        const work = { source, result, rows, n, epsilon, centers };
        await normalizeRows(opened, scaled ? { ...work, gamma, beta } : work);
        const found = await fromDevice(opened, result, Float32Array, data.length);
        expect(await guardIsIntact(opened, result, data.byteLength)).toBe(true);
        for (const { index, values } of linesOf(data, { outer: rows, n, inner: 1 })) {
          const mean = centers ? values.reduce((sum, value) => sum + value, 0) / n : 0;
          const square = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / n;
          const wrong = values.findIndex((value, at) => {
            const plain = (value - mean) / Math.sqrt(square + epsilon);
            const expected = scaled ? plain * (factors[at] ?? 0) + (summands[at] ?? 0) : plain;
            return !(Math.abs((found[index * n + at] ?? Number.NaN) - expected) <= 5e-5);
          });
          expect(wrong, `${rows}x${n} row ${index}`).toBe(-1);
        }
      }
    });
  },
  { computing: true },
);
