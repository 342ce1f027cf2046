import { expect, it } from "vitest";
import { type SegmentedScanArguments, segmentedScan } from "#src/kernels/index.js";
import { onEveryDevice } from "../../support/devices.js";
import { edgeSizes } from "../../support/edges.js";
import { bitmapOf, onDevice, randomBits, sampleOf } from "./support.js";

const arrays = {
  i32: Int32Array,
  u32: Uint32Array,
  f32: Float32Array,
  i64: BigInt64Array,
  u64: BigUint64Array,
  f64: Float64Array,
} as const;
type Type = keyof typeof arrays;
type Operator = SegmentedScanArguments["operator"];
type Numeric = number | bigint;

const arrayOf = (type: Type) => arrays[type] as unknown as typeof Float64Array;

/** Whether a number comes before another one: NaN is the greatest, -0 is below +0. */
function isBelow(a: Numeric, b: Numeric): boolean {
  if (Number.isNaN(a)) return false;
  if (Number.isNaN(b)) return true;
  return a < b || (Object.is(a, -0) && Object.is(b, 0));
}

function combined(type: Type, operator: Operator, a: Numeric | undefined, b: Numeric): Numeric {
  if (a === undefined) return b;
  if (operator === "min") return isBelow(b, a) ? b : a;
  if (operator === "max") return isBelow(a, b) ? b : a;
  const sum = typeof a === "bigint" && typeof b === "bigint" ? a + b : Number(a) + Number(b);
  return new (arrayOf(type))([sum as number])[0] ?? 0;
}

const lengths = [...edgeSizes, 5000];

onEveryDevice(
  "segmented scan",
  (adapter, device) => {
    const check = async (type: Type, operator: Operator, count: number, variant: number) => {
      const opened = await device();
      const small = operator === "sum" && (type === "f32" || type === "f64");
      const values = (
        small ? new Array(count).fill(0).map((_, at) => (at % 9) - 4) : sampleOf(type, count, false)
      ) as Numeric[];
      const starts = randomBits(count, variant % 2 === 0 ? 0.1 : 0.001, count + 5);
      const valid = randomBits(count, 0.7, count + 6);
      const [exclusive, masked, byIds] = [variant > 1, variant % 3 === 1, variant % 3 === 2];
      let id = 7;
      const ids = Uint32Array.from(starts, (start) => (start ? ++id : id));
      using source = onDevice(opened, new (arrayOf(type))(values as number[]));
      using segments = onDevice(opened, byIds ? ids : bitmapOf(starts));
      using validity = onDevice(opened, bitmapOf(valid));
      using result = await segmentedScan(opened, {
        operator,
        type,
        source: operator === "count" ? undefined : source,
        segments: byIds ? { ids: segments } : { flags: segments },
        count,
        exclusive,
        ...(masked ? { validity } : {}),
      });
      let total: Numeric | undefined;
      const zero = typeof values[0] === "bigint" && operator === "sum" ? 0n : 0;
      const expected = values.map((value, at) => {
        if (starts[at] || at === 0) total = operator === "min" || operator === "max" ? undefined : zero;
        const before = total;
        if (!masked || valid[at]) {
          total = operator === "count" ? Number(total) + 1 : combined(type, operator, total, value);
        }
        return exclusive ? before : total;
      });
      const array = arrayOf(operator === "count" ? "u32" : type);
      const bytes = (await opened.read(result)).slice(0, count * array.BYTES_PER_ELEMENT);
      const found = [...new array(bytes.buffer as ArrayBuffer)];
      const defined = found.map((value, at) => (expected[at] === undefined ? undefined : value));
      expect(defined, `${operator} ${type} ${count} ${variant}`).toEqual(expected);
    };

    it("of every type and operator", { timeout: 240_000 }, async () => {
      for (const [operator, type] of [
        ["sum", "i32"],
        ["sum", "u64"],
        ["sum", "f64"],
        ["min", "f32"],
        ["max", "i64"],
        ["max", "f64"],
      ] as const) {
        if (operator === "sum" && type === "f64" && adapter.backend === "webgpu") continue;
        await check(type, operator, 700, 0);
      }
      if (adapter.backend === "webgpu") {
        await expect(check("f64", "sum", 10, 0)).rejects.toMatchObject({ code: "UNSUPPORTED" });
      }
    });

    it("of every length, with segments and nulls of every kind", { timeout: 240_000 }, async () => {
      for (const count of lengths) {
        for (const variant of [0, 1, 2, 3, 4, 5]) await check("i32", "sum", count, variant);
        await check("u32", "count", count, 4);
      }
    });
  },
  { computing: true },
);
