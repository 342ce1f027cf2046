import { expect, it } from "vitest";
import type { Device, DeviceBuffer } from "#src/device/device.js";
import { insertRows } from "#src/kernels/columns/hash-table.js";
import { distinctRows, groupRows, hashRows } from "#src/kernels/index.js";
import { onEveryDevice } from "../../support/devices.js";
import { edgeSizes, texts } from "../../support/edges.js";
import { FakeAdapter, FakeDevice } from "../../support/fake-device.js";
import { seeded } from "../../support/random.js";
import { onDevice } from "../axis.js";
import {
  bitsColumn,
  fixedColumn,
  type Key,
  type KeyColumn,
  rowKey,
  rowsOf,
  textColumn,
} from "./hash-columns.js";

/** Numbers of groups in the order of first rows, and those rows. */
function grouped(columns: readonly KeyColumn[], count: number) {
  const groups = new Map<string, number>();
  const firsts: number[] = [];
  const ids = Array.from({ length: count }, (_, row) => {
    const key = rowKey(columns, row);
    const known = groups.get(key);
    if (known !== undefined) return known;
    groups.set(key, firsts.length);
    return firsts.push(row) - 1;
  });
  return { ids, firsts };
}

async function check(device: Device, columns: readonly KeyColumn[], count: number, what: string) {
  const keys = columns.map(({ memory }) => memory);
  const result = await groupRows(device, { keys, count });
  using ids = result.ids;
  using representatives = result.representatives;
  const expected = grouped(columns, count);
  expect(result.groups, what).toBe(expected.firsts.length);
  expect(await rowsOf(device, representatives, result.groups), what).toEqual(expected.firsts);
  expect(await rowsOf(device, ids, count), what).toEqual(expected.ids);
  return result.groups;
}

function picked<T>(values: readonly T[], count: number, seed: number): T[] {
  const random = seeded(seed);
  return Array.from({ length: count }, () => values[Math.floor(random() * values.length)] as T);
}

const wide = [0n, 1n, -1n, 2n ** 63n - 1n, -(2n ** 63n), 2n ** 32n, 2n ** 32n + 1n];
const special: Readonly<Record<string, readonly Key[]>> = {
  bits: [true, false],
  i8: [0, 1, -1, 127, -128],
  u8: [0, 1, 127, 128, 255],
  i16: [0, 1, -1, 255, 256, 32_767, -32_768],
  u16: [0, 1, 255, 256, 65_535],
  i32: [0, 1, -1, 2_147_483_647, -2_147_483_648],
  u32: [0, 1, 2_147_483_648, 4_294_967_295],
  i64: wide,
  u64: [0n, 1n, 2n ** 63n, 2n ** 64n - 1n, 2n ** 32n],
  i128: [...wide, 2n ** 127n - 1n, -(2n ** 127n), 2n ** 64n, 2n ** 96n],
  f32: [0, -0, 1, -1, 0.5, Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY],
  f64: [0, -0, 1, -1, 0.5, Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 2 ** 33],
};

