import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { HostColumn, HostTable, TextColumn } from "#src/core/column.js";
import type { ColumnType } from "#src/core/column-type.js";
import { type DuckDb, openDuckDb } from "#src/runtime/duckdb/index.js";
import { failure } from "../../support/errors.js";
import { columnValues, tableValues } from "../../support/host-rows.js";

let database: DuckDb;

beforeAll(async () => {
  database = await openDuckDb();
});
afterAll(() => database[Symbol.asyncDispose]());

function bitmap(length: number, isSet: (row: number) => boolean): Uint8Array {
  const bits = new Uint8Array(Math.ceil(length / 8));
  for (let row = 0; row < length; row++)
    if (isSet(row)) bits[row >> 3] = (bits[row >> 3] ?? 0) | (1 << (row & 7));
  return bits;
}

function text(values: readonly string[], skipped = ""): TextColumn {
  const bytes = Buffer.from(skipped + values.join(""));
  const offsets = new Int32Array(values.length + 1);
  offsets[0] = Buffer.byteLength(skipped);
  for (const [row, value] of values.entries())
    offsets[row + 1] = (offsets[row] ?? 0) + Buffer.byteLength(value);
  return { layout: "text", type: { kind: "utf8" }, length: values.length, offsets, bytes, nullCount: 0 };
}

function words(row: number): string {
  return row % 3 === 0 ? `é${row}` : "x".repeat(row % 29);
}

/** One column of each kind; with nulls, each third row is one. */
function columnsOf(length: number, withNulls: boolean): HostColumn[] {
  const rows = Array.from({ length }, (_, row) => row);
  const isNull = (row: number) => row % 3 === 1;
  const nulls = withNulls
    ? { validity: bitmap(length, (row) => !isNull(row)), nullCount: rows.filter(isNull).length }
    : { nullCount: 0 };
  const fixed = (
    type: ColumnType,
    values: Extract<HostColumn, { layout: "fixed" }>["values"],
  ): HostColumn => ({
    layout: "fixed",
    type,
    length,
    values,
    ...nulls,
  });
  const wide = new BigInt64Array(rows.flatMap((row) => [BigInt(row) * 2n ** 40n, BigInt(-row)]));
  const offsets = Int32Array.from([...rows, length], (row) => 5 + 2 * row);
  const items = fixed({ kind: "int32" }, new Int32Array(0));
  return [
    fixed(
      { kind: "bool" },
      bitmap(length, (row) => row % 5 === 0),
    ),
    fixed({ kind: "int8" }, Int8Array.from(rows)),
    fixed({ kind: "uint16" }, Uint16Array.from(rows)),
    fixed(
      { kind: "int64" },
      BigInt64Array.from(rows, (row) => -(BigInt(row) ** 5n)),
    ),
    fixed(
      { kind: "uint64" },
      BigUint64Array.from(rows, (row) => 2n ** 64n - 1n - BigInt(row)),
    ),
    fixed(
      { kind: "float64" },
      Float64Array.from(rows, (row) => row / 3),
    ),
    fixed(
      { kind: "decimal", precision: 4, scale: 2 },
      BigInt64Array.from(rows, (row) => BigInt((row % 99) - 50)),
    ),
    fixed(
      { kind: "decimal", precision: 9, scale: 2 },
      BigInt64Array.from(rows, (row) => BigInt(-row)),
    ),
    fixed(
      { kind: "decimal", precision: 18, scale: 0 },
      BigInt64Array.from(rows, (row) => BigInt(row) ** 3n),
    ),
    fixed({ kind: "decimal", precision: 38, scale: 9 }, wide),
    fixed(
      { kind: "date" },
      Int32Array.from(rows, (row) => row - 20),
    ),
    fixed({ kind: "timestamp", unit: "s" }, BigInt64Array.from(rows, BigInt)),
    fixed({ kind: "timestamp", unit: "ns" }, BigInt64Array.from(rows, BigInt)),
    fixed({ kind: "timestamp", unit: "us", timeZone: "UTC" }, BigInt64Array.from(rows, BigInt)),
    { ...text(rows.map(words), "skipped"), ...nulls },
    {
      layout: "dictionary",
      type: { kind: "utf8" },
      length,
      codes: Uint32Array.from(rows, (row) => (withNulls && isNull(row) ? 0 : row % 3)),
      dictionary: text(["a", "a long text of a dictionary", "é"]),
      ...nulls,
    },
    {
      layout: "list",
      type: { kind: "list", item: { kind: "int32" } },
      length,
      offsets,
      items: {
        ...items,
        length: 2 * length + 5,
        values: Int32Array.from({ length: 2 * length + 5 }, (_, item) => item * 3),
        validity: bitmap(2 * length + 5, (item) => item % 7 !== 0),
        nullCount: 1,
      } as HostColumn,
      ...nulls,
    },
    {
      layout: "list",
      type: { kind: "list", item: { kind: "utf8" } },
      length,
      offsets,
      items: text(Array.from({ length: 2 * length + 5 }, (_, item) => words(item))),
      ...nulls,
    },
  ];
}

