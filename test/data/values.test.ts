import { describe, expect, it } from "vitest";
import { type ColumnType, typeText } from "#src/core/column-type.js";
import { buildColumn } from "#src/data/values/build.js";
import { readerOf } from "#src/data/values/read.js";
import { tableFromArrays, tableFromRows } from "#src/data/values/rows.js";
import type { ValueOptions } from "#src/data/values/types.js";
import { failure } from "../support/errors.js";
import { contents, rowCounts, samples, valuesOf } from "./tables.js";

const types = (columns: readonly { readonly type: ColumnType }[]) =>
  columns.map(({ type }) => typeText(type));

async function readBack(type: ColumnType, values: readonly unknown[], options?: ValueOptions) {
  const column = await buildColumn("a", type, values.length, (row) => values[row]);
  const read = readerOf(column, "a", options);
  return values.map((_, row) => read(row));
}

describe("values", () => {
  it.each(samples.map(([type, values], at) => [typeText(type), type, values, at] as const))(
    "of %s come back as they went in",
    async (_, type, values, seed) => {
      for (const rows of rowCounts) {
        const given = valuesOf(values, rows, seed * 100 + rows);
        const expected =
          type.kind === "float32" ? given.map((v) => (v === null ? v : Math.fround(v as number))) : given;
        expect(await readBack(type, given)).toEqual(expected);
      }
    },
  );

  it("of long and short texts, over several chunks", async () => {
    const texts = Array.from({ length: 3000 }, (_, at) =>
      at % 7 === 0 ? "ü€🦜".repeat(at % 900) : `row ${at}`,
    );
    expect(await readBack({ kind: "utf8" }, texts)).toEqual(texts);
    const long = ["x".repeat(9 << 20), null, "y"];
    expect(await readBack({ kind: "utf8" }, long)).toEqual(long);
  });

  it("take other forms on the way in and out", async () => {
    const decimal: ColumnType = { kind: "decimal", precision: 20, scale: 3 };
    expect(await readBack(decimal, ["1e3", "-.5", 12.25, 7n, "+0.100"])).toEqual([
      "1000.000",
      "-0.500",
      "12.250",
      "7.000",
      "0.100",
    ]);
    expect(await readBack(decimal, ["1.5"], { decimals: "number" })).toEqual([1.5]);
    expect(await readBack({ kind: "int64" }, [5, 2n ** 53n - 1n], { integers: "number" })).toEqual([
      5,
      2 ** 53 - 1,
    ]);
    expect(await readBack({ kind: "int8" }, [5n])).toEqual([5]);
    expect(await readBack({ kind: "float64" }, [5n])).toEqual([5]);
    expect(await readBack({ kind: "date" }, ["2024-02-29", "-0044-03-15"], { times: "text" })).toEqual([
      "2024-02-29",
      "-000044-03-15",
    ]);
    const stamps = [
      "2024-02-29T12:34:56.123456789Z",
      "1969-12-31 23:59:59.999999999",
      "2024-07-01T00:00+02:00",
    ];
    const ns: ColumnType = { kind: "timestamp", unit: "ns" };
    expect(await readBack(ns, stamps, { times: "bigint" })).toEqual([
      1709210096123456789n,
      -1n,
      1719784800000000000n,
    ]);
    const zoned: ColumnType = { ...ns, timeZone: "America/New_York" };
    expect(await readBack(zoned, stamps, { times: "text" })).toEqual([
      "2024-02-29T07:34:56.123456789-05:00",
      "1969-12-31T18:59:59.999999999-05:00",
      "2024-06-30T18:00:00-04:00",
    ]);
    expect(await readBack({ kind: "duration", unit: "ms" }, ["1d 02:03:04.5", "-00:00:01"])).toEqual([
      93784500n,
      -1000n,
    ]);
  });

  it("that a form does not hold exactly are refused, naming the row", async () => {
    const ns: ColumnType = { kind: "timestamp", unit: "ns" };
    const error = await failure(() => readBack(ns, [0n, 1n]), "INVALID_VALUE");
    expect(error.message).toBe('Row 1 of "a": a Date does not hold 1970-01-01 00:00:00.000000001 exactly');
    expect(error.hint).toContain('times: "bigint"');
    await failure(() => readBack({ kind: "int64" }, [2n ** 53n], { integers: "number" }), "INVALID_VALUE");
    await failure(() => readBack({ kind: "timestamp", unit: "s" }, [2n ** 62n]), "INVALID_VALUE");
  });

  it("that a type does not hold are refused, naming the row", async () => {
    const cases: [ColumnType, unknown, "INVALID_VALUE" | "OVERFLOW", string][] = [
      [{ kind: "int8" }, 128, "OVERFLOW", "128 does not fit int8"],
      [{ kind: "int32" }, 1.5, "INVALID_VALUE", "1.5 is no int32"],
      [{ kind: "uint8" }, -1, "OVERFLOW", "-1 does not fit uint8"],
      [{ kind: "int64" }, 2 ** 53, "INVALID_VALUE", "is no int64"],
      [{ kind: "int64" }, 2n ** 63n, "OVERFLOW", "does not fit"],
      [{ kind: "uint64" }, -1n, "OVERFLOW", "does not fit"],
      [{ kind: "float64" }, "1", "INVALID_VALUE", '"1" is no float64'],
      [{ kind: "float64" }, 2n ** 53n + 1n, "INVALID_VALUE", "is no float64"],
      [{ kind: "bool" }, 1, "INVALID_VALUE", "1 is no bool"],
      [{ kind: "decimal", precision: 4, scale: 2 }, "123.45", "OVERFLOW", "more digits than decimal(4, 2)"],
      [{ kind: "decimal", precision: 4, scale: 2 }, "1.234", "INVALID_VALUE", "more than 2 digits after"],
      [{ kind: "decimal", precision: 4, scale: 2 }, 100n, "OVERFLOW", "does not fit"],
      [{ kind: "decimal", precision: 4, scale: 2 }, "1,5", "INVALID_VALUE", "is no decimal number"],
      [{ kind: "decimal", precision: 4, scale: 2 }, Number.NaN, "INVALID_VALUE", "NaN is no decimal"],
      [{ kind: "date" }, "2023-02-29", "INVALID_VALUE", "is no date"],
      [{ kind: "date" }, new Date(1), "INVALID_VALUE", "time of day"],
      [{ kind: "date" }, new Date(Number.NaN), "INVALID_VALUE", "an invalid Date"],
      [{ kind: "timestamp", unit: "s" }, "2024-01-01T00:00:00.5", "INVALID_VALUE", "is no timestamp(s)"],
      [{ kind: "timestamp", unit: "ns" }, new Date("2500-01-01"), "OVERFLOW", "does not fit"],
      [{ kind: "timestamp", unit: "ms" }, "2024-13-01T00:00:00", "INVALID_VALUE", "is no timestamp"],
      [{ kind: "timestamp", unit: "ms" }, "2024-12-01T24:00:00", "INVALID_VALUE", "is no timestamp"],
      [{ kind: "duration", unit: "ms" }, "soon", "INVALID_VALUE", "is no duration"],
      [{ kind: "utf8" }, 5, "INVALID_VALUE", "is no string"],
      [{ kind: "utf8" }, "a\ud800", "INVALID_VALUE", "surrogate"],
      [{ kind: "list", item: { kind: "int8" } }, 5, "INVALID_VALUE", "is no array"],
      [{ kind: "list", item: { kind: "int8" } }, [500], "OVERFLOW", "does not fit int8"],
    ];
    for (const [type, value, code, message] of cases) {
      const error = await failure(() => readBack(type, [null, value]), code);
      expect(error.message).toContain(message);
    }
  });
});

