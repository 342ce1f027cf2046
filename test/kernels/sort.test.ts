import { expect, it } from "vitest";
import type { HostArray } from "#src/core/dtype.js";
import type { NumberType } from "#src/kernels/index.js";
import { sort } from "#src/kernels/index.js";
import { isFake, onEveryDevice } from "../support/devices.js";
import { floats, ints } from "../support/edges.js";
import { seeded } from "../support/random.js";
import { fromDevice, fromLines, guarded, guardIsIntact, linesOf, onDevice } from "./axis.js";

const arrays = {
  f32: Float32Array,
  f64: Float64Array,
  i32: Int32Array,
  u32: Uint32Array,
  i64: BigInt64Array,
  u64: BigUint64Array,
} as const;
type AnyArray = typeof Float32Array;

/** Few different numbers, so that there are ties, and all that are special. */
function numbers(type: NumberType, count: number, different: number): HostArray {
  const random = seeded(count + 1);
  const whole = () => Math.floor(random() * different) - Math.floor(different / 2);
  const special = type === "f32" || type === "f64" ? floats : ints;
  const pick = () => (random() < 0.1 ? (special[Math.floor(random() * special.length)] ?? 0) : whole());
  if (type === "i64" || type === "u64") {
    const wide = () => BigInt(pick()) * (random() < 0.5 ? 1n : 2n ** 33n);
    return (arrays[type] as typeof BigInt64Array).from({ length: count }, wide);
  }
  return (arrays[type] as AnyArray).from({ length: count }, pick);
}

/** Numbers ascend, NaN stands last; `zeros` tells -0 from +0. */
function compare(a: number | bigint, b: number | bigint, zeros: boolean): number {
  const [isNanA, isNanB] = [Number.isNaN(a), Number.isNaN(b)];
  if (isNanA || isNanB) return Number(isNanA) - Number(isNanB);
  if (a === b) return zeros && a === 0 ? Number(Object.is(b, -0)) - Number(Object.is(a, -0)) : 0;
  return a < b ? -1 : 1;
}

const shapes = [
  [1, 1, 1],
  [3, 2, 1],
  [17, 31, 1],
  [2, 48, 3],
  [1, 49, 2],
  [257, 3, 1],
  [1, 255, 5],
  [2, 1025, 1],
  [17, 1030, 1],
  [1, 4097, 1],
] as const;

onEveryDevice(
  "sort",
  (adapter, device) => {
    const check = async (type: NumberType, sizes: readonly [number, number, number], options: Options) => {
      const opened = await device();
      const [outer, n, inner] = sizes;
      const { descending, withIndices, keep = n, different = 40 } = options;
      const data = numbers(type, outer * n * inner, different);
      const lines = linesOf<number | bigint>(data as Float32Array, { outer, n, inner });
      const sign = descending ? -1 : 1;
      const orders = lines.map(({ values }) =>
        values
          .map((_, at) => at)
          .sort((a, b) => sign * compare(values[a] ?? 0, values[b] ?? 0, !withIndices) || a - b),
      );
      const count = outer * keep * inner;
      const array = arrays[type] as AnyArray;
      using source = onDevice(opened, data);
      using values = guarded(opened, count * array.BYTES_PER_ELEMENT);
      using indices = guarded(opened, count * 4);
      const work = { type, source, values, descending, keep, outer, n, inner };
      await sort(opened, withIndices ? { ...work, indices } : work);
      const expected = fromLines(lines as never, inner, keep, (line, at) => {
        return lines[line]?.values[orders[line]?.[at] ?? 0] as number;
      });
      const what = `${type} ${sizes.join("x")} ${JSON.stringify(options)}`;
      expect([...(await fromDevice(opened, values, array, count))], what).toEqual(expected);
      expect(await guardIsIntact(opened, values, count * array.BYTES_PER_ELEMENT)).toBe(true);
      if (!withIndices) return;
      const places = fromLines(lines as never, inner, keep, (line, at) => orders[line]?.[at]);
      expect([...(await fromDevice(opened, indices, Int32Array, count))], what).toEqual(places);
      expect(await guardIsIntact(opened, indices, count * 4)).toBe(true);
    };

    it("is stable, with NaN last, for every shape", async () => {
      for (const sizes of shapes) {
        if (isFake(adapter) && sizes[0] * sizes[1] > 5000) continue;
        await check("f32", sizes, { descending: false, withIndices: true });
        await check("f32", sizes, { descending: false, withIndices: false });
      }
    });

    it.each(["i32", "u32", "f64", "i64", "u64"] as const)("orders %s", async (type) => {
      for (const sizes of [shapes[2], shapes[7]]) {
        await check(type, sizes, { descending: false, withIndices: true });
      }
    });

    it("descends, and keeps the first", async () => {
      for (const sizes of [shapes[2], shapes[6], shapes[7]]) {
        await check("f32", sizes, { descending: true, withIndices: true, keep: Math.min(7, sizes[1]) });
        await check("i32", sizes, { descending: true, withIndices: false });
      }
    });

    it("sorts long lines", async () => {
      const n = isFake(adapter) ? 5000 : 100_001;
      await check("f32", [1, n, 1], { descending: false, withIndices: true, different: 1e6 });
      await check("f32", [2, n >> 1, 1], { descending: true, withIndices: false, different: 100 });
    });
  },
  { computing: true },
);

interface Options {
  readonly descending: boolean;
  readonly withIndices: boolean;
  readonly keep?: number;
  readonly different?: number;
}
