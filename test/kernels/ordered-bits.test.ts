import { expect, it } from "vitest";
import type { Device } from "#src/device/device.js";
import { kernelText } from "#src/kernels/source.js";
import { onEveryDevice } from "../support/devices.js";
import { floats } from "../support/edges.js";
import { seeded } from "../support/random.js";

const view = new DataView(new ArrayBuffer(8));

function bitsOf(value: number): bigint {
  view.setFloat64(0, value);
  return view.getBigUint64(0);
}

function numberOf(bits: bigint): number {
  view.setBigUint64(0, bits);
  return view.getFloat64(0);
}

const random = seeded(7);
const nans = [
  0x7ff0000000000001n,
  0x7ff8000000000000n,
  0x7fffffffffffffffn,
  0xfff0000000000001n,
  0xffffffffffffffffn,
];
const patterns: readonly bigint[] = [
  ...floats.map(bitsOf),
  ...[Number.MIN_VALUE, -Number.MIN_VALUE, Number.MAX_VALUE, 2 ** 53, -1e-320, 0x80000000, 2 ** 32].map(
    bitsOf,
  ),
  ...nans,
  ...Array.from({ length: 200 }, () => bitsOf((random() - 0.5) * 2 ** (random() * 200 - 100))),
];

/** What 754 calls totalOrder, for numbers by their values and for NaN by its bits. */
function inOrder(a: bigint, b: bigint): boolean {
  const [x, y] = [numberOf(a), numberOf(b)];
  const rank = (bits: bigint, value: number) => (Number.isNaN(value) ? (bits >> 63n === 1n ? -1 : 1) : 0);
  const [p, q] = [rank(a, x), rank(b, y)];
  if (p !== q) return p < q;
  if (p !== 0) return p < 0 ? a > b : a < b;
  return x < y || (x === y && Object.is(x, -0) && Object.is(y, 0));
}

/** `body` reads `given` and gives a u64 for each of `values`. */
async function mapped(device: Device, values: readonly bigint[], body: string): Promise<bigint[]> {
  using kernel = await device.compile(`
    ${kernelText("ordered-bits.wgsl")}
    @group(0) @binding(0) var<storage, read> source: array<u64>;
    @group(0) @binding(1) var<storage, read_write> result: array<u64>;
    @compute @workgroup_size(64) fn main(@builtin(global_invocation_id) id: vec3<u32>) {
      if id.x >= arrayLength(&source) { return; }
      let given = source[id.x];
      result[id.x] = ${body};
    }`);
  using source = device.allocate(values.length * 8);
  using result = device.allocate(values.length * 8);
  device.write(source, BigUint64Array.from(values));
  device.dispatchThreads(kernel, { source, result }, values.length);
  return [...new BigUint64Array((await device.read(result)).slice().buffer)];
}

onEveryDevice(
  "ordered bits",
  (_adapter, open) => {
    it("order f64 totally and give it back", async () => {
      const device = await open();
      const keys = await mapped(device, patterns, "ordered_f64(given)");
      const sorted = [...keys.entries()].sort(([, a], [, b]) => (a < b ? -1 : a > b ? 1 : 0));
      for (const [at, [index]] of sorted.entries()) {
        const [next] = sorted[at + 1] ?? [];
        const [a = 0n, b = 0n] = [patterns[index], next === undefined ? undefined : patterns[next]];
        if (next !== undefined) expect([a, b, a === b || inOrder(a, b)]).toEqual([a, b, true]);
      }
      expect(await mapped(device, keys, "f64_from_ordered(given)")).toEqual(patterns);
    });

    it("order f32 and i64 and give them back", async () => {
      const device = await open();
      const singles = [
        Number.NEGATIVE_INFINITY,
        -3.5,
        -1e-45,
        -0,
        0,
        1e-45,
        1,
        3e38,
        Number.POSITIVE_INFINITY,
        Number.NaN,
      ];
      const words = [...new Uint32Array(Float32Array.from(singles).buffer)].map(BigInt);
      const keys = await mapped(device, words, "u64(ordered_f32(u32(given)))");
      expect(keys).toEqual([...keys].sort((a, b) => (a < b ? -1 : 1)));
      expect(new Set(keys).size).toBe(singles.length);
      expect(await mapped(device, keys, "u64(f32_from_ordered(u32(given)))")).toEqual(words);
      const integers = [-(2n ** 63n), -(2n ** 32n), -1n, 0n, 1n, 2n ** 31n, 2n ** 63n - 1n];
      const unsigned = integers.map((value) => BigInt.asUintN(64, value));
      const ordered = await mapped(device, unsigned, "ordered_i64(bitcast<i64>(given))");
      expect(ordered).toEqual(integers.map((value) => value + 2n ** 63n));
      expect(await mapped(device, ordered, "bitcast<u64>(i64_from_ordered(given))")).toEqual(unsigned);
    });

    it("make one zero and one NaN", async () => {
      const expected = patterns.map((bits) => {
        const value = numberOf(bits);
        return Number.isNaN(value) ? 0x7ff8000000000000n : value === 0 ? 0n : bits;
      });
      expect(await mapped(await open(), patterns, "canonical_f64(given)")).toEqual(expected);
    });

    it("hash as SplitMix64 does", async () => {
      const mix = (key: bigint) => {
        const wrap = (value: bigint) => BigInt.asUintN(64, value);
        let z = wrap(key + 0x9e3779b97f4a7c15n);
        z = wrap((z ^ (z >> 30n)) * 0xbf58476d1ce4e5b9n);
        z = wrap((z ^ (z >> 27n)) * 0x94d049bb133111ebn);
        return z ^ (z >> 31n);
      };
      expect(await mapped(await open(), [0n], "hash_u64(given)")).toEqual([0xe220a8397b1dcdafn]);
      expect(await mapped(await open(), patterns, "hash_u64(given)")).toEqual(patterns.map(mix));
    });
  },
  { computing: true },
);
