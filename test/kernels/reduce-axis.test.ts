import { expect, it } from "vitest";
import { type NumberType, type ReduceAxisArguments, type Reducer, reduceAxis } from "#src/kernels/index.js";
import { onEveryDevice } from "../support/devices.js";
import { failure } from "../support/errors.js";
import { fromDevice, guarded, guardIsIntact, linesOf, onDevice } from "./axis.js";
import { randomFloats } from "./support.js";

const shapes = [
  [1, 1, 1],
  [1, 33, 1],
  [3, 255, 1],
  [257, 17, 1],
  [2, 31, 5],
  [1, 256, 33],
  [70, 9, 16],
  [1, 70_001, 1],
  [1, 3001, 3],
] as const;

const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0);
const sumOf = (values: readonly number[], of: (value: number) => number) => sum(values.map(of));
const variance = (values: readonly number[]) => {
  const mean = sum(values) / values.length;
  return sumOf(values, (value) => (value - mean) ** 2) / values.length;
};
const most = (values: readonly number[]) => values.reduce((a, b) => Math.max(a, b), -Infinity);
const least = (values: readonly number[]) => values.reduce((a, b) => Math.min(a, b), Infinity);

/** In double precision; the bound is what f32 may be off by in any order of summation. */
const oracles: Readonly<Record<Reducer, (values: readonly number[]) => number>> = {
  sum,
  product: (values) => values.reduce((product, value) => product * value, 1),
  mean: (values) => sum(values) / values.length,
  min: least,
  max: most,
  any: (values) => Number(values.some((value) => value !== 0)),
  all: (values) => Number(values.every((value) => value !== 0)),
  l1: (values) => sumOf(values, Math.abs),
  l2: (values) => Math.sqrt(sumOf(values, (value) => value * value)),
  sumOfSquares: (values) => sumOf(values, (value) => value * value),
  logSum: (values) => Math.log(sum(values)),
  argMin: (values) => values.indexOf(least(values)),
  argMax: (values) => values.indexOf(most(values)),
  minAbs: (values) => least(values.map(Math.abs)),
  maxAbs: (values) => most(values.map(Math.abs)),
  variance,
  std: (values) => Math.sqrt(variance(values)),
  logSumExp: (values) => Math.log(sumOf(values, Math.exp)),
};

/** Sums that have a logarithm, products that stay in range. */
const changes: Readonly<Partial<Record<Reducer, (value: number, n: number) => number>>> = {
  logSum: (value) => value + 2,
  product: (value, n) => 1 + value / n,
};

const exact = new Set<Reducer>(["min", "max", "minAbs", "maxAbs", "any", "all", "argMin", "argMax"]);