describe("tables of rows", () => {
  it("infer the types of JavaScript's values", async () => {
    const when = new Date("2024-01-01T01:02:03.004Z");
    const table = await tableFromRows([
      { n: 1, big: 1n, flag: true, text: "ü", when, list: [1, null], nothing: null, huge: 2n ** 63n },
      { n: null, text: undefined, later: 5, huge: 0n, list: new Int8Array(2), wide: -(2n ** 100n) },
    ]);
    expect(table.names).toEqual([
      "n",
      "big",
      "flag",
      "text",
      "when",
      "list",
      "nothing",
      "huge",
      "later",
      "wide",
    ]);
    expect(types(table.columns)).toEqual([
      "float64",
      "int64",
      "bool",
      "utf8",
      "timestamp(ms)",
      "list(float64)",
      "int32",
      "uint64",
      "float64",
      "decimal(38, 0)",
    ]);
    expect(contents(table)).toEqual([
      [1, null],
      [1n, null],
      [true, null],
      ["ü", null],
      [when, null],
      [
        [1, null],
        [0, 0],
      ],
      [null, null],
      [2n ** 63n, 0n],
      [null, 5],
      [null, String(-(2n ** 100n))],
    ]);
  });

  it("follow a schema", async () => {
    const schema = { price: { kind: "decimal", precision: 10, scale: 2 }, id: { kind: "int32" } } as const;
    const table = await tableFromRows([{ id: 1, price: "1.50", x: 1 }], { schema });
    expect([table.names, types(table.columns)]).toEqual([
      ["id", "price", "x"],
      ["int32", "decimal(10, 2)", "float64"],
    ]);
    expect((await tableFromRows([], { schema })).names).toEqual(["price", "id"]);
  });

  it("refuse what has no column, naming row and column", async () => {
    const cases: [unknown[], string][] = [
      [
        [{ a: 1 }, { a: null }, { a: "x" }],
        'Row 2 of "a" is a string where the rows before are of the sort number',
      ],
      [[{ a: 1 }, { a: 1n }], 'Row 1 of "a" is a bigint'],
      [[{ a: {} }], 'Row 0 of "a" is an object'],
      [[{ a: () => 1 }], 'Row 0 of "a" is a function'],
      [[{ a: 1 }, null], "Row 1 is null, not an object"],
      [[[1]], "Row 0 is an array"],
      [[{ a: [1, "x"] }], 'Row 1 of "a[]"'],
    ];
    for (const [rows, message] of cases) {
      const error = await failure(() => tableFromRows(rows as { a: number }[]), "INVALID_ARGUMENT");
      expect(error.message).toContain(message);
    }
    await failure(() => tableFromRows([{ a: 10n ** 38n }]), "OVERFLOW");
    await failure(() => tableFromRows([{ a: new Date(Number.NaN) }]), "INVALID_VALUE");
  });

  it("do not mistake inherited names for values", async () => {
    const table = await tableFromRows([{ constructor: "x" }, {}, JSON.parse('{"__proto__": "y"}')]);
    expect(table.names).toEqual(["constructor", "__proto__"]);
    expect(contents(table)).toEqual([
      ["x", null, null],
      [null, null, "y"],
    ]);
  });
});

