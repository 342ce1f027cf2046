import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import {
  type CsvOptions,
  type DuckDb,
  describeFiles,
  type FileFormat,
  fileSql,
  openDuckDb,
} from "#src/runtime/duckdb/index.js";
import { failure } from "../../support/errors.js";
import { folderOf } from "../../support/files.js";
import { tableValues } from "../../support/host-rows.js";

let database: DuckDb;

beforeAll(async () => {
  database = await openDuckDb();
});
afterAll(() => database[Symbol.asyncDispose]());

function write(content: string | Uint8Array, name: string, folder = folderOf({})): string {
  const path = join(folder, name);
  writeFileSync(path, content);
  return path;
}

function formatOf(path: string): FileFormat {
  if (path.endsWith(".parquet")) return "parquet";
  return /\.csv(\.gz|\.zst)?$/.test(path) ? "csv" : "ndjson";
}

async function read(paths: string | readonly string[], options?: CsvOptions) {
  const list = typeof paths === "string" ? [paths] : paths;
  const files = await describeFiles(database, { format: formatOf(list[0] ?? ""), paths: list, options });
  const table = await database.query(`SELECT * FROM ${fileSql(files)}`);
  expect(files.schema).toEqual(table.columns.map(({ type }, index) => ({ name: table.names[index], type })));
  const kinds = Object.fromEntries(files.schema.map(({ name, type }) => [name, type.kind]));
  return { kinds, values: tableValues(table), files };
}

async function refused(content: string | Uint8Array, name: string, options?: CsvOptions) {
  const path = write(content, name);
  const error = await failure(() => read(path, options), "INVALID_FILE");
  expect(error.message).toContain(name);
  expect(error.message.split("\n").length).toBeLessThanOrEqual(3);
  return error;
}

const numbered = (rows: number) => Array.from({ length: rows }, (_, row) => `${row},${row}\n`).join("");

describe("CSV files", () => {
  it("have typed columns", async () => {
    const text =
      'i,f,b,d,t,s\n1,0.5,true,2020-02-29,2020-02-29 10:00:00,"x, ""y""\nz"\n,,,,,\n-3,1e3,false,1969-12-31,1969-12-31T23:59:59.5,é\n';
    const { kinds, values, files } = await read(write(text, "a.csv"));
    expect(kinds).toEqual({ i: "int64", f: "float64", b: "bool", d: "date", t: "timestamp", s: "utf8" });
    expect(values).toEqual({
      i: [1n, null, -3n],
      f: [0.5, null, 1000],
      b: [true, null, false],
      d: [18321n, null, -1n],
      t: [1582970400000000n, null, -500000n],
      s: ['x, "y"\nz', null, "é"],
    });
    expect(files.byteLength).toBe(Buffer.byteLength(text));
  });

  it("may be written in other ways", async () => {
    expect((await read(write("\ufeffa;b\r\n1;2,5\r\n", "a.csv"))).values).toEqual({ a: [1n], b: ["2,5"] });
    expect((await read(write("a\tb\n1\tx y\n", "a.csv"))).values).toEqual({ a: [1n], b: ["x y"] });
    expect((await read(write("1,2\n3,4\n", "a.csv"), { header: false })).values).toEqual({
      column0: [1n, 3n],
      column1: [2n, 4n],
    });
    expect((await read(write("a,b\n#1,NA\n2,3\n", "a.csv"), { nullText: "NA" })).values).toEqual({
      a: ["#1", "2"],
      b: [null, 3n],
    });
    const latin = Buffer.from("a,b\n1,été\n", "latin1");
    expect((await read(write(latin, "a.csv"), { encoding: "latin-1" })).values).toEqual({
      a: [1n],
      b: ["été"],
    });
    expect((await read(write("a,b\n", "a.csv"))).values).toEqual({ a: [], b: [] });
    const types = { a: { kind: "utf8" }, b: { kind: "decimal", precision: 5, scale: 2 } } as const;
    expect((await read(write("a,b\n01,2.5\n", "a.csv"), { types })).values).toEqual({ a: ["01"], b: [250n] });
  });

  it("keep whole numbers beyond 64 bits, and dates that could be two", async () => {
    const text =
      "u,h,x,d\n18446744073709551615,-12345678901234567890123456789012345678,1234567890123456789012345678901234567890123,01/02/2020\n1,2,3,13/02/2020\n";
    const { kinds, values } = await read(write(text, "a.csv"));
    expect(kinds).toEqual({ u: "decimal", h: "decimal", x: "utf8", d: "utf8" });
    expect(values).toEqual({
      u: [2n ** 64n - 1n, 1n],
      h: [-12345678901234567890123456789012345678n, 2n],
      x: ["1234567890123456789012345678901234567890123", "3"],
      d: ["01/02/2020", "13/02/2020"],
    });
  });

  it("refuses dialects that make no sense, and types of columns that are not there", async () => {
    const path = write("a,b\n1,2\n", "a.csv");
    const options: CsvOptions[] = [
      { delimiter: "" },
      { delimiter: '"' },
      { quote: "''" },
      { types: { c: { kind: "int8" } } },
    ];
    for (const each of options) await failure(() => read(path, each), "INVALID_ARGUMENT");
  });

  it("with columns of one name have them numbered", async () => {
    expect(Object.keys((await read(write("a,a,A,\n1,2,3,4\n", "a.csv"))).values)).toEqual([
      "a",
      "a_1",
      "A_2",
      "column3",
    ]);
  });

  it("are refused by line where rows are ragged or quotes are wrong", async () => {
    for (const [text, line] of [
      ["a,b,c\n1,2,3\n4,5\n6,7,8\n", 3],
      ["a,b,c\n1,2,3\n4,5,6,7\n", 3],
      ["a,b\n1,2,3\n4,5,6\n", 2],
      ['a,b\n1,"x\n2,y\n', 2],
      ['a,b\n1,"x"y\n2,y\n', 2],
      [`a,b\n${numbered(50_000)}1,2,3\n`, 50_002],
      [`a,b\n${numbered(50_000)}1,"2\n`, 50_002],
    ] as const) {
      expect((await refused(text, "bad.csv")).message).toContain(`line ${line}`);
    }
  });

  it("are refused by line and column where a value has another type", async () => {
    const error = await refused(`a,b\n${numbered(30_000)}1,oops\n`, "types.csv");
    expect(error.message).toContain(
      'line 30002: Error when converting column "b". Could not convert string "oops"',
    );
    expect(error.hint).toContain("types");
    const options = { types: { b: { kind: "int8" } } } as const;
    expect((await refused("a,b\n1,300\n", "range.csv", options)).message).toContain('column "b"');
  });

  it("are refused where bytes are of another encoding", async () => {
    for (const before of ["a,b\n", `a,b\nx,y\n${numbered(50_000)}`]) {
      const latin = Buffer.concat([
        Buffer.from(`${before}1,`),
        Buffer.from([0xe9, 0x74, 0xe9]),
        Buffer.from("\n"),
      ]);
      expect((await refused(latin, "latin.csv")).hint).toContain("latin-1");
    }
    await failure(() => read(write("a,b\n1,2\n", "a.csv"), { encoding: "ebcdic" }), "INVALID_ARGUMENT");
  });
});

