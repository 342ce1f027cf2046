import { mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { afterAll, describe, expect, it } from "vitest";
import { count, type DataFrame } from "#src/data/index.js";
import { cpuData, rowText, typesText } from "../../support/data.ts";
import { failure } from "../../support/errors.ts";

const data = cpuData();
const folder = await mkdtemp(join(tmpdir(), "aikoryu-data-"));
afterAll(async () => {
  await data[Symbol.asyncDispose]();
  await rm(folder, { recursive: true, force: true });
});

const at = (name: string) => join(folder, name);
const text = async (name: string, content: string | Uint8Array) => {
  await writeFile(at(name), content);
  return at(name);
};

const rows = [
  { id: 1n, name: "a,b", score: 0.5, day: new Date("2024-02-29"), ok: true, big: 2n ** 62n },
  { id: 2n, name: 'say "hi"\nnow', score: null, day: null, ok: false, big: -(2n ** 63n) },
  { id: 3n, name: null, score: -1e300, day: new Date("1900-01-01"), ok: null, big: null },
  { id: 4n, name: "日本 🦜", score: 3, day: new Date("2262-01-01"), ok: true, big: 0n },
];
const frame = await data.from(rows, { schema: { day: "date" } });

async function rowsOf(frame: unknown): Promise<string[]> {
  return (await (frame as DataFrame).collect()).toRows().map(rowText);
}

const expected = rows.map(rowText);

describe("files", () => {
  it.each(["parquet", "csv", "ndjson", "arrow"])("go out and come back: %s", async (format) => {
    const path = at(`round.${format}`);
    const write = {
      parquet: () => frame.writeParquet(path),
      csv: () => frame.writeCsv(path),
      ndjson: () => frame.writeNdjson(path),
      arrow: () => frame.writeArrow(path),
    }[format];
    expect(await write?.()).toEqual({ rows: 4, byteLength: (await stat(path)).size });
    const read = await data.read(path);
    const big = format === "ndjson" ? "decimal" : "int64";
    expect(typesText(read.schema)).toBe(`id:int64 name:utf8 score:float64 day:date ok:bool big:${big}`);
    expect(await rowsOf(read)).toEqual(expected);
    expect(await rowsOf(read.filter("id > 2").select("name"))).toEqual(["name=null", "name=日本 🦜"]);
    expect(await rowsOf(read.filter("big is null").aggregate({ n: count() }))).toEqual(["n=1"]);
  });

  it("are read several at once, by list and by pattern", async () => {
    await mkdir(at("parts"));
    await frame.filter("id < 3").writeParquet(at("parts/a.parquet"));
    await frame.filter("id >= 3").writeParquet(at("parts/b.parquet"));
    expect(await rowsOf(await data.read(at("parts/*.parquet")))).toEqual(expected);
    const list = await data.read([at("parts/b.parquet"), at("parts/a.parquet")]);
    expect(await rowsOf(list.select("id"))).toEqual(["id=3", "id=4", "id=1", "id=2"]);
    expect(await rowsOf(list.orderBy("ok").select("id"))).toEqual(["id=2", "id=4", "id=1", "id=3"]);
    await frame.writeArrow(at("parts/c.arrow"));
    expect(await (await data.read([at("parts/c.arrow"), at("parts/c.arrow")])).count()).toBe(8);
  });

  it("are tab-separated, compressed, JSON arrays, and of other dialects", async () => {
    const tabs = await text("t.tsv", "a\tb\n1\tx,y\n2\tz\n");
    expect(await rowsOf(await data.read(tabs))).toEqual(["a=1 b=x,y", "a=2 b=z"]);
    const packed = await text("t.csv.gz", gzipSync("a,b\n1,x\n"));
    expect(await rowsOf(await data.read(packed))).toEqual(["a=1 b=x"]);
    const array = await text("t.json", '[{"a": 1, "l": [1, 2]}, {"a": 2, "l": []}]');
    expect(await rowsOf((await data.read(array)).select("l"))).toEqual(["l=[1,2]", "l=[]"]);
    const dialect = await text("d.csv", "1;'x;y';NA\n2;z;3\n");
    const options = { delimiter: ";", quote: "'", header: false, nullText: "NA" };
    expect((await rowsOf(await data.read(dialect, options))).map((row) => row.replace(/\w+=/g, ""))).toEqual([
      "1 x;y null",
      "2 z 3",
    ]);
    const latin = await text("l.csv", Buffer.from("a,b\n1,Zürich\n", "latin1"));
    expect(await rowsOf(await data.read(latin, { encoding: "latin-1" }))).toEqual(["a=1 b=Zürich"]);
  });

  it("are read with the types of a schema, and checked against it", async () => {
    const path = await text("s.csv", "id,price\n1,2.50\n2,3.75\n");
    const typed = await data.read(path, { schema: { id: "utf8", price: "decimal(9, 2)" } });
    expect(await rowsOf(typed)).toEqual(["id=1 price=2.50", "id=2 price=3.75"]);
    expect(
      (await failure(() => data.read(path, { schema: { nr: "int64" } }), "INVALID_ARGUMENT")).message,
    ).toMatch(/nr/);
    await frame.writeParquet(at("s.parquet"));
    const wrong = await failure(
      () => data.read(at("s.parquet"), { schema: { id: "int32" } }),
      "INVALID_ARGUMENT",
    );
    expect(wrong.message).toContain('"id" is int64, not int32');
  });

  it("have an empty table, and one of many columns", async () => {
    await frame.filter("false").writeParquet(at("none.parquet"));
    const none = await data.read(at("none.parquet"));
    expect([await none.count(), await rowsOf(none)]).toEqual([0, []]);
    expect(await rowsOf(await data.read(await text("head.csv", "a,b\n")))).toEqual([]);
  });
});

describe("bad files", () => {
  const cases: readonly (readonly [string, string, string | Uint8Array, string])[] = [
    ["ragged rows", "ragged.csv", `a,b\n${"1,2\n".repeat(50)}1,2,3\n`, "INVALID_FILE"],
    ["an open quote", "quote.csv", 'a,b\n1,"never closed\n2,3\n', "INVALID_FILE"],
    ["a wrong type far down", "types.csv", `a,b\n${"1,2\n".repeat(30_000)}x,3\n`, "INVALID_FILE"],
    [
      "mixed encodings",
      "mixed.csv",
      Buffer.concat([Buffer.from("a,b\n1,é\n"), Buffer.from([50, 44, 0xff, 0xfe, 10])]),
      "INVALID_FILE",
    ],
    ["no JSON", "bad.ndjson", '{"a": 1}\n{"a": \n', "INVALID_FILE"],
    ["a Parquet file that is none", "fake.parquet", "PAR1 nothing", "INVALID_FILE"],
    ["an Arrow file that is none", "fake.arrow", "ARROW1 nothing", "INVALID_FILE"],
    ["nothing at all", "empty.csv", "", "INVALID_FILE"],
    ["nothing in Parquet", "empty.parquet", "", "INVALID_FILE"],
  ];
  it.each(cases)("are refused: %s", async (_, name, content, code) => {
    const path = await text(name, content);
    const error = await failure(async () => (await data.read(path)).collect(), code as "INVALID_FILE");
    expect(error.message.length).toBeGreaterThan(10);
  });

  it("are refused: a Parquet file cut short", async () => {
    await frame.writeParquet(at("whole.parquet"));
    const bytes = await readFile(at("whole.parquet"));
    const path = await text("cut.parquet", bytes.subarray(0, bytes.length - 20));
    await failure(() => data.read(path), "INVALID_FILE");
  });

  it("are not there, are folders, or say nothing of their format", async () => {
    await failure(() => data.read(at("missing.csv")), "FILE_NOT_FOUND");
    await failure(() => data.read(at("none*.csv")), "FILE_NOT_FOUND");
    await failure(() => data.read(folder), "INVALID_ARGUMENT");
    await failure(async () => data.read(await text("notes.txt", "x")), "INVALID_ARGUMENT");
    await failure(() => data.read([]), "INVALID_ARGUMENT");
    await failure(
      async () => data.read([await text("a.csv", "a\n1\n"), await text("a.ndjson", "{}")]),
      "INVALID_ARGUMENT",
    );
    await failure(
      async () => data.read(await text("o.ndjson", "{}"), { delimiter: ";" }),
      "INVALID_ARGUMENT",
    );
  });

  it("name columns twice: they are told apart", async () => {
    const read = await data.read(await text("twice.csv", "a,a,b\n1,2,3\n"));
    expect(new Set(read.columnNames).size).toBe(3);
    expect((await rowsOf(read))[0]?.replace(/\w+=/g, "")).toBe("1 2 3");
  });
});

describe("writing that fails", () => {
  it("leaves no file where the data is wrong", async () => {
    const bad = frame.derive({ n: (row) => row.name.cast("int32") });
    for (const path of [at("half.parquet"), at("half.csv"), at("half.ndjson"), at("half.arrow")]) {
      const write = path.endsWith("parquet")
        ? bad.writeParquet(path)
        : path.endsWith("csv")
          ? bad.writeCsv(path)
          : path.endsWith("ndjson")
            ? bad.writeNdjson(path)
            : bad.writeArrow(path);
      await failure(() => write, "INVALID_VALUE");
    }
    expect((await readdir(folder)).filter((name) => name.includes("half"))).toEqual([]);
  });

  it("leaves what was there before, and no file where there is no folder or no room", async () => {
    const path = await text("kept.csv", "old");
    await failure(() => frame.derive({ n: (row) => row.name.cast("int32") }).writeCsv(path), "INVALID_VALUE");
    expect(await readFile(path, "utf8")).toBe("old");
    await failure(() => frame.writeParquet(at("no/such/folder.parquet")), "WRITE_FAILED");
    await failure(() => frame.writeCsv(folder), "WRITE_FAILED");
    await failure(() => frame.writeCsv(""), "INVALID_ARGUMENT");
    await failure(() => frame.rename({ name: "ID" }).writeParquet(at("case.parquet")), "INVALID_ARGUMENT");
    await frame.rename({ name: "ID" }).writeArrow(at("case.arrow"));
    expect((await data.read(at("case.arrow"))).columnNames).toContain("ID");
  });

  it("is aborted", async () => {
    const signal = AbortSignal.abort();
    await failure(() => frame.writeParquet(at("aborted.parquet"), { signal }), "ABORTED");
    await failure(() => frame.collect({ signal }), "ABORTED");
    expect((await readdir(folder)).filter((name) => name.includes("aborted"))).toEqual([]);
  });
});
