import { describe, expect, it } from "vitest";
import { argmax, exclusiveScan, map, reduce } from "#src/kernels/index.js";
import { isFake, onEveryDevice } from "../support/devices.js";
import { floatsIn, randomFloats, uploaded, wordsIn } from "./support.js";

/** Around the vector, chunk, workgroup and tile sizes of the kernels, and past one chunk a thread. */
const counts = [1, 3, 4, 15, 16, 17, 31, 32, 33, 255, 256, 257, 1023, 1025, 4099, 65_537, 300_001];

onEveryDevice(
  "map",
  (_adapter, device) => {
    it.each([0, ...counts])("computes %i elements and touches no others", async (count) => {
      const opened = await device();
      const [x, y] = [randomFloats(count, 1), randomFloats(count, 2)];
      using a = uploaded(opened, x);
      using b = uploaded(opened, y);
      using result = uploaded(opened, new Float32Array(count + 5).fill(7));
      await map(opened, { inputs: [a, b], result, count, expression: "max(a, b) * 2.0 - 1.0" });
      const expected = Float32Array.from({ length: count + 5 }, (_, i) =>
        i < count ? Math.max(x[i] ?? 0, y[i] ?? 0) * 2 - 1 : 7,
      );
      expect(await floatsIn(opened, result, count + 5)).toEqual(expected);
    });

    it("works on integers, and names what is wrong with an expression", async () => {
      const opened = await device();
      using a = uploaded(opened, Int32Array.of(-7, 2147483647));
      using result = uploaded(opened, new Int32Array(2));
      await map(opened, { inputs: [a], result, count: 2, expression: "a / 2 + i32(i)", type: "i32" });
      expect([...new Int32Array((await opened.read(result)).slice().buffer)]).toEqual([-3, 1073741824]);
      const bad = map(opened, { inputs: [a], result, count: 2, expression: "a + nothing", type: "i32" });
      await expect(bad).rejects.toMatchObject({
        code: "INVALID_KERNEL",
        message: expect.stringContaining("'nothing' is not declared"),
      });
    });
  },
  { computing: true },
);

onEveryDevice(
  "reduce",
  (_adapter, device) => {
    it.each(counts)("sum, min, max and argmax of %i elements", async (count) => {
      const opened = await device();
      const values = randomFloats(count, count);
      using source = uploaded(opened, values);
      using result = opened.allocate(4);
      using found = opened.allocate(8);
      await reduce(opened, "sum", { source, result, count });
      const [sum = 0] = await floatsIn(opened, result, 1);
      const exact = values.reduce((total, value) => total + value, 0);
      expect(Math.abs(sum - exact)).toBeLessThanOrEqual(count * 2 ** -24 + 2 ** -20);
      await reduce(opened, "min", { source, result, count });
      expect((await floatsIn(opened, result, 1))[0]).toBe(
        values.reduce((least, value) => Math.min(least, value)),
      );
      await reduce(opened, "max", { source, result, count });
      const most = values.reduce((so, value) => Math.max(so, value));
      expect((await floatsIn(opened, result, 1))[0]).toBe(most);
      await argmax(opened, { source, result: found, count });
      expect((await wordsIn(opened, found, 2))[1]).toBe(values.indexOf(most));
    });

    it.each(counts.filter((count) => count > 2))(
      "NaN, infinities, signed zeros and ties among %i elements",
      async (count) => {
        const opened = await device();
        const values = new Float32Array(count).fill(-5);
        values.set([Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY], count - 2);
        values[0] = Number.POSITIVE_INFINITY;
        using source = uploaded(opened, values);
        using result = opened.allocate(4);
        using found = opened.allocate(8);
        await reduce(opened, "min", { source, result, count });
        expect((await floatsIn(opened, result, 1))[0]).toBe(Number.NEGATIVE_INFINITY);
        await reduce(opened, "max", { source, result, count });
        expect((await floatsIn(opened, result, 1))[0]).toBe(Number.POSITIVE_INFINITY);
        await argmax(opened, { source, result: found, count });
        expect((await wordsIn(opened, found, 2))[1]).toBe(0);
        values[count - 1] = Number.NaN;
        opened.write(source, values);
        for (const reduction of ["sum", "min", "max"] as const) {
          await reduce(opened, reduction, { source, result, count });
          expect((await floatsIn(opened, result, 1))[0]).toBeNaN();
        }
        await argmax(opened, { source, result: found, count });
        expect((await wordsIn(opened, found, 2))[1]).toBe(count - 1);
      },
    );

    it("the sum of nothing is 0; nothing has no extremes", async () => {
      const opened = await device();
      using source = opened.allocate(4);
      using result = uploaded(opened, Float32Array.of(9));
      await reduce(opened, "sum", { source, result, count: 0 });
      expect((await floatsIn(opened, result, 1))[0]).toBe(0);
      for (const call of [
        () => reduce(opened, "min", { source, result, count: 0 }),
        () => argmax(opened, { source, result, count: 0 }),
      ]) {
        await expect(call()).rejects.toMatchObject({ code: "INVALID_ARGUMENT" });
      }
    });
  },
  { computing: true },
);

onEveryDevice(
  "exclusive scan",
  (adapter, device) => {
    it.for([0, ...counts, 1_100_000])("of %i integers, wrapping", async (count, { skip }) => {
      if (isFake(adapter) && count > 1_000_000) skip("takes seconds where threads take turns");
      const opened = await device();
      const values = Uint32Array.from(
        randomFloats(count, 3),
        (value) => Math.floor((value + 1) * 2 ** 31) >>> 0,
      );
      using source = uploaded(opened, values);
      using result = opened.allocate(Math.max(4, count * 4));
      await exclusiveScan(opened, { source, result, count });
      let total = 0;
      const expected = values.map((value) => {
        const before = total;
        total = (total + value) >>> 0;
        return before;
      });
      expect(await wordsIn(opened, result, count)).toEqual(expected);
    });

    it("of floats", async () => {
      const opened = await device();
      const count = 5000;
      const values = Float32Array.from({ length: count }, (_, i) => (i % 7) - 3);
      using source = uploaded(opened, values);
      using result = opened.allocate(count * 4);
      await exclusiveScan(opened, { source, result, count, type: "f32" });
      let total = 0;
      const expected = values.map((value) => {
        total += value;
        return total - value;
      });
      expect(await floatsIn(opened, result, count)).toEqual(expected);
    });
  },
  { computing: true },
);

describe("kernel arguments", () => {
  it("a map takes at most six inputs", async () => {
    const nothing = {} as never;
    await expect(
      map(nothing, { inputs: new Array(7).fill(nothing), result: nothing, count: 1, expression: "a" }),
    ).rejects.toMatchObject({
      code: "INVALID_ARGUMENT",
    });
  });
});
