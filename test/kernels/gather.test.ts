import { expect, it } from "vitest";
import { concat, gather, padAxis, scatterElements } from "#src/kernels/index.js";
import { onEveryDevice } from "../support/devices.js";
import { fromDevice, fromLines, guarded, guardIsIntact, linesOf, onDevice } from "./axis.js";

const arrays = { 1: Uint8Array, 2: Uint16Array, 4: Uint32Array, 8: BigUint64Array } as const;
type Bytes = keyof typeof arrays;

const arrayOf = (bytes: Bytes) => arrays[bytes] as typeof Uint32Array;

function numbers(bytes: Bytes, count: number, seed = 1) {
  if (bytes === 8)
    return BigUint64Array.from({ length: count }, (_, i) => BigInt(i * 7 + seed) * 0x1_0000_0003n);
  return arrayOf(bytes).from({ length: count }, (_, i) => i * 7919 + seed);
}

const sizes = [
  [1, 1, 1],
  [1, 33, 1],
  [3, 5, 1],
  [2, 7, 3],
  [1, 257, 31],
  [255, 2, 1],
] as const;

onEveryDevice(
  "gather",
  (_adapter, device) => {
    it.each([1, 2, 4, 8] as const)(
      "takes numbers of %i bytes, by shared indices and by indices of lines",
      async (bytes) => {
        const opened = await device();
        for (const [outer, n, inner] of sizes) {
          const data = numbers(bytes, outer * n * inner);
          using source = onDevice(opened, data);
          const lines = linesOf<number | bigint>(data, { outer, n, inner });
          for (const shared of [true, false]) {
            const m = 5;
            const count = outer * m * inner;
            const indices = Int32Array.from(
              { length: shared ? m : count },
              (_, i) => ((i * 5) % (2 * n)) - n,
            );
            using places = shared
              ? onDevice(opened, indices)
              : onDevice(opened, BigInt64Array.from(indices, BigInt));
            using result = guarded(opened, count * bytes);
            const work = { source, bytes, indices: places, m, shared, result, outer, n, inner };
            await gather(opened, { ...work, indexType: shared ? "i32" : "i64" });
            const of = (index: number, at: number) => {
              const { outer: o, column, values } = lines[index] ?? { outer: 0, column: 0, values: [] };
              return values.at(indices[shared ? at : (o * m + at) * inner + column] ?? 0);
            };
            const found = await fromDevice(opened, result, arrayOf(bytes), count);
            expect([...found]).toEqual(fromLines(lines as never, inner, m, of));
            expect(await guardIsIntact(opened, result, count * bytes)).toBe(true);
          }
        }
      },
    );

    it("clamps indices that are out of range and reports the first", async () => {
      const opened = await device();
      using source = onDevice(opened, Float32Array.of(1, 2, 3));
      for (const [indexType, given] of [
        ["i32", Int32Array.of(0, -3, 3, -4, 2, -2147483648)],
        ["i64", BigInt64Array.of(0n, -3n, 3n, -4n, 2n, -(2n ** 63n))],
      ] as const) {
        using indices = onDevice(opened, given);
        using result = opened.allocate(24);
        using firstWrong = onDevice(opened, Uint32Array.of(0xffffffff));
        const work = {
          source,
          bytes: 4,
          indices,
          indexType,
          m: 6,
          shared: true,
          result,
          firstWrong,
        } as const;
        await gather(opened, { ...work, outer: 1, n: 3, inner: 1 });
        expect([...(await fromDevice(opened, result, Float32Array, 6))]).toEqual([1, 1, 3, 1, 3, 1]);
        expect((await fromDevice(opened, firstWrong, Uint32Array, 1))[0]).toBe(2);
      }
    });
  },
  { computing: true },
);

