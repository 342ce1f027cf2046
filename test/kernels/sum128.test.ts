import { expect, it } from "vitest";
import type { Device } from "#src/device/device.js";
import { int128Of, kernelText, sum128, sum128Bytes, type WideInteger } from "#src/kernels/index.js";
import { onEveryDevice } from "../support/devices.js";
import { seeded } from "../support/random.js";

const bits: Readonly<Record<WideInteger, number>> = { i64: 64, u64: 64, i128: 128 };
const counts = [0, 1, 2, 15, 16, 17, 31, 32, 33, 255, 256, 257, 1023, 1025, 4099, 65_537];
const [least, most] = [-(1n << 127n), (1n << 127n) - 1n];

function wide(next: () => number): bigint {
  let value = 0n;
  for (let i = 0; i < 4; i++) value = (value << 32n) | BigInt(Math.floor(next() * 2 ** 32));
  return value;
}

function inType(type: WideInteger, value: bigint): bigint {
  return type === "u64" ? BigInt.asUintN(64, value) : BigInt.asIntN(bits[type], value);
}

function words(type: WideInteger, values: readonly bigint[]): BigUint64Array {
  if (type !== "i128") return BigUint64Array.from(values);
  return BigUint64Array.from(
    values.flatMap((value) => [value, value >> 64n]).map((v) => BigInt.asUintN(64, v)),
  );
}

async function sumOf(device: Device, type: WideInteger, values: readonly bigint[]) {
  const data = words(type, values);
  using source = device.allocate(Math.max(16, data.byteLength));
  if (data.length > 0) device.write(source, data);
  using result = device.allocate(sum128Bytes);
  await sum128(device, { type, source, result, count: values.length });
  return int128Of(await device.read(result));
}

const corners = [
  0n,
  1n,
  -1n,
  0xffffffffn,
  0x1_0000_0000n,
  1n << 63n,
  (1n << 63n) - 1n,
  1n << 64n,
  -(1n << 64n),
].concat([(1n << 96n) - 1n, 1n << 96n, least, most, least + 1n, 10n ** 38n - 1n, -(10n ** 38n)]);

onEveryDevice(
  "sum128",
  (_adapter, device) => {
    it.each(["i64", "u64", "i128"] as const)("sums %s exactly, for every length", async (type) => {
      const opened = await device();
      const next = seeded(128);
      for (const count of counts) {
        const values = Array.from({ length: count }, () =>
          inType(type, wide(next) >> (type === "i128" ? 20n : 0n)),
        );
        const expected = values.reduce((sum, value) => sum + value, 0n);
        const fits = expected >= least && expected <= most;
        expect(await sumOf(opened, type, values), `${count} of ${type}`).toBe(fits ? expected : undefined);
      }
    });

    it("tells an overflow from a detour", async () => {
      const opened = await device();
      expect(await sumOf(opened, "i128", [most, 1n])).toBeUndefined();
      expect(await sumOf(opened, "i128", [least, -1n])).toBeUndefined();
      expect(await sumOf(opened, "i128", [most, 1n, -1n])).toBe(most);
      expect(await sumOf(opened, "i128", [least, least, most, most, 2n])).toBe(0n);
      expect(await sumOf(opened, "i128", new Array<bigint>(5000).fill(most))).toBeUndefined();
      expect(await sumOf(opened, "i128", new Array<bigint>(5000).fill(least))).toBeUndefined();
      const detour = [...new Array<bigint>(3000).fill(most), ...new Array<bigint>(3000).fill(-most), 42n];
      expect(await sumOf(opened, "i128", detour)).toBe(42n);
    });

    it("computes with single values", async () => {
      const opened = await device();
      const next = seeded(7);
      const pairs = corners
        .flatMap((a) => corners.map((b) => [inType("i128", a), inType("i128", b)] as const))
        .concat(
          Array.from(
            { length: 500 },
            () => [inType("i128", wide(next)), inType("i128", wide(next))] as const,
          ),
        );
      const text = `${kernelText("int128.wgsl")}
        struct Found { sum: vec4<u32>, difference: vec4<u32>, product: vec4<u32>, flags: vec4<u32> }
        @group(0) @binding(0) var<storage, read> pairs: array<array<vec4<u32>, 2>>;
        @group(0) @binding(1) var<storage, read_write> found: array<Found>;
        @compute @workgroup_size(64) fn main(@builtin(global_invocation_id) id: vec3<u32>) {
          if (id.x >= arrayLength(&pairs)) { return; }
          let a = pairs[id.x][0];
          let b = pairs[id.x][1];
          let sum = i128_add(a, b);
          let difference = i128_subtract(a, b);
          found[id.x] = Found(sum.value, difference.value, i128_product(a.xy, b.xy),
            vec4(u32(sum.overflow), u32(difference.overflow), u32(i128_less(a, b)), u32(i128_is_negative(a))));
        }`;
      using kernel = await opened.compile(text);
      const data = words("i128", pairs.flat());
      using source = opened.allocate(data.byteLength);
      opened.write(source, data);
      using result = opened.allocate(pairs.length * 64);
      opened.dispatchThreads(kernel, { pairs: source, found: result }, pairs.length);
      const view = new DataView((await opened.read(result)).buffer);
      const int128 = (at: number) => (view.getBigInt64(at + 8, true) << 64n) | view.getBigUint64(at, true);
      pairs.forEach(([a, b], index) => {
        const at = index * 64;
        const name = `${a} and ${b}`;
        const flag = (which: number) => view.getUint32(at + 48 + which * 4, true) === 1;
        const outside = (value: bigint) => value < least || value > most;
        expect(int128(at), `sum of ${name}`).toBe(BigInt.asIntN(128, a + b));
        expect(int128(at + 16), `difference of ${name}`).toBe(BigInt.asIntN(128, a - b));
        const product = BigInt.asIntN(64, a) * BigInt.asIntN(64, b);
        expect(int128(at + 32), `product of the low halves of ${name}`).toBe(product);
        expect([flag(0), flag(1), flag(2), flag(3)], name).toEqual([
          outside(a + b),
          outside(a - b),
          a < b,
          a < 0n,
        ]);
      });
    });
  },
  { computing: true },
);