onEveryDevice(
  "groups of rows",
  (_adapter, device) => {
    it.each(Object.keys(special))(
      "%s, with and without nulls",
      async (physical) => {
        const opened = await device();
        const values = special[physical] ?? [];
        for (const count of [0, 1, 33, 257]) {
          const kind = physical as "i64";
          const plain = picked(values, count, count + 1);
          await check(opened, [fixedColumn(opened, kind, plain)], count, `${physical} ${count}`);
          const nulls = picked([...values, null], count, count + 2);
          await check(opened, [fixedColumn(opened, kind, nulls)], count, `${physical} or null ${count}`);
        }
      },
      240_000,
    );

    it("NaN with any bits, and both zeros", async () => {
      const opened = await device();
      const f32 = Uint32Array.of(0x7fc00000, 0xffc00001, 0x7f800001, 0, 0x80000000, 0x7f800000, 1);
      const keys32 = ["nan", "nan", "nan", 0, 0, "infinity", "tiny"];
      await check(opened, [bitsColumn(opened, "f32", f32, keys32)], 7, "f32");
      const f64 = BigUint64Array.of(
        0x7ff8n << 48n,
        (0xfff8n << 48n) | 1n,
        (0x7ffn << 52n) | 1n,
        0n,
        1n << 63n,
        1n,
      );
      await check(opened, [bitsColumn(opened, "f64", f64, ["nan", "nan", "nan", 0, 0, "tiny"])], 6, "f64");
    }, 240_000);

    it("text: empty, with shared prefixes, past the first offset", async () => {
      const opened = await device();
      const prefixes = ["", "a", "ab", "abc", "abcd", "abcde", "abcdf", "abcdefgh", "abcdefgi", "abcdefg"];
      for (const count of [1, 33, 257]) {
        const values = picked([...texts, ...prefixes, null], count, count);
        await check(opened, [textColumn(opened, values, "xyz")], count, `text ${count}`);
      }
      const same = textColumn(opened, ["", "", ""]);
      expect(await check(opened, [same], 3, "empty texts")).toBe(1);
    }, 240_000);

    it.each(edgeSizes)(
      "several columns, %i rows",
      async (count) => {
        const opened = await device();
        const columns = [
          textColumn(opened, picked(["a", "b", "ab", "", null], count, 1)),
          fixedColumn(opened, "f64", picked([0, -0, 1.5, null], count, 2)),
          fixedColumn(opened, "bits", picked([true, false, null], count, 3)),
        ];
        await check(opened, columns, count, "text, f64, bits");
        const small = [
          fixedColumn(opened, "i8", picked([1, -1, null], count, 4)),
          fixedColumn(opened, "bits", picked([true, false, null], count, 5)),
        ];
        await check(opened, small, count, "i8, bits");
        await check(opened, [], count, "no column");
      },
      240_000,
    );

    it("100,000 rows: few groups and many, sparse and dense, all equal, all different", async () => {
      const opened = await device();
      const count = 100_000;
      const random = seeded(9);
      const integers = (different: number, factor: bigint) =>
        Array.from({ length: count }, () => BigInt(Math.floor(random() * different)) * factor - 77n);
      const sparse = 1_234_567_891_011n;
      for (const [different, factor] of [
        [700, sparse],
        [5_000, sparse],
        [60_000, sparse],
        [60_000, 1n],
        [1, sparse],
      ] as const) {
        const column = fixedColumn(opened, "i64", integers(different, factor));
        await check(opened, [column], count, `${different} times ${factor}`);
      }
      const late = integers(60_000, sparse).map((key, row) => (row < 90_000 ? key % 50n : key));
      await check(opened, [fixedColumn(opened, "i64", late)], count, "few, then many");
      const odd = 33_000;
      await check(
        opened,
        [fixedColumn(opened, "i64", integers(1500, sparse).slice(0, odd))],
        odd,
        "1500 of 33,000",
      );
      const all = Array.from({ length: count }, (_, row) => BigInt(row) * sparse);
      expect(await check(opened, [fixedColumn(opened, "i64", all)], count, "different")).toBe(count);
      const halves = integers(300, sparse).map((value) => (value % 5n === 0n ? null : Number(value) / 2));
      const pair = [
        fixedColumn(opened, "f64", halves),
        fixedColumn(
          opened,
          "i32",
          Array.from({ length: count }, (_, row) => (row * 7919) % 100_003),
        ),
      ];
      await check(
        opened,
        [...pair.slice(0, 1), fixedColumn(opened, "u8", picked([1, 2, 3], count, 4))],
        count,
        "f64, u8",
      );
      await check(opened, pair, count, "f64, i32");
    }, 240_000);

    it("finishes where all keys have one hash", async () => {
      const opened = await device();
      const count = 40_000;
      const mixed = (word: number) => {
        let h = word >>> 0;
        h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
        h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
        return (h ^ (h >>> 16)) >>> 0;
      };
      const words = new Uint32Array(count * 2);
      for (let row = 0; row < count; row++) {
        const low = Math.imul(row, 0x9e3779b1) >>> 0;
        words.set([low, (mixed(0x9e3779b9 ^ low) ^ 0x12345678) >>> 0], row * 2);
      }
      const hashes = await hashRows(opened, {
        keys: [{ physical: "i64", values: onDevice(opened, words) }],
        count,
      });
      using _ = hashes;
      expect(new Set(await rowsOf(opened, hashes, count)).size).toBe(1);
      const keys = [...new BigInt64Array(words.buffer)];
      const column = bitsColumn(opened, "i64", new BigInt64Array(words.buffer), keys);
      expect(await check(opened, [column], count, "one hash")).toBe(count);
    }, 240_000);

    it("hashes equal keys alike, different ones mostly not", async () => {
      const opened = await device();
      const count = 3000;
      const random = seeded(4);
      const columns = [
        textColumn(opened, picked(["a", "b", "ab", "", null], count, 1)),
        fixedColumn(opened, "f64", picked([0, -0, 1.5, null], count, 2)),
        fixedColumn(
          opened,
          "i32",
          Array.from({ length: count }, () => Math.floor(random() * 500)),
        ),
      ];
      const hashes = await hashRows(opened, { keys: columns.map(({ memory }) => memory), count });
      using _ = hashes;
      const found = new Map<string, number>();
      for (const [row, hash] of (await rowsOf(opened, hashes, count)).entries()) {
        const key = rowKey(columns, row);
        expect(found.get(key) ?? hash).toBe(hash);
        found.set(key, hash);
      }
      expect(new Set(found.values()).size).toBeGreaterThan(found.size - 3);
    }, 240_000);

    it("distinct rows are the first ones, in memory of the caller's", async () => {
      const opened = await device();
      const column = fixedColumn(opened, "i64", [5n, 5n, -5n, null, 5n, null]);
      const made: DeviceBuffer[] = [];
      const allocate = (bytes: number, label: string) => {
        const memory = opened.allocate(bytes, label);
        made.push(memory);
        return memory;
      };
      const work = { keys: [column.memory], count: 6 };
      const { representatives, groups } = await distinctRows(opened, work, { allocate });
      expect(made.filter(({ disposed }) => !disposed)).toEqual([representatives]);
      expect(await rowsOf(opened, representatives, groups)).toEqual([0, 2, 3]);
      representatives[Symbol.dispose]();
    });
  },
  { computing: true },
);

it("refuses a table that the device cannot bind", async () => {
  const device = new FakeDevice(new FakeAdapter());
  const ids = device.allocate(16);
  const keys = { keys: ids, width: 2, nullWords: 0 };
  await expect(insertRows(device, { keys, count: 2 ** 26, ids }, {})).rejects.toMatchObject({
    code: "UNSUPPORTED",
    message: "A hash table of 512.0 MiB is more than the 256.0 MiB that fake binds at once",
  });
  expect(device.memory().buffers).toBe(1);
});