function tableOf(columns: readonly HostColumn[], names?: readonly string[]): HostTable {
  return { names: names ?? columns.map((_, index) => `c${index}`), columns, rows: columns[0]?.length ?? 0 };
}

describe("columns loaded into DuckDB", () => {
  it.each([0, 1, 33, 2049, 4100])("are what they were, %i rows", async (rows) => {
    for (const withNulls of [false, true]) {
      const columns = columnsOf(rows, withNulls);
      await using loaded = await database.load(tableOf(columns));
      const table = await database.query(`SELECT * FROM ${loaded.name}`);
      for (const [index, column] of columns.entries()) {
        const read = table.columns[index];
        expect(read?.type).toEqual(column.type);
        expect(read && columnValues(read)).toEqual(columnValues(column));
      }
    }
  });

  it("may be null altogether", async () => {
    const values = new Float32Array(3000);
    const validity = new Uint8Array(375);
    const column: HostColumn = {
      layout: "fixed",
      type: { kind: "float32" },
      length: 3000,
      values,
      validity,
      nullCount: 3000,
    };
    await using loaded = await database.load(tableOf([column]));
    const { n } = tableValues(await database.query(`SELECT count(*) - count(c0) AS n FROM ${loaded.name}`));
    expect(n).toEqual([3000n]);
  });

  it("have names that DuckDB can tell apart", async () => {
    const column = text(["x"]);
    const names = ["a", "A", "", 'quo"te', "a_1"];
    await using loaded = await database.load(
      tableOf(
        names.map(() => column),
        names,
      ),
    );
    expect(loaded.columns).toEqual(["a", "A_1", "column2", 'quo"te', "a_1_1"]);
    expect((await database.query(`SELECT * FROM ${loaded.name}`)).names).toEqual(loaded.columns);
  });

  it("are gone once disposed, or when loading was aborted", async () => {
    const loaded = await database.load(tableOf([text(["x"])]));
    await Promise.all([loaded.dispose(), loaded.dispose()]);
    await failure(() => database.query(`SELECT * FROM ${loaded.name}`), "INVALID_ARGUMENT");
    const values = new Float64Array(4_000_000);
    const column: HostColumn = {
      layout: "fixed",
      type: { kind: "float64" },
      length: values.length,
      values,
      nullCount: 0,
    };
    const controller = new AbortController();
    const loading = database.load(tableOf([column]), { signal: controller.signal });
    setTimeout(() => controller.abort(), 5);
    await failure(() => loading, "ABORTED");
    const { tables } = tableValues(await database.query("SELECT table_name AS tables FROM duckdb_tables()"));
    expect(tables).toEqual([]);
  });
});
