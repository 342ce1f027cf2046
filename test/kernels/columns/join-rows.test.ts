import { expect, it } from "vitest";
import type { Device, DeviceBuffer } from "#src/device/device.js";
import { noRow } from "#src/kernels/columns/column.js";
import { crossRows, type JoinKind, joinRows, rowsIn } from "#src/kernels/index.js";
import { onEveryDevice } from "../../support/devices.js";
import { seeded } from "../../support/random.js";
import {
  bitmap,
  fixedColumn,
  hasNull,
  type Key,
  type KeyColumn,
  rowKey,
  rowsOf,
  textColumn,
} from "./hash-columns.js";

const kinds: readonly JoinKind[] = ["inner", "left", "right", "full", "semi", "anti"];

interface Side {
  readonly columns: readonly KeyColumn[];
  readonly count: number;
}

/** Right rows of each left row, in order. */
function matchesOf(left: Side, right: Side, nullsEqual: boolean): number[][] {
  const rows = new Map<string, number[]>();
  for (let row = 0; row < right.count; row++) {
    if (!nullsEqual && hasNull(right.columns, row)) continue;
    const key = rowKey(right.columns, row);
    const known = rows.get(key);
    if (known === undefined) rows.set(key, [row]);
    else known.push(row);
  }
  return Array.from({ length: left.count }, (_, row) =>
    !nullsEqual && hasNull(left.columns, row) ? [] : (rows.get(rowKey(left.columns, row)) ?? []),
  );
}

function joined(how: JoinKind, left: Side, right: Side, nullsEqual: boolean): [number[], number[]] {
  const matches = matchesOf(left, right, nullsEqual);
  const pairs: [number, number][] = [];
  for (const [row, found] of matches.entries()) {
    if (how === "semi" || how === "anti") {
      if (found.length > 0 === (how === "semi")) pairs.push([row, noRow]);
    } else if (found.length > 0) pairs.push(...found.map((other): [number, number] => [row, other]));
    else if (how === "left" || how === "full") pairs.push([row, noRow]);
  }
  if (how === "right" || how === "full") {
    const seen = new Set(matches.flat());
    for (let row = 0; row < right.count; row++) if (!seen.has(row)) pairs.push([noRow, row]);
  }
  return [pairs.map(([row]) => row), pairs.map(([, row]) => row)];
}

function workOf(left: Side, right: Side, nullsEqual: boolean) {
  return {
    left: left.columns.map(({ memory }) => memory),
    leftCount: left.count,
    right: right.columns.map(({ memory }) => memory),
    rightCount: right.count,
    nullsEqual,
  };
}

async function check(device: Device, left: Side, right: Side, nullsEqual: boolean, what: string) {
  for (const how of kinds) {
    const expected = joined(how, left, right, nullsEqual);
    const result = await joinRows(device, { ...workOf(left, right, nullsEqual), how });
    using leftRows = result.left;
    using rightRows = result.right;
    const name = `${how} join of ${what}, nulls ${nullsEqual ? "equal" : "differ"}`;
    expect(result.rows, name).toBe(expected[0].length);
    expect(await rowsOf(device, leftRows, result.rows), name).toEqual(expected[0]);
    if (how === "semi" || how === "anti") expect(rightRows).toBeUndefined();
    else if (rightRows === undefined) expect.unreachable();
    else expect(await rowsOf(device, rightRows, result.rows), name).toEqual(expected[1]);
  }
  const mask = await rowsIn(device, workOf(left, right, nullsEqual));
  using _ = mask;
  const bits = bitmap(matchesOf(left, right, nullsEqual).map((found) => found.length > 0));
  const words = Math.ceil(left.count / 32);
  expect(await rowsOf(device, mask, words), `${what}, mask`).toEqual([...bits].slice(0, words));
}

function picked<T>(values: readonly T[], count: number, seed: number): T[] {
  const random = seeded(seed);
  return Array.from({ length: count }, () => values[Math.floor(random() * values.length)] as T);
}

const side = (columns: readonly KeyColumn[], count: number): Side => ({ columns, count });