describe("several files", () => {
  it("match by name, in order of their names", async () => {
    const folder = folderOf({});
    write("a,b\n1,x\n", "part-1.csv", folder);
    write("a,b\n2,y\n", "part-2.csv", folder);
    const { values, files } = await read(join(folder, "part-*.csv"));
    expect(values).toEqual({ a: [1n, 2n], b: ["x", "y"] });
    expect(files.paths.length).toBe(2);
    write("b,a\ny,2\n", "part-2.csv", folder);
    expect((await read(join(folder, "part-*.csv"))).values).toEqual({ a: ["1", "2"], b: ["x", "y"] });
    write("a,c\n1,x\n", "part-3.csv", folder);
    await failure(() => read(join(folder, "part-*.csv")), "INVALID_FILE");
  });

  it("may have names with the characters of patterns", async () => {
    const folder = folderOf({});
    const paths = ["a[1].csv", "a'1.csv", "b?.csv", "*.csv"].map((name) => write("a\n1\n", name, folder));
    for (const path of paths) expect((await read(path)).values).toEqual({ a: [1n] });
  });

  it("that are missing are named, with one that is near", async () => {
    const path = write("a\n1\n", "trips.csv");
    const error = await failure(() => read(path.replace("trips", "tripps")), "FILE_NOT_FOUND");
    expect(error.hint).toContain("trips.csv");
    await failure(() => read(path.replace("trips", "nothing*")), "FILE_NOT_FOUND");
    await failure(() => database.query("SELECT * FROM read_csv('/nowhere.csv')"), "FILE_NOT_FOUND");
    await failure(() => database.query("SELECT * FROM '/nowhere.parquet'"), "FILE_NOT_FOUND");
  });

  it("that are empty, or folders, are refused", async () => {
    for (const name of ["a.csv", "a.parquet", "a.ndjson"]) await refused("", name);
    await failure(() => read(folderOf({}), {}), "INVALID_FILE");
  });
});

