import { expect, it } from "vitest";
import {
  bitmapOfBytes,
  bytesOfBitmap,
  combineBitmaps,
  copyBits,
  countBits,
  expandBitmap,
  fillBitmap,
  invertBitmap,
} from "#src/kernels/index.js";
import { onEveryDevice } from "../../support/devices.js";
import { edgeSizes } from "../../support/edges.js";
import { bitmapOf, bitsIn, onDevice, randomBits, wordsOf } from "./support.js";

const sizes = [...edgeSizes, 8193, 20_001];

onEveryDevice(
  "bitmaps",
  (_adapter, device) => {
    it("combine, turn over, fill and count", async () => {
      const opened = await device();
      for (const count of sizes) {
        const [a, b] = [randomBits(count, 0.5, 1), randomBits(count, 0.3, 2)];
        using left = onDevice(opened, bitmapOf(a));
        using right = onDevice(opened, bitmapOf(b));
        const expected = {
          and: a.map((bit, at) => bit && b[at]),
          or: a.map((bit, at) => bit || b[at]),
          andNot: a.map((bit, at) => bit && !b[at]),
        };
        for (const operation of ["and", "or", "andNot"] as const) {
          using made = await combineBitmaps(opened, { operation, left, right, count });
          expect(await bitsIn(opened, made, count)).toEqual(expected[operation]);
        }
        using opposite = await invertBitmap(opened, { bitmap: left, count });
        expect(await bitsIn(opened, opposite, count)).toEqual(a.map((bit) => !bit));
        for (const value of [true, false]) {
          using filled = await fillBitmap(opened, { value, count });
          expect(await bitsIn(opened, filled, count)).toEqual(a.map(() => value));
          expect(await countBits(opened, { bitmap: filled, count })).toBe(value ? count : 0);
        }
        expect(await countBits(opened, { bitmap: left, count })).toBe(a.filter(Boolean).length);
      }
    });

    it("come from bytes and become bytes and words", async () => {
      const opened = await device();
      for (const count of sizes) {
        const bits = randomBits(count, 0.5, 3);
        const given = Uint8Array.from(bits, (bit, at) => (bit ? ([1, 255, 128, 2][at % 4] ?? 1) : 0));
        using bytes = onDevice(opened, given);
        using bitmap = await bitmapOfBytes(opened, { bytes, count });
        expect(await bitsIn(opened, bitmap, count)).toEqual(bits);
        using back = await bytesOfBitmap(opened, { bitmap, count });
        expect([...(await opened.read(back)).subarray(0, count)]).toEqual(bits.map(Number));
        using words = await expandBitmap(opened, { bitmap, count });
        expect([...(await wordsOf(opened, words)).subarray(0, count)]).toEqual(bits.map(Number));
      }
    });

    it("are copied from any bit to any bit, and what lies before stays", async () => {
      const opened = await device();
      const source = randomBits(5000, 0.5, 4);
      const target = randomBits(5000, 0.5, 5);
      using from = onDevice(opened, bitmapOf(source));
      for (const [first, to, bits] of [
        [0, 0, 1],
        [0, 0, 32],
        [1, 0, 31],
        [31, 0, 33],
        [0, 31, 33],
        [5, 17, 4],
        [17, 5, 4000],
        [5, 17, 4000],
        [32, 64, 4936],
        [4999, 4000, 1],
        [0, 31, 0],
        [3, 9, 64],
        [40, 8, 4960],
      ] as const) {
        using result = onDevice(opened, bitmapOf(target));
        await copyBits(opened, { source: from, from: first, result, to, bits }, {});
        const expected = [...target.slice(0, to), ...source.slice(first, first + bits)];
        const found = await bitsIn(opened, result, 5000);
        expect(found.slice(0, to + bits), `${first} ${to} ${bits}`).toEqual(expected);
        const behind = Math.ceil((to + bits) / 32) * 32;
        expect(found.slice(behind)).toEqual(target.slice(behind));
      }
      const huge = { buffer: from, byteOffset: 0, byteLength: 2 ** 35 };
      const copy = copyBits(opened, { source: huge, from: 0, result: from, to: 0, bits: 1 }, {});
      await expect(copy).rejects.toMatchObject({ code: "UNSUPPORTED" });
    });
  },
  { computing: true },
);
