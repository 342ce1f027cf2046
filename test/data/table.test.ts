import { describe, expect, expectTypeOf, it } from "vitest";
import { fixedColumn } from "#src/core/column-make.js";
import { Columns } from "#src/data/columns.js";
import { Table } from "#src/data/table.js";
import { tableFromRows } from "#src/data/values/rows.js";
import { failure } from "../support/errors.js";
import { contents, sampleTable } from "./tables.js";

const cities = [
  { city: "Zürich", people: 434_335n, area: 87.9, founded: new Date("0015-01-01") },
  { city: "東京", people: 13_960_000n, area: null, founded: null },
  { city: null, people: -1n, area: Number.NaN, founded: new Date(0) },
];

const table = async () =>
  new Table<{ city: "utf8"; people: "int64"; area: "float64"; founded: "timestamp" }>(
    await tableFromRows(cities),
  );

describe("a table", () => {
  it("gives rows, columns and values", async () => {
    const all = await table();
    expect([all.rows, all.columnNames, all.byteLength > 0]).toEqual([
      3,
      ["city", "people", "area", "founded"],
      true,
    ]);
    expect(all.toRows()).toEqual(cities);
    expect([...all]).toEqual(cities);
    expect([all.at(0), all.at(-1), all.at(3), all.at(0.5)]).toEqual([
      cities[0],
      cities[2],
      undefined,
      undefined,
    ]);
    const people = all.column("people");
    expectTypeOf(people.toArray()).toEqualTypeOf<(bigint | null)[]>();
    expectTypeOf(all.at(0)?.city).toEqualTypeOf<string | null | undefined>();
    expect([people.values, people.validity, people.nullCount]).toEqual([
      BigInt64Array.of(434_335n, 13_960_000n, -1n),
      undefined,
      0,
    ]);
    expect([...people]).toEqual(people.toArray());
    expect(people.toArray({ integers: "number" })).toEqual([434_335, 13_960_000, -1]);
    const city = all.column("city");
    expect([city.at(0), city.at(-1), city.at(9), city.isNull(2), city.isNull(0)]).toEqual([
      "Zürich",
      null,
      undefined,
      true,
      false,
    ]);
    expect(city.validity?.[0]).toBe(3);
    await failure(() => city.values, "INVALID_ARGUMENT");
    const error = await failure(() => all.column("peple" as "people"), "INVALID_ARGUMENT");
    expect(error.hint).toBe('Did you mean "people"?');
  });

  it("is sliced as an array is", async () => {
    const all = await table();
    const places = [[], [1], [0, 2], [-2], [-2, -1], [5], [2, 1], [-9, 9]];
    for (const place of places) expect(all.slice(...place).toRows()).toEqual(cities.slice(...place));
  });

  it("gives rows without holding other work up", async () => {
    const rows = Array.from({ length: 40_000 }, (_, at) => ({ a: `text ${at}`, b: at, c: BigInt(at) }));
    const all = new Table(await tableFromRows(rows));
    let turns = 0;
    let running = true;
    const other = async () => {
      for (; running; turns++) await new Promise(setImmediate);
    };
    const done = other();
    let count = 0;
    for await (const row of all) if (row["b"] === count) count++;
    running = false;
    await done;
    expect([count, turns > 2]).toEqual([40_000, true]);
  });

  it("takes columns over and disposes them", async () => {
    const columns = Columns.onHost(await tableFromRows(cities));
    const made = await Table.of(columns);
    expect([made.toRows(), columns.disposed]).toEqual([cities, true]);
  });

  it("goes to apache-arrow and to JSON", async () => {
    const { table: data } = await sampleTable(20, 4);
    const all = new Table(data);
    expect((await all.toArrow()).numRows).toBe(20);
    const json = JSON.parse(JSON.stringify(all)) as Record<string, unknown>[];
    expect(json.length).toBe(20);
    const small = JSON.stringify((await table()).slice(1));
    expect(JSON.parse(small)).toEqual([
      { city: "東京", people: 13_960_000, area: null, founded: null },
      { city: null, people: -1, area: null, founded: "1970-01-01T00:00:00" },
    ]);
  });

  it("keeps a column by the name of __proto__", async () => {
    const data = {
      names: ["__proto__"],
      columns: [fixedColumn({ kind: "int8" }, 1, Int8Array.of(7))],
      rows: 1,
    };
    const [row] = new Table(data).toRows();
    expect(Object.entries(row ?? {})).toEqual([["__proto__", 7]]);
    expect(Object.getPrototypeOf(row)).toBe(Object.prototype);
  });

  it("is shown in a box", async () => {
    expect((await table()).toString({ width: 80 })).toBe(
      [
        "┌────────┬──────────┬─────────┬─────────────────────┐",
        "│ city   │ people   │ area    │ founded             │",
        "│ utf8   │ int64    │ float64 │ timestamp(ms)       │",
        "├────────┼──────────┼─────────┼─────────────────────┤",
        "│ Zürich │   434335 │    87.9 │ 0015-01-01 00:00:00 │",
        "│ 東京   │ 13960000 │    null │                null │",
        "│ null   │       -1 │     NaN │ 1970-01-01 00:00:00 │",
        "└────────┴──────────┴─────────┴─────────────────────┘",
        "3 rows, 4 columns",
      ].join("\n"),
    );
    expect((await table()).slice(0, 0).toString()).toContain("0 rows, 4 columns");
    expect(new Table({ names: [], columns: [], rows: 0 }).toString()).toBe("0 rows, 0 columns");
  });

  it("shows every type, hostile text harmlessly, and no line wider than asked for", async () => {
    const { table: data } = await sampleTable(12, 4);
    for (const width of [20, 40, 80, 200]) {
      const lines = new Table(data).toString({ width, rows: 12 }).split("\n");
      expect(Math.max(...lines.slice(0, -1).map((line) => [...line].length))).toBeLessThanOrEqual(width);
    }
    const rows = [
      {
        text: "\u001b[2Jgone\n\u202etxt.exe\u0007",
        list: Array.from({ length: 30 }, (_, at) => at),
        long: "x".repeat(1e5),
      },
    ];
    const hostile = new Table(await tableFromRows(rows)).toString({ width: 200 });
    expect(hostile).toContain("\\x1b[2Jgone\\n\\u{202e}txt.exe\\x07");
    expect(hostile).toContain("[0, 1, 2, 3, 4, 5, 6, 7, …]");
    expect(hostile.length).toBeLessThan(2000);
  });

  it("refuses a layout that is wrong", async () => {
    await failure(() => new Table({ names: ["a"], columns: [], rows: 0 }), "INVALID_ARGUMENT");
    expect(contents((await table()).data).length).toBe(4);
  });
});
