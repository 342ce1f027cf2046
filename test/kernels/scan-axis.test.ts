import { expect, it } from "vitest";
import { scanAxis } from "#src/kernels/index.js";
import { onEveryDevice } from "../support/devices.js";
import { fromDevice, fromLines, guarded, guardIsIntact, linesOf, onDevice } from "./axis.js";

const shapes = [
  [1, 1, 1],
  [1, 33, 1],
  [3, 31, 2],
  [257, 3, 1],
  [2, 255, 33],
  [1, 4097, 1],
  [1, 1000, 5],
] as const;

onEveryDevice(
  "scan along an axis",
  (_adapter, device) => {
    it("sums integers in every direction", async () => {
      const opened = await device();
      for (const [outer, n, inner] of shapes) {
        const data = Int32Array.from({ length: outer * n * inner }, (_, i) => Math.imul(i, 1_234_567) | 0);
        using source = onDevice(opened, data);
        using result = guarded(opened, data.byteLength);
        const lines = linesOf(data, { outer, n, inner });
        for (const [exclusive, reverse] of [
          [false, false],
          [true, false],
          [false, true],
          [true, true],
        ] as const) {
          const work = { operator: "sum", type: "i32", source, result, exclusive, reverse } as const;
          await scanAxis(opened, { ...work, outer, n, inner });
          const sums = lines.map(({ values }) => {
            const given = reverse ? [...values].reverse() : values;
            let total = 0;
            const found = given.map((value) => {
              const before = total;
              total = (total + value) | 0;
              return exclusive ? before : total;
            });
            return reverse ? found.reverse() : found;
          });
          const expected = fromLines(lines, inner, n, (line, at) => sums[line]?.[at] ?? 0);
          expect([...(await fromDevice(opened, result, Int32Array, data.length))]).toEqual(expected);
          expect(await guardIsIntact(opened, result, data.byteLength)).toBe(true);
        }
      }
    });

    it("widens sums of integers", async () => {
      const opened = await device();
      using source = onDevice(opened, Int32Array.of(2147483647, 2147483647, -2147483648));
      using result = opened.allocate(24);
      const work = { operator: "sum", type: "i32", resultType: "i64", source, result } as const;
      await scanAxis(opened, { ...work, outer: 1, n: 3, inner: 1 });
      expect([...(await fromDevice(opened, result, BigInt64Array, 3))]).toEqual([
        2147483647n,
        4294967294n,
        2147483646n,
      ]);
    });

    it("extremes stay NaN from a NaN on; products of floats", async () => {
      const opened = await device();
      const given = [3, -1, Number.NEGATIVE_INFINITY, 7, Number.NaN, 9];
      using source = onDevice(opened, Float32Array.from(given));
      using result = opened.allocate(24);
      const sizes = { type: "f32", source, result, outer: 1, n: 6, inner: 1 } as const;
      const found = async () => [...(await fromDevice(opened, result, Float32Array, 6))];
      await scanAxis(opened, { operator: "max", ...sizes });
      expect(await found()).toEqual([3, 3, 3, 7, NaN, NaN]);
      await scanAxis(opened, { operator: "min", ...sizes });
      expect(await found()).toEqual([3, -1, -Infinity, -Infinity, NaN, NaN]);
      await scanAxis(opened, { operator: "product", ...sizes, n: 2 });
      expect((await found()).slice(0, 2)).toEqual([3, -3]);
    });
  },
  { computing: true },
);