describe("tables of arrays", () => {
  it("keep the memory of typed arrays", async () => {
    const numbers = Float32Array.of(1, 2);
    const table = await tableFromArrays({
      numbers,
      texts: ["a", null],
      bytes: Buffer.from([1, 2]),
      flags: [true, false],
    });
    expect(types(table.columns)).toEqual(["float32", "utf8", "uint8", "bool"]);
    const [column] = table.columns;
    expect(column?.layout === "fixed" && column.values === numbers).toBe(true);
    const schema = { numbers: { kind: "int64" } } as const;
    expect(contents(await tableFromArrays({ numbers: Int8Array.of(1, -2) }, { schema }))).toEqual([
      [1n, -2n],
    ]);
    expect((await tableFromArrays({})).rows).toBe(0);
  });

  it("refuse lengths that differ, and what is no array", async () => {
    const error = await failure(() => tableFromArrays({ a: [1], b: [1, 2] }), "INVALID_ARGUMENT");
    expect(error.message).toBe('The column "b" has 2 rows where "a" has 1');
    await failure(() => tableFromArrays({ a: "text" as unknown as string[] }), "INVALID_ARGUMENT");
    await failure(() => tableFromArrays({ a: [1] }, { schema: { b: { kind: "int8" } } }), "INVALID_ARGUMENT");
  });
});