onEveryDevice(
  "reduce along an axis",
  (_adapter, device) => {
    const run = async (work: Omit<ReduceAxisArguments, "result">, bytes: number) => {
      const opened = await device();
      const result = guarded(opened, work.outer * work.inner * bytes);
      await reduceAxis(opened, { ...work, result });
      expect(await guardIsIntact(opened, result, work.outer * work.inner * bytes)).toBe(true);
      return result;
    };

    it.each(Object.keys(oracles) as Reducer[])("%s of f32", async (reduction) => {
      const opened = await device();
      for (const [outer, n, inner] of shapes) {
        const count = outer * n * inner;
        const change = changes[reduction] ?? ((value: number) => value);
        const data = randomFloats(count, 1).map((value) => change(value, n));
        using source = onDevice(opened, data);
        const sizes = { outer, n, inner, source, type: "f32", reduction } as const;
        using result = await run(sizes, 4);
        const array = reduction.startsWith("arg")
          ? Int32Array
          : exact.has(reduction)
            ? Uint32Array
            : Float32Array;
        const kept = reduction.startsWith("m") ? Float32Array : array;
        const found = await fromDevice(opened, result, kept as typeof Float32Array, outer * inner);
        for (const { index, values } of linesOf(data, sizes)) {
          const expected = oracles[reduction](values);
          const size = sumOf(values, Math.abs);
          const scale = reduction === "mean" || reduction === "variance" ? (2 * size) / n : Math.max(1, size);
          const bound = exact.has(reduction) ? 0 : (200 + n / 2048) * 2 ** -24 * scale;
          const what = `${reduction} ${outer}x${n}x${inner} line ${index}`;
          const error = Math.abs((found[index] ?? Number.NaN) - expected);
          if (!(error <= bound)) expect.fail(`${what}: ${found[index]} instead of ${expected}`);
        }
      }
    });

    it("NaN, infinities, signed zeros and ties", async () => {
      const opened = await device();
      const lines = [
        [1, Number.NaN, 2, Number.NaN],
        [-0, 0, 0, -0],
        [Number.POSITIVE_INFINITY, 5, Number.POSITIVE_INFINITY, 5],
        [Number.NEGATIVE_INFINITY, Number.NEGATIVE_INFINITY, -3e38, Number.NEGATIVE_INFINITY],
        [
          Number.NEGATIVE_INFINITY,
          Number.NEGATIVE_INFINITY,
          Number.NEGATIVE_INFINITY,
          Number.NEGATIVE_INFINITY,
        ],
        [Number.NaN, Number.NaN, Number.NaN, Number.NaN],
      ];
      using rows = onDevice(opened, Float32Array.from(lines.flat()));
      const turned = [0, 1, 2, 3].flatMap((at) => lines.map((line) => line[at] ?? 0));
      using columns = onDevice(opened, Float32Array.from(turned));
      const expected: readonly (readonly [Reducer, readonly number[]])[] = [
        ["min", [NaN, -0, 5, -Infinity, -Infinity, NaN]],
        ["max", [NaN, 0, Infinity, -3.0000000054977558e38, -Infinity, NaN]],
        ["argMin", [1, 0, 1, 0, 0, 0]],
        ["argMax", [1, 0, 0, 2, 0, 0]],
        ["sum", [NaN, 0, Infinity, -Infinity, -Infinity, NaN]],
        ["any", [1, 0, 1, 1, 1, 1]],
        ["all", [1, 0, 1, 1, 1, 1]],
        ["logSumExp", [NaN, Math.fround(Math.log(4)), Infinity, -3e38, -Infinity, NaN]],
      ];
      for (const [reduction, values] of expected) {
        for (const [source, outer, inner] of [
          [rows, 6, 1],
          [columns, 1, 6],
        ] as const) {
          using result = await run({ source, outer, n: 4, inner, type: "f32", reduction }, 4);
          const isCount = reduction.startsWith("a");
          const found = await fromDevice(
            opened,
            result,
            (isCount ? Int32Array : Float32Array) as typeof Float32Array,
            6,
          );
          if (reduction === "sum" || reduction === "logSumExp")
            expect([...found].map((x) => Math.fround(x + 0))).toEqual(values.map((x) => Math.fround(x)));
          else expect([...found], reduction).toEqual(values);
        }
      }
    });

    it.each(["i32", "u32", "i64", "u64", "f64"] as const)("orders and sums %s", async (type) => {
      const opened = await device();
      const [outer, n, inner] = [2, 37, 3];
      const wide = type === "i64" || type === "u64";
      const given = [0, 1, -1, 2147483647, -2147483648, 65_536, 7];
      const numbers = Array.from({ length: outer * n * inner }, (_, i) => given[(i * 5) % 7] ?? 0);
      const arrays = {
        i32: Int32Array,
        u32: Uint32Array,
        i64: BigInt64Array,
        u64: BigUint64Array,
        f64: Float64Array,
      };
      const array = arrays[type] as typeof Float64Array;
      const data = wide ? arrays[type].from(numbers.map(BigInt) as never) : array.from(numbers);
      using source = onDevice(opened, data);
      const sizes = { outer, n, inner, source, type: type as NumberType };
      const lines = linesOf<number | bigint>(data as Float64Array, sizes);
      const bytes = array.BYTES_PER_ELEMENT;
      for (const [reduction, better] of [
        ["min", (a: number | bigint, b: number | bigint) => a < b],
        ["max", (a: number | bigint, b: number | bigint) => a > b],
      ] as const) {
        const best = lines.map(({ values }) => values.reduce((a, b) => (better(b, a) ? b : a)));
        using result = await run({ ...sizes, reduction }, bytes);
        expect([...(await fromDevice(opened, result, array, outer * inner))]).toEqual(best);
        using places = await run({ ...sizes, reduction: reduction === "min" ? "argMin" : "argMax" }, 4);
        const first = lines.map(({ values }, at) => values.indexOf(best[at] ?? 0));
        expect([...(await fromDevice(opened, places, Int32Array, outer * inner))]).toEqual(first);
      }
      if (type === "f64" && opened.adapter.backend === "webgpu") {
        const result = opened.allocate(outer * inner * 8);
        await failure(() => reduceAxis(opened, { ...sizes, reduction: "sum", result }), "UNSUPPORTED");
        return;
      }
      const resultType = type === "f64" ? "f64" : type.startsWith("i") ? "i64" : "u64";
      using result = await run({ ...sizes, reduction: "sum", resultType }, 8);
      const found = await fromDevice(
        opened,
        result,
        arrays[resultType] as typeof Float64Array,
        outer * inner,
      );
      const clip = (total: bigint) => (resultType === "u64" ? BigInt.asUintN(64, total) : total);
      const sums = lines.map(({ values }) =>
        clip(values.reduce<bigint>((total, x) => total + BigInt(x), 0n)),
      );
      expect([...found].map(BigInt)).toEqual(sums);
    });

    it("bytes are flags", async () => {
      const opened = await device();
      const flags = Uint8Array.of(0, 0, 0, 0, 1, 0, 1, 1, 1, 0, 0, 2, 0, 0, 0);
      using source = onDevice(opened, flags);
      for (const [outer, n, inner] of [
        [5, 3, 1],
        [1, 5, 3],
      ] as const) {
        for (const reduction of ["any", "all"] as const) {
          using result = await run({ source, outer, n, inner, type: "bool", reduction }, 4);
          const found = await fromDevice(opened, result, Uint32Array, outer * inner);
          const lines = linesOf(flags, { outer, n, inner });
          expect([...found]).toEqual(lines.map(({ values }) => oracles[reduction](values)));
        }
      }
    });

    it("nothing has its identity, or none", async () => {
      const opened = await device();
      using source = opened.allocate(16);
      const sizes = { source, outer: 2, n: 0, inner: 3, type: "f32" } as const;
      for (const [reduction, identity] of [
        ["sum", 0],
        ["product", 1],
        ["mean", Number.NaN],
        ["variance", Number.NaN],
      ] as const) {
        using result = await run({ ...sizes, reduction }, 4);
        expect([...(await fromDevice(opened, result, Float32Array, 6))]).toEqual(new Array(6).fill(identity));
      }
      for (const reduction of ["min", "max", "argMin", "argMax"] as const) {
        await failure(() => reduceAxis(opened, { ...sizes, reduction, result: source }), "INVALID_ARGUMENT");
      }
    });
  },
  { computing: true },
);
