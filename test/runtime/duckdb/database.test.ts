import { constants } from "node:buffer";
import { existsSync, readdirSync } from "node:fs";
import { tmpdir } from "node:os";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { HostTable } from "#src/core/column.js";
import { type DuckDb, findDuckDb, openDuckDb } from "#src/runtime/duckdb/index.js";
import { Native } from "#src/runtime/duckdb/native.js";
import { runModule } from "../../support/child.js";
import { failure } from "../../support/errors.js";
import { tableValues } from "../../support/host-rows.js";

let database: DuckDb;

beforeAll(async () => {
  database = await openDuckDb({ threads: 2 });
});
afterAll(() => database[Symbol.asyncDispose]());

const endless = "SELECT count(*) AS n FROM range(3000000) a(i), range(3000000) b(j) WHERE hash(i, j) = 1";

async function one(sql: string, from = database): Promise<unknown> {
  return tableValues(await from.query(sql))["v"]?.[0];
}

describe("DuckDB on threads of its own", () => {
  it("stops a query when its signal fires, and goes on", async () => {
    const controller = new AbortController();
    const running = database.query(endless, { signal: controller.signal });
    const other = database.query("SELECT sum(i)::BIGINT AS v FROM range(1000000) t(i)");
    setTimeout(() => controller.abort("enough"), 100);
    const error = await failure(() => running, "ABORTED");
    expect(error.cause).toBe("enough");
    expect(tableValues(await other)["v"]).toEqual([499999500000n]);
    expect(await one("SELECT 1 AS v")).toBe(1n);
  });

  it("does not start with a signal that fired, waiting or not", async () => {
    await failure(() => database.query(endless, { signal: AbortSignal.abort() }), "ABORTED");
    const controller = new AbortController();
    const many = Array.from({ length: 10 }, () => database.query(endless, { signal: controller.signal }));
    setTimeout(() => controller.abort(), 100);
    await Promise.all(many.map((query) => failure(() => query, "ABORTED")));
    expect(await one("SELECT 2 AS v")).toBe(2n);
  });

  it("runs queries side by side, of which some fail", async () => {
    const queries = Array.from({ length: 24 }, (_, index) =>
      index % 3 === 0
        ? failure(() => database.query(`SELECT CAST('x${index}' AS INTEGER)`), "INVALID_VALUE")
        : one(`SELECT count(*) * ${index} AS v FROM range(100000)`),
    );
    const results = await Promise.all(queries);
    for (const [index, result] of results.entries()) {
      if (index % 3 > 0) expect(result).toBe(BigInt(index) * 100000n);
      else expect(String(result)).toContain(`'x${index}'`);
    }
  });

  it("tells how far a query is", async () => {
    await database.execute("CREATE TABLE numbers AS SELECT i FROM range(4000000) t(i)");
    const seen: number[] = [];
    await database.query("SELECT count(*) AS v FROM numbers WHERE hash(i::VARCHAR || repeat('x', 200)) = 1", {
      onProgress: (fraction) => seen.push(fraction),
    });
    expect(seen.length).toBeGreaterThan(0);
    expect(seen).toEqual([...seen].sort((a, b) => a - b));
    expect(seen.every((fraction) => fraction >= 0 && fraction <= 1)).toBe(true);
    await database.execute("DROP TABLE numbers");
  });

  it("counts what a statement changes", async () => {
    await database.execute("CREATE TABLE changing AS SELECT 1 AS a");
    expect(await database.execute("INSERT INTO changing SELECT range FROM range(7)")).toEqual({ changed: 7 });
    expect(await database.execute("DELETE FROM changing WHERE a = 1")).toEqual({ changed: 2 });
    await database.execute("DROP TABLE changing");
  });

  it("refuses a text that ends early for DuckDB", async () => {
    await failure(() => database.query("SELECT 1 AS v\0 UNION SELECT 2"), "INVALID_ARGUMENT");
  });

  it("spends what it is told to, and answers in its terms", async () => {
    const spent: string[] = [];
    await database.query("SELECT 1 AS v", { meter: { add: (span) => spent.push(span) } });
    expect(spent).toEqual(["queueMs", "cpuMs"]);
    expect(await one("SELECT current_setting('TimeZone') AS v")).toBe("UTC");
    expect(await one("SELECT current_setting('threads') AS v")).toBe(2n);
  });

  it("refuses numbers that make no sense", async () => {
    for (const wrong of [0, -1, 1.5, Number.NaN]) {
      await failure(() => openDuckDb({ threads: wrong }), "INVALID_ARGUMENT");
      await failure(() => openDuckDb({ memoryLimitBytes: wrong }), "INVALID_ARGUMENT");
      await failure(() => database.stream("SELECT 1", { batchRows: wrong }).next(), "INVALID_ARGUMENT");
    }
  });

  it("says RESULT_TOO_LARGE for a column that no array holds", async () => {
    const native = await Native.load(findDuckDb());
    const error = await failure(() => native.allocate(constants.MAX_LENGTH + 1), "RESULT_TOO_LARGE");
    expect(error.hint).toContain("batches");
  });

  it("says OUT_OF_MEMORY", async () => {
    await using small = await openDuckDb({ memoryLimitBytes: 30e6, temporaryDirectory: "" });
    const sql = "SELECT i, i || 'x' AS s FROM range(3000000) t(i) ORDER BY hash(i)";
    expect((await failure(() => small.query(sql), "OUT_OF_MEMORY")).hint).toContain("memoryLimitBytes");
    expect(await one("SELECT 1 AS v", small)).toBe(1n);
  });

  it("frees what results, streams and loaded tables took", async () => {
    const held = async () =>
      Number(await one("SELECT sum(memory_usage_bytes)::BIGINT AS v FROM duckdb_memory()"));
    const sql = "SELECT i, 'text number ' || i AS s FROM range(500000) t(i)";
    const use = async () => {
      const table = await database.query(sql);
      for await (const _ of database.stream(sql)) break;
      const loaded = await database.load(table);
      const most = await held();
      await loaded.dispose();
      return most;
    };
    await use();
    const before = await held();
    const most = await use();
    expect(most - before).toBeGreaterThan(8e6);
    expect((await held()) - before).toBeLessThan(1e6);
  });

  it("refuses work after its end, which ends what runs", async () => {
    const own = await openDuckDb();
    const first = failure(() => own.query(endless), "DISPOSED");
    const stream = own.stream("SELECT * FROM range(10000000)", { batchRows: 5000 });
    await stream.next();
    await own[Symbol.asyncDispose]();
    await first;
    expect((await stream.next()).done).toBe(true);
    await failure(() => own.query("SELECT 1"), "DISPOSED");
    await own[Symbol.asyncDispose]();
    expect(readdirSync(tmpdir()).filter((name) => name.startsWith(`aikoryu-${process.pid}-2`))).toEqual([]);
  });
});