describe("compressed text", () => {
  it("that is cut off or damaged is refused, also where what is left would parse", async () => {
    const lines = gzipSync(
      Array.from({ length: 20_000 }, (_, row) => `{"a":${(row * 7919) % 20_011}}\n`).join(""),
    );
    const csv = gzipSync(
      `a\n${Array.from({ length: 20_000 }, (_, row) => `${(row * 7919) % 20_011}\n`).join("")}`,
    );
    expect((await read(write(lines, "whole.ndjson.gz"))).values["a"]).toHaveLength(20_000);
    await refused(lines.subarray(0, lines.length / 2), "cut.ndjson.gz");
    await refused(lines.subarray(0, -1), "end.ndjson.gz");
    await refused(csv.subarray(0, csv.length / 2), "cut.csv.gz");
    await refused(csv.subarray(0, 20), "short.csv.gz");
    await refused(Buffer.from(csv).fill(1, csv.length - 8, csv.length - 4), "sum.csv.gz");
  });

  it("by Zstandard is refused without its last block, and read with it", async () => {
    const path = join(folderOf({}), "whole.csv.zst");
    const sql = "SELECT i, hash(i) AS h FROM range(100000) t(i)";
    await database.execute(`COPY (${sql}) TO '${path}' (FORMAT csv, COMPRESSION zstd)`);
    const whole = readFileSync(path);
    expect((await read(path)).values["i"]).toHaveLength(100_000);
    for (const bytes of [whole.length - 1, whole.length >> 1, 7]) {
      await refused(whole.subarray(0, bytes), `cut${bytes}.csv.zst`);
    }
  });

  it("of several members is read whole", async () => {
    const members = Buffer.concat([gzipSync("a\n1\n"), gzipSync("2\n")]);
    expect((await read(write(members, "members.csv.gz"))).values).toEqual({ a: [1n, 2n] });
  });
});

describe("Parquet and NDJSON files", () => {
  it("have the types that they were written with", async () => {
    const path = join(folderOf({}), "a.parquet");
    const sql =
      "SELECT i, i::DECIMAL(20, 2) AS d, {'a': i, 'b': 'x'} AS s, TIME '10:00:00' AS t, [i, NULL] AS l FROM range(3000) r(i)";
    expect((await database.copyTo(sql, path, { format: "parquet" })).rows).toBe(3000);
    const { kinds, values, files } = await read(path);
    expect(kinds).toEqual({ i: "int64", d: "decimal", s: "utf8", t: "utf8", l: "list" });
    expect(values["s"]?.[2]).toBe("{'a': 2, 'b': x}");
    expect(values["l"]?.[1]).toEqual([1n, null]);
    expect(files.rows).toBe(3000);
  });

  it("that are cut off, damaged or no Parquet are refused", async () => {
    const path = join(folderOf({}), "whole.parquet");
    await database.copyTo("SELECT i, i * 1.5 AS d FROM range(100000) t(i)", path, { format: "parquet" });
    const whole = readFileSync(path);
    await refused(whole.subarray(0, whole.length / 2), "cut.parquet");
    await refused("hello, this is no such file at all", "text.parquet");
    await refused("PAR1", "short.parquet");
    await refused(
      Buffer.concat([Buffer.from("PAR1"), Buffer.alloc(200, 7), Buffer.from("PAR1")]),
      "footer.parquet",
    );
    await refused(Buffer.from(whole).fill(0x55, 1000, 3000), "damaged.parquet");
  });

  it("of JSON lines have typed columns, objects as texts", async () => {
    const text = '{"a": 1, "s": "é", "o": {"x": 1}, "l": [1, 2]}\n{"a": 2.5, "o": {"y": "z"}}\n';
    const { kinds, values } = await read(write(text, "a.ndjson"));
    expect(kinds).toEqual({ a: "float64", s: "utf8", o: "utf8", l: "list" });
    expect(values).toEqual({
      a: [1, 2.5],
      s: ["é", null],
      o: ['{"x":1}', '{"y":"z"}'],
      l: [[1n, 2n], null],
    });
  });

  it("of another kind altogether are refused, without what a terminal would obey", async () => {
    const bytes = Buffer.from([0x1b, 0x5b, 0x32, 0x4a, 0, 1, 2, 0x2c, 10, 0xff, 7, 10, 44, 44, 10]);
    for (const name of ["a.csv", "a.ndjson", "a.parquet"]) {
      expect((await refused(bytes, name)).message).not.toMatch(/(?!\n)\p{Cc}/u);
    }
  });

  it("of broken JSON lines are refused", async () => {
    await refused('{"a": 1}\n{"a":\n{"a": 3}\n', "bad.ndjson");
    await refused('{"a": 1, "a": 2}\n', "twice.ndjson");
    await refused(`${'{"a": 1}\n'.repeat(30_000)}{"a": "x"}\n`, "types.ndjson");
  });
});
