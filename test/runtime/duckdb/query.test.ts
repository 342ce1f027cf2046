import { DuckDBInstance, type DuckDBValue } from "@duckdb/node-api";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { HostTable } from "#src/core/column.js";
import type { ColumnType } from "#src/core/column-type.js";
import { type DuckDb, openDuckDb } from "#src/runtime/duckdb/index.js";
import { failure } from "../../support/errors.js";
import { tableValues } from "../../support/host-rows.js";

let database: DuckDb;

beforeAll(async () => {
  database = await openDuckDb();
});
afterAll(() => database[Symbol.asyncDispose]());

/** What another binding of DuckDB reads. */
async function expected(sql: string): Promise<Record<string, unknown[]>> {
  const connection = await (await DuckDBInstance.create(":memory:")).connect();
  await connection.run("SET TimeZone = 'UTC'");
  const reader = await connection.runAndReadAll(sql);
  const columns = reader.getColumns();
  return Object.fromEntries(
    reader.columnNames().map((name, index) => [name, (columns[index] ?? []).map(plain)]),
  );
}

/** Our result of a query, which is the other binding's, too. */
async function agree(sql: string): Promise<HostTable> {
  const table = await database.query(sql);
  const others = comparable(await expected(sql));
  for (const [name, values] of Object.entries(comparable(tableValues(table)))) {
    expect({ name, values }).toEqual({ name, values: others[name] });
  }
  expect(table.names).toEqual(Object.keys(others));
  return table;
}

function plain(value: DuckDBValue): unknown {
  if (value === null || typeof value !== "object") {
    return typeof value === "number" && Number.isInteger(value) ? BigInt(value) : value;
  }
  if ("items" in value) return [...value.items].map(plain);
  if ("micros" in value) return value.micros;
  if ("days" in value) return BigInt(value.days as number);
  if ("scale" in value) return value.value;
  for (const unit of ["nanos", "nanoseconds", "milliseconds", "millis", "seconds"]) {
    if (unit in value) return (value as unknown as Record<string, unknown>)[unit];
  }
  return value;
}

/** Floats that are whole come as bigint from `plain`. */
function comparable(values: Record<string, unknown[]>): Record<string, unknown[]> {
  const one = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.map(one);
    return typeof value === "number" && Number.isInteger(value) && !Object.is(value, -0)
      ? BigInt(value)
      : value;
  };
  return Object.fromEntries(Object.entries(values).map(([name, column]) => [name, column.map(one)]));
}

const integers = ["TINYINT", "SMALLINT", "INTEGER", "BIGINT", "UTINYINT", "USMALLINT", "UINTEGER", "UBIGINT"];

/** A value of each type, or null for a third of the rows. */
const types: Readonly<Record<string, string>> = {
  ...Object.fromEntries(integers.map((name) => [name.toLowerCase(), `(i % 127)::${name}`])),
  bool: "i % 5 < 2",
  float32: "(i * 0.25 - 3)::FLOAT",
  float64: "i * 0.1::DOUBLE",
  narrow: "((i % 600) * 3 - 999)::DECIMAL(4, 1)",
  middle: "((i % 1000) * 7 - 5000)::DECIMAL(9, 2)",
  wide: "(i * 1000003 - 5)::DECIMAL(18, 3)",
  widest: "(i::DECIMAL(38, 5) * 12345678901234567) - 77",
  huge: "i::HUGEINT * 123456789012345678901 - 55",
  date: "DATE '1969-12-01' + i::INTEGER % 5000",
  seconds: "make_timestamp(i * 1000003 - 7)::TIMESTAMP_S",
  millis: "make_timestamp(i * 1000003 - 7)::TIMESTAMP_MS",
  micros: "make_timestamp(i * 1000003 - 7)",
  nanos: "make_timestamp_ns(i * 1000003 - 7)",
  zoned: "make_timestamp(i * 1000003 - 7)::TIMESTAMPTZ",
  short: "'é' || (i % 300)",
  long: "'a text that is longer than inline, ' || i",
  mixed: "repeat('ab€', (i * 7919 % 23)::INTEGER) || i",
  longest: "repeat('0123456789', (i % 40)::INTEGER)",
  small: "(['b', 'a', 'z', 'é'])[1 + i % 4]::ENUM('b', 'a', 'z', 'é', 'unused')",
  list: "range(i % 4)",
  listed: "list_transform(range(i % 3), x -> CASE WHEN x = 1 THEN NULL ELSE 'item number ' || x END)",
  bools: "list_transform(range(i % 12), x -> x % 3 = 0)",
};