describe("streams", () => {
  it.each([1, 2048, 10_000])("give batches of %i rows in order", async (batchRows) => {
    const batches: HostTable[] = [];
    const sql = "SELECT i, 'row ' || i AS s FROM range(30001) t(i) WHERE i % 3 > 0";
    for await (const batch of database.stream(sql, { batchRows })) batches.push(batch);
    const read = batches.flatMap((batch) => tableValues(batch)["i"] ?? []);
    expect(read).toEqual(Array.from({ length: 20000 }, (_, row) => BigInt(row + 1 + Math.floor(row / 2))));
    for (const { rows } of batches) expect(rows).toBeLessThanOrEqual(Math.max(2048, batchRows));
    expect(batches.length).toBeGreaterThanOrEqual(Math.floor(20000 / Math.max(2048, batchRows)));
  });

  it("give one batch without rows for an empty result", async () => {
    const batches: HostTable[] = [];
    for await (const batch of database.stream("SELECT 1 AS v WHERE false")) batches.push(batch);
    expect(batches.map(({ names, rows }) => ({ names, rows }))).toEqual([{ names: ["v"], rows: 0 }]);
  });

  it("end when the loop is left, at an error and at a signal", async () => {
    for await (const { rows } of database.stream("SELECT * FROM range(1000000000)", { batchRows: 4096 })) {
      expect(rows).toBe(4096);
      break;
    }
    const failing = async () => {
      const sql =
        "SELECT CAST(CASE WHEN i = 900000 THEN 'x' ELSE '1' END AS INTEGER) AS v FROM range(1000000) t(i)";
      for await (const batch of database.stream(sql, { batchRows: 8192 }))
        expect(batch.rows).toBeGreaterThan(0);
    };
    await failure(failing, "INVALID_VALUE");
    const controller = new AbortController();
    const aborted = async () => {
      for await (const _ of database.stream("SELECT * FROM range(1000000000)", {
        signal: controller.signal,
      })) {
        controller.abort();
      }
    };
    await failure(aborted, "ABORTED");
    await failure(async () => {
      for await (const _ of database.stream("SELECT nonsense")) expect.fail();
    }, "INVALID_ARGUMENT");
  });
});

describe("the library", () => {
  it("is found, or its absence says what to install", async () => {
    expect(existsSync(findDuckDb())).toBe(true);
    const error = await failure(() => findDuckDb("/nowhere/package.json"), "ENGINE_MISSING");
    expect(error.hint).toContain("npm install @duckdb/node-api");
  });

  it("lets a process end whenever it likes", async () => {
    const start = 'import { openDuckDb } from "#src/runtime/duckdb/index.js";';
    const ends = [
      "openDuckDb();",
      "await openDuckDb();",
      'const db = await openDuckDb(); await db.query("SELECT 1"); await db[Symbol.asyncDispose]();',
      'const db = await openDuckDb(); const s = db.stream("SELECT * FROM range(100000000)"); await s.next();',
    ];
    const ended = await Promise.all(ends.map((text) => runModule(`${start}${text}`)));
    expect(ended.map(({ code, signal, stderr }) => ({ code, signal, stderr }))).toEqual(
      ends.map(() => ({ code: 0, signal: null, stderr: "" })),
    );
  });
});