onEveryDevice(
  "concat and pad",
  (_adapter, device) => {
    it.each([1, 2, 4, 8] as const)("puts numbers of %i bytes together", async (bytes) => {
      const opened = await device();
      for (const [outer, n, inner] of sizes) {
        const lengths = [n, 0, 1, 2 * n + 1];
        const parts = lengths.map((length, at) => numbers(bytes, outer * length * inner, at * 31));
        const total = lengths.reduce((sum, length) => sum + length, 0);
        const sources = parts.map((part) => onDevice(opened, part));
        using result = guarded(opened, outer * total * inner * bytes);
        const inputs = sources.map((source, at) => ({ source, n: lengths[at] ?? 0 }));
        await concat(opened, { inputs, bytes, result, outer, inner });
        const expected: (number | bigint)[] = [];
        for (let o = 0; o < outer; o++) {
          parts.forEach((part, at) => {
            const block = (lengths[at] ?? 0) * inner;
            expected.push(...part.subarray(o * block, (o + 1) * block));
          });
        }
        expect([...(await fromDevice(opened, result, arrayOf(bytes), expected.length))]).toEqual(expected);
        expect(await guardIsIntact(opened, result, expected.length * bytes)).toBe(true);
        for (const source of sources) source.dispose();
      }
    });

    it.each([1, 2, 4, 8] as const)("pads numbers of %i bytes in every mode", async (bytes) => {
      const opened = await device();
      for (const [outer, n, inner] of sizes.slice(0, 4)) {
        const data = numbers(bytes, outer * n * inner);
        using source = onDevice(opened, data);
        const lines = linesOf<number | bigint>(data, { outer, n, inner });
        const value = bytes === 8 ? 0x2_0000_0001n : 1;
        const at = {
          constant: (i: number) => (i < 0 || i >= n ? -1 : i),
          edge: (i: number) => Math.min(n - 1, Math.max(0, i)),
          wrap: (i: number) => ((i % n) + n) % n,
          reflect: (i: number) => {
            let j = i;
            while (n > 1 && (j < 0 || j >= n)) j = j < 0 ? -j : 2 * (n - 1) - j;
            return n > 1 ? j : 0;
          },
        };
        for (const mode of ["constant", "edge", "reflect", "wrap"] as const) {
          for (const [before, after] of [
            [2, 3],
            [0, 1],
            [-1, 2],
          ] as const) {
            const m = before + n + after;
            using result = guarded(opened, outer * m * inner * bytes);
            const work = { source, bytes, result, before, after, mode, outer, n, inner };
            await padAxis(opened, { ...work, value: [1, 2] });
            const of = (index: number, j: number) => {
              const i = at[mode](j - before);
              return i < 0 ? value : (lines[index]?.values[i] ?? 0);
            };
            const found = await fromDevice(opened, result, arrayOf(bytes), outer * m * inner);
            expect([...found], `${mode} ${before} ${after}`).toEqual(fromLines(lines as never, inner, m, of));
            expect(await guardIsIntact(opened, result, outer * m * inner * bytes)).toBe(true);
          }
        }
      }
    });
  },
  { computing: true },
);

onEveryDevice(
  "scatter",
  (_adapter, device) => {
    it.each(["none", "add"] as const)("updates in order: %s", async (reduction) => {
      const opened = await device();
      for (const [outer, n, inner] of sizes) {
        const m = 4;
        const data = new Int32Array(outer * n * inner).fill(100);
        const indices = Int32Array.from({ length: outer * m * inner }, (_, i) => ((i * 3) % (2 * n)) - n);
        const updates = Int32Array.from(indices, (_, i) => i + 1);
        using result = onDevice(opened, data);
        using places = onDevice(opened, indices);
        using values = onDevice(opened, updates);
        const work = {
          type: "i32",
          indices: places,
          indexType: "i32",
          m,
          updates: values,
          result,
          reduction,
        } as const;
        await scatterElements(opened, { ...work, outer, n, inner });
        for (const { outer: o, column } of linesOf(data, { outer, n, inner })) {
          for (let j = 0; j < m; j++) {
            const from = (o * m + j) * inner + column;
            const index = indices[from] ?? 0;
            const to = (o * n + (index < 0 ? index + n : index)) * inner + column;
            data[to] = (reduction === "add" ? (data[to] ?? 0) : 0) + (updates[from] ?? 0);
          }
        }
        expect(await fromDevice(opened, result, Int32Array, data.length)).toEqual(data);
      }
    });
  },
  { computing: true },
);
