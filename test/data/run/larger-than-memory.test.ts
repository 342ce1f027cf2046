import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { DataContext } from "#src/data/context.js";
import { readFiles } from "#src/data/files/read.js";
import { count, DataFrame } from "#src/data/index.js";
import { deviceExecutor } from "#src/data/run/device-executor.js";
import { openDuckDb } from "#src/runtime/duckdb/index.js";
import { Runtime } from "#src/runtime/index.js";

const rows = 3_000_000;
const folder = await mkdtemp(join(tmpdir(), "aikoryu-large-"));
const path = join(folder, "large.parquet");
const writer = await openDuckDb();
await writer.copyTo(
  `SELECT i AS id, hash(i) % 1000003 AS key, (i * 7919) % ${rows} AS place, i / 8 AS value FROM range(${rows}) r(i)`,
  path,
  { format: "parquet" },
);
await writer[Symbol.asyncDispose]();

const runtime = new Runtime({ adapters: async () => [] });
const context = new DataContext(runtime, deviceExecutor, { memoryLimitBytes: 96 << 20, threads: 2 });
const frame = new DataFrame(context, await readFiles(context, path, {}));
afterAll(async () => {
  await context.dispose();
  await runtime.dispose();
  await rm(folder, { recursive: true, force: true });
});

describe("with a fraction of the memory that the columns take", () => {
  it("rows are sorted and come in batches", async () => {
    let next = 0n;
    for await (const { data } of frame.select("place").orderBy("place").batches()) {
      const [column] = data.columns;
      const values = column?.layout === "fixed" ? column.values : [];
      for (const value of values) if (value !== next++) expect.fail(`${value} came as ${next - 1n}`);
    }
    expect(next).toBe(BigInt(rows));
  });

  it("rows are grouped, joined and written", async () => {
    const groups = await frame
      .groupBy("key")
      .aggregate({ n: count() })
      .aggregate({ rows: "sum(n)" })
      .collect();
    expect(groups.toRows()).toEqual([{ rows: BigInt(rows) }]);
    const copy = join(folder, "copy.parquet");
    expect(await frame.derive({ double: "value * 2" }).filter("id >= 10").writeParquet(copy)).toMatchObject({
      rows: rows - 10,
    });
    const both = frame.join(new DataFrame(context, await readFiles(context, copy, {})), "id", {
      how: "semi",
    });
    expect(await both.count()).toBe(rows - 10);
  });
});
