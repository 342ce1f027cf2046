import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type CopyOptions, type DuckDb, openDuckDb } from "#src/runtime/duckdb/index.js";
import { failure } from "../../support/errors.js";
import { folderOf } from "../../support/files.js";
import { tableValues } from "../../support/host-rows.js";

let database: DuckDb;

beforeAll(async () => {
  database = await openDuckDb();
});
afterAll(() => database[Symbol.asyncDispose]());

const rows = "SELECT i AS a, CASE WHEN i > 0 THEN 'é' || i END AS b FROM range(3) t(i)";

describe("writing files", () => {
  it.each<[CopyOptions, string | undefined]>([
    [{ format: "csv" }, "a,b\n0,\n1,é1\n2,é2\n"],
    [{ format: "csv", header: false, delimiter: "|", nullText: "NA" }, "0|NA\n1|é1\n2|é2\n"],
    [{ format: "ndjson" }, '{"a":0,"b":null}\n{"a":1,"b":"é1"}\n{"a":2,"b":"é2"}\n'],
    [{ format: "parquet", compression: "zstd", rowGroupRows: 2048 }, undefined],
  ])("as %o", async (options, text) => {
    const path = join(folderOf({}), "it's.out");
    const { rows: written, byteLength } = await database.copyTo(rows, path, options);
    const bytes = readFileSync(path);
    expect({ written, byteLength }).toEqual({ written: 3, byteLength: bytes.length });
    if (text !== undefined) expect(bytes.toString()).toBe(text);
    else {
      const read = await database.query(`SELECT * FROM read_parquet('${path.replaceAll("'", "''")}')`);
      expect(tableValues(read)).toEqual({ a: [0n, 1n, 2n], b: [null, "é1", "é2"] });
    }
  });

  it("replaces a file only when it succeeds, also through a link", async () => {
    const folder = folderOf({ "out.csv": "before" });
    const path = join(folder, "link.csv");
    symlinkSync(join(folder, "out.csv"), path);
    const failing =
      "SELECT CAST(CASE WHEN i = 400000 THEN 'x' ELSE '1' END AS INTEGER) AS v FROM range(500000) t(i)";
    await failure(() => database.copyTo(failing, path, { format: "csv" }), "INVALID_VALUE");
    const controller = new AbortController();
    const endless = "SELECT i, hash(i) AS h FROM range(1000000000) t(i)";
    const writing = database.copyTo(endless, path, { format: "csv", signal: controller.signal });
    setTimeout(() => controller.abort(), 100);
    await failure(() => writing, "ABORTED");
    expect(readFileSync(path, "utf8")).toBe("before\n");
    await database.copyTo("SELECT 1 AS a", path, { format: "csv" });
    expect(readFileSync(join(folder, "out.csv"), "utf8")).toBe("a\n1\n");
    expect(readdirSync(folder).sort()).toEqual(["link.csv", "out.csv"]);
  });

  it("says WRITE_FAILED where it cannot, and writes to devices", async () => {
    const folder = folderOf({});
    mkdirSync(join(folder, "folder.csv"));
    const many = "SELECT i FROM range(1000000) t(i)";
    for (const path of [
      join(folder, "nowhere", "a.csv"),
      join(folder, "folder.csv"),
      "/proc/a.csv",
      "/dev/full",
    ]) {
      if (path.startsWith("/dev") && !existsSync(path)) continue;
      const error = await failure(() => database.copyTo(many, path, { format: "csv" }), "WRITE_FAILED");
      expect(error.hint).toBeDefined();
    }
    if (existsSync("/dev/null")) await database.copyTo(many, "/dev/null", { format: "csv" });
    expect(readdirSync(folder)).toEqual(["folder.csv"]);
  });

  it.skipIf(process.platform === "win32")("leaves nothing behind when there is no more room", () => {
    const folder = folderOf({});
    writeFileSync(join(folder, "a.parquet"), "before");
    const text = `
      import { openDuckDb } from "#src/runtime/duckdb/index.js";
      await using database = await openDuckDb();
      const path = ${JSON.stringify(join(folder, "a.parquet"))};
      for (const format of ["parquet", "csv", "ndjson"]) {
        await database.copyTo("SELECT i, hash(i) AS h FROM range(2000000) t(i)", path, { format }).catch((error) => console.log(error.code));
      }`.replace("await using database", "const database");
    const root = fileURLToPath(new URL("../../..", import.meta.url));
    const { stdout, stderr } = spawnSync(
      "sh",
      ["-c", 'ulimit -f 2000; exec "$0" --input-type=module --eval "$1"', process.execPath, text],
      {
        cwd: root,
        encoding: "utf8",
      },
    );
    expect({ stdout, stderr }).toEqual({ stdout: "WRITE_FAILED\n".repeat(3), stderr: "" });
    expect(readdirSync(folder)).toEqual(["a.parquet"]);
    expect(readFileSync(join(folder, "a.parquet"), "utf8")).toBe("before");
  });
});