describe("results of DuckDB as columns", () => {
  it.each([0, 1, 33, 2047, 4100])("holds %i rows of every type", async (rows) => {
    const columns = Object.entries(types).map(([name, sql]) => `${sql} AS ${name}`);
    const sql = `SELECT ${columns.join(", ")} FROM range(${rows}) t(i)`;
    await agree(sql);
  });

  it.each([1, 32, 4100])("holds nulls among %i rows of every type", async (rows) => {
    const columns = Object.entries(types).map(
      ([name, sql], index) => `CASE WHEN hash(i + ${index}) % 3 > 0 THEN ${sql} END AS ${name}`,
    );
    const sql = `SELECT ${columns.join(", ")} FROM range(${rows}) t(i)`;
    const table = await agree(sql);
    for (const { nullCount, length, validity } of table.columns) {
      expect(validity?.length ?? Math.ceil(length / 8)).toBe(Math.ceil(length / 8));
      expect(nullCount).toBeLessThanOrEqual(length);
    }
  });

  it("joins chunks of odd sizes and lists out of order", async () => {
    const sql = `SELECT i, CASE WHEN i % 11 > 0 THEN s END AS s, l FROM (
      SELECT i, 'text ' || i AS s, range(i % 5) AS l FROM range(30000) t(i)) WHERE hash(i) % 7 = 0 ORDER BY hash(i)`;
    await agree(sql);
  });

  it("keeps edge values", async () => {
    const sql = `SELECT * FROM (VALUES
      ((-9223372036854775808)::BIGINT, 18446744073709551615::UBIGINT, 'NaN'::DOUBLE, '-0'::FLOAT, ''),
      (9223372036854775807, 0, 'Infinity', '-Infinity', 'a' || chr(0) || 'b'),
      (NULL, NULL, NULL, NULL, NULL)) t(i, u, d, f, s)`;
    const { d, f, ...rest } = tableValues(await database.query(sql));
    expect(rest).toEqual({
      i: [-(2n ** 63n), 2n ** 63n - 1n, null],
      u: [2n ** 64n - 1n, 0n, null],
      s: ["", "a\0b", null],
    });
    expect(d).toEqual([Number.NaN, Number.POSITIVE_INFINITY, null]);
    expect(f).toEqual([-0, Number.NEGATIVE_INFINITY, null]);
  });

  it("refuses types without a column, by name", async () => {
    for (const type of [
      "{'a': 1}",
      "MAP {'a': 1}",
      "'x'::BLOB",
      "TIME '10:00'",
      "uuid()",
      "INTERVAL 1 DAY",
      "[[1]]",
    ]) {
      const error = await failure(() => database.query(`SELECT ${type} AS "odd one"`), "UNSUPPORTED");
      expect(error.message).toContain('"odd one"');
      expect(error.hint).toContain("AS VARCHAR");
    }
  });

  it("refuses two columns of one name, and integers beyond 38 digits", async () => {
    await failure(() => database.query("SELECT 1 AS a, 2 AS a"), "INVALID_ARGUMENT");
    const most = "99999999999999999999999999999999999999";
    for (const sign of ["", "-"]) {
      await failure(
        () => database.query(`SELECT ${sign}100000000000000000000000000000000000000::HUGEINT`),
        "OVERFLOW",
      );
      const { values } = tableValues(await database.query(`SELECT ${sign}${most}::HUGEINT AS values`));
      expect(values).toEqual([BigInt(sign + most)]);
    }
    await failure(
      () => database.query("SELECT 340282366920938463463374607431768211455::UHUGEINT"),
      "OVERFLOW",
    );
  });

  it("have the types that the caller knows", async () => {
    const types: ColumnType[] = [
      { kind: "duration", unit: "ms" },
      { kind: "timestamp", unit: "us", timeZone: "Europe/Berlin" },
    ];
    const sql = "SELECT i AS d, TIMESTAMPTZ '1970-01-01 00:00:01Z' AS t FROM range(3) r(i)";
    const table = await database.query(sql, { types });
    expect(table.columns.map(({ type }) => type)).toEqual(types);
    expect(tableValues(table)).toEqual({ d: [0n, 1n, 2n], t: [1000000n, 1000000n, 1000000n] });
    for await (const batch of database.stream(sql, { types })) {
      expect(batch.columns.map(({ type }) => type)).toEqual(types);
    }
    for (const wrong of [types.slice(1), [{ kind: "int32" } as const, { kind: "int64" } as const]]) {
      await failure(() => database.query(sql, { types: wrong }), "INVALID_ARGUMENT");
    }
  });

  it("describes a query without running it", async () => {
    const columns = Object.entries(types).map(([name, sql]) => `${sql} AS ${name}`);
    const sql = `SELECT ${columns.join(", ")} FROM range(3) t(i)`;
    const table = await database.query(sql);
    expect(await database.describe(sql)).toEqual(
      table.names.map((name, index) => ({ name, type: table.columns[index]?.type })),
    );
  });

  it("is asked one thing at a time, with its values", async () => {
    for (const wrong of ["SELECT ?", "SELECT 1; SELECT 2", "", " -- nothing"]) {
      await failure(() => database.describe(wrong), "INVALID_ARGUMENT");
      await failure(() => database.query(wrong), "INVALID_ARGUMENT");
    }
  });
});