onEveryDevice(
  "joins",
  (_adapter, device) => {
    it.each([
      [0, 0],
      [0, 3],
      [3, 0],
      [1, 1],
      [33, 257],
      [257, 32],
    ])(
      "%i and %i rows with nulls and duplicates",
      async (leftCount, rightCount) => {
        const opened = await device();
        const wide: readonly Key[] = [0n, 1n, -1n, 2n ** 40n, -(2n ** 63n), 7n ** 20n, null];
        const of = (count: number, seed: number) =>
          side([fixedColumn(opened, "i64", picked(wide, count, seed))], count);
        await check(opened, of(leftCount, 1), of(rightCount, 2), false, "i64");
        await check(opened, of(leftCount, 3), of(rightCount, 4), true, "i64");
        const small = (count: number, seed: number) =>
          side([fixedColumn(opened, "i8", picked([-128, 127, 0, 5, null], count, seed))], count);
        await check(opened, small(leftCount, 5), small(rightCount, 6), false, "i8");
        await check(opened, small(leftCount, 7), small(rightCount, 8), true, "i8");
      },
      240_000,
    );

    it("text with numbers, nulls on one side only", async () => {
      const opened = await device();
      const of = (count: number, seed: number, nulls: boolean) => {
        const words = ["", "a", "ab", "abcd", "abcde", "日本語", `only ${seed}`];
        const texts = picked<string | null>(nulls ? [...words, null] : words, count, seed);
        const numbers = picked<Key>([0, -0, Number.NaN, 1.5], count, seed + 1);
        return side([textColumn(opened, texts, "xy"), fixedColumn(opened, "f64", numbers)], count);
      };
      await check(opened, of(100, 1, true), of(65, 2, false), false, "text, f64");
      await check(opened, of(100, 3, false), of(65, 4, true), true, "text, f64");
      const text = ({ columns, count }: Side) => side(columns.slice(0, 1), count);
      await check(opened, text(of(100, 5, true)), text(of(65, 6, true)), false, "text");
      await check(opened, text(of(100, 7, true)), text(of(65, 8, true)), true, "text");
    }, 240_000);

    it("20,000 rows: sparse and dense keys, unique and not, a side with itself", async () => {
      const opened = await device();
      const random = seeded(3);
      for (const factor of [1n, 987_654_321_987n]) {
        const keys = (count: number, different: number) =>
          Array.from({ length: count }, () => BigInt(Math.floor(random() * different)) * factor - 5n);
        const unique = Array.from({ length: 5000 }, (_, row) => BigInt((row * 7919) % 6007) * factor - 5n);
        const left = side([fixedColumn(opened, "i64", keys(20_000, 7000))], 20_000);
        const right = side([fixedColumn(opened, "i64", unique)], 5000);
        await check(opened, left, right, false, `unique keys times ${factor}`);
        const many = side([fixedColumn(opened, "i64", keys(4500, 3000))], 4500);
        await check(opened, left, many, false, `keys times ${factor}`);
        await check(opened, many, many, false, "a side with itself");
      }
    }, 240_000);

    it("70,000 by 40,000 rows, of one and of three words, with nulls", async () => {
      const opened = await device();
      const [leftCount, rightCount] = [70_000, 40_000];
      const random = seeded(8);
      const narrow = (count: number) =>
        Array.from({ length: count }, () => Math.floor(random() * 50_000) * 80_001 - 2 ** 31);
      const left = side([fixedColumn(opened, "i32", narrow(leftCount))], leftCount);
      const right = side([fixedColumn(opened, "i32", narrow(rightCount))], rightCount);
      await check(opened, left, right, false, "i32");
      const wide = (count: number) =>
        narrow(count).map((key, row) => (row % 100 === 7 ? null : BigInt(key) * 2n ** 33n));
      const nullable = side([fixedColumn(opened, "i64", wide(leftCount))], leftCount);
      const other = side([fixedColumn(opened, "i64", wide(rightCount))], rightCount);
      await check(opened, nullable, other, false, "i64 or null");
    }, 240_000);

    it("refuses a result that is too large, with its exact size", async () => {
      const opened = await device();
      const count = 70_000;
      const zeros = side([fixedColumn(opened, "i32", new Array<number>(count).fill(4))], count);
      const work = workOf(zeros, zeros, false);
      const made: DeviceBuffer[] = [];
      const allocate = (bytes: number, label: string) => {
        const memory = opened.allocate(bytes, label);
        made.push(memory);
        return memory;
      };
      const join = joinRows(opened, { ...work, how: "inner", mostRows: 1e6 }, { allocate });
      await expect(join).rejects.toMatchObject({
        code: "RESULT_TOO_LARGE",
        message: expect.stringContaining("4900000000 rows"),
      });
      expect(made.length).toBeGreaterThan(0);
      expect(made.filter(({ disposed, label }) => !disposed || label === "left rows")).toEqual([]);
      const semi = await joinRows(opened, { ...work, how: "semi", mostRows: count });
      expect(semi.rows).toBe(count);
      semi.left[Symbol.dispose]();
    }, 240_000);

    it("crosses all rows, and refuses keys of different types", async () => {
      const opened = await device();
      const { left, right, rows } = await crossRows(opened, { leftCount: 3, rightCount: 2 });
      expect(await rowsOf(opened, left, rows)).toEqual([0, 0, 1, 1, 2, 2]);
      expect(await rowsOf(opened, right, rows)).toEqual([0, 1, 0, 1, 0, 1]);
      expect((await crossRows(opened, { leftCount: 3, rightCount: 0 })).rows).toBe(0);
      await expect(crossRows(opened, { leftCount: 2 ** 31, rightCount: 2 ** 31 })).rejects.toMatchObject({
        code: "RESULT_TOO_LARGE",
        message: expect.stringContaining("4611686018427387904 rows"),
      });
      const wide = side([fixedColumn(opened, "i64", [1n])], 1);
      const narrow = side([fixedColumn(opened, "i32", [1])], 1);
      await expect(joinRows(opened, { ...workOf(wide, narrow, false), how: "inner" })).rejects.toMatchObject({
        code: "INVALID_ARGUMENT",
        message: "Cannot match keys held as i64 with keys held as i32.",
      });
    }, 240_000);
  },
  { computing: true },
);
