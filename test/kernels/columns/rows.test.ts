import { expect, it } from "vitest";
import { noRow } from "#src/kernels/columns/column.js";
import {
  compactColumns,
  concatRows,
  type OwnedColumn,
  scatterRows,
  selectRows,
  sliceRows,
  takeRows,
} from "#src/kernels/index.js";
import { onEveryDevice } from "../../support/devices.js";
import { edgeSizes } from "../../support/edges.js";
import {
  bitmapOf,
  dirty,
  onDevice,
  physicals,
  randomBits,
  sampleOf,
  TestColumn,
  taken,
  type Value,
  valuesOf,
  wordsOf,
} from "./support.js";

const all = [...physicals, "text"] as const;

function spread(count: number, rows: number, misses: boolean): number[] {
  return Array.from({ length: count }, (_, at) => (misses && at % 5 === 2 ? noRow : (at * 7919) % rows));
}

onEveryDevice(
  "rows of columns",
  (_adapter, device) => {
    it("are selected by a mask, in order", async () => {
      const opened = await device();
      for (const count of [...edgeSizes, 8192, 70_001]) {
        for (const probability of [0, 0.02, 0.5, 0.97, 1]) {
          const bits = randomBits(count, probability, count + 1);
          using mask = onDevice(opened, bitmapOf(bits));
          const { rows, selected } = await selectRows(opened, { mask, count }, dirty(opened));
          using _rows = rows;
          const expected = bits.flatMap((bit, at) => (bit ? [at] : []));
          expect(selected).toBe(expected.length);
          expect([...(await wordsOf(opened, rows)).subarray(0, selected)]).toEqual(expected);
        }
      }
    });

    it("are compacted, of every type, with nulls and without", { timeout: 240_000 }, async () => {
      const opened = await device();
      for (const [count, probability] of [
        [0, 0.5],
        [1, 1],
        [33, 0.5],
        [257, 0],
        [9001, 0.1],
        [20_001, 0.5],
      ] as const) {
        const bits = randomBits(count, probability, 9);
        using mask = onDevice(opened, bitmapOf(bits));
        const given = all.flatMap((physical) =>
          [false, true].map((nulls) => ({ physical, values: sampleOf(physical, count, nulls) })),
        );
        using columns = new DisposableStackOf(
          given.map(({ physical, values }) => new TestColumn(opened, physical, values)),
        );
        const result = await compactColumns(
          opened,
          { mask, count, columns: columns.items.map(({ memory }) => memory) },
          dirty(opened),
        );
        expect(result.selected).toBe(bits.filter(Boolean).length);
        for (const [at, column] of result.columns.entries()) {
          const { physical, values } = given[at] ?? { physical: "bits", values: [] };
          const expected = values.filter((_, row) => bits[row]);
          expect(await taken(opened, column, result.selected), `${physical} ${count}`).toEqual(expected);
        }
      }
    });

    it("are taken by number, of every type; no row is null", { timeout: 240_000 }, async () => {
      const opened = await device();
      for (const physical of all) {
        for (const [count, rows, nulls, misses] of [
          [0, 5, false, true],
          [1, 1, false, false],
          [257, 100, false, false],
          [257, 33, true, false],
          [1000, 257, false, true],
          [5001, 3000, true, true],
        ] as const) {
          const values = sampleOf(physical, rows, nulls);
          const numbers = spread(count, rows, misses);
          using column = new TestColumn(opened, physical, values);
          using list = onDevice(opened, Uint32Array.from(numbers));
          const work = { column: column.memory, rows: list, count, sourceRows: rows, mayMiss: misses };
          const result = await takeRows(opened, work, dirty(opened));
          expect(result.validity !== undefined).toBe(misses || column.memory.validity !== undefined);
          const expected = numbers.map((row) => (row === noRow ? null : (values[row] ?? null)));
          expect(await taken(opened, result, count), `${physical} ${count}`).toEqual(expected);
        }
      }
    });

    it("may all be missing from an empty column", async () => {
      const opened = await device();
      using list = onDevice(opened, new Uint32Array(40).fill(noRow));
      for (const physical of ["i64", "u8", "text"] as const) {
        using column = new TestColumn(opened, physical, []);
        const work = { column: column.memory, rows: list, count: 40, sourceRows: 0 };
        const result = await takeRows(opened, work, dirty(opened));
        expect(await taken(opened, result, 40)).toEqual(new Array(40).fill(null));
      }
    });

    it("are sliced and put below each other", async () => {
      const opened = await device();
      for (const physical of all) {
        const parts = [
          [70, true],
          [0, false],
          [33, false],
          [1, true],
          [300, false],
        ] as const;
        const given = parts.map(([count, nulls]) => sampleOf(physical, count, nulls));
        using columns = new DisposableStackOf(
          given.map((values) => new TestColumn(opened, physical, values)),
        );
        const inputs = columns.items.map(({ memory }, at) => ({
          column: memory,
          count: parts[at]?.[0] ?? 0,
        }));
        const joined: OwnedColumn = await concatRows(opened, { columns: inputs }, dirty(opened));
        const expected = given.flat();
        expect(await valuesOf(opened, joined, expected.length), physical).toEqual(expected);
        for (const [first, count] of [
          [0, 0],
          [5, 1],
          [31, 33],
          [71, 330],
          [404, 0],
        ] as const) {
          const slice = await sliceRows(opened, { column: joined, first, count }, dirty(opened));
          expect(await taken(opened, slice, count), `${physical} from ${first}`).toEqual(
            expected.slice(first, first + count),
          );
        }
        await taken(opened, joined, 0);
      }
    });

    it("are not put below rows of another type", async () => {
      const opened = await device();
      using a = new TestColumn(opened, "i32", [1]);
      using b = new TestColumn(opened, "text", ["a"]);
      for (const columns of [[], [a, b]]) {
        const inputs = columns.map(({ memory }) => ({ column: memory, count: 1 }));
        await expect(concatRows(opened, { columns: inputs })).rejects.toMatchObject({
          code: "INVALID_ARGUMENT",
        });
      }
    });

    it("are scattered to other rows, of every type", async () => {
      const opened = await device();
      for (const physical of physicals) {
        const rows = 257;
        const values = sampleOf(physical, rows, false);
        const before = sampleOf(physical, rows, false).reverse();
        const numbers = spread(rows, rows, false).map((row, at) => (at % 3 === 0 ? noRow : row));
        using source = new TestColumn(opened, physical, values);
        using target = new TestColumn(opened, physical, before);
        using list = onDevice(opened, Uint32Array.from(numbers));
        const result = target.memory.values;
        await scatterRows(opened, {
          physical,
          source: source.memory.values,
          rows: list,
          count: rows,
          result,
        });
        const expected: Value[] = [...before];
        for (const [at, row] of numbers.entries()) if (row !== noRow) expected[row] = values[at] ?? null;
        expect(await valuesOf(opened, target.memory, rows), physical).toEqual(expected);
      }
    });
  },
  { computing: true },
);

class DisposableStackOf<T extends Disposable> implements Disposable {
  readonly items: readonly T[];

  constructor(items: readonly T[]) {
    this.items = items;
  }

  [Symbol.dispose](): void {
    for (const item of this.items) item[Symbol.dispose]();
  }
}
