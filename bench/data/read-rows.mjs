import { readFileSync } from "node:fs";
import { DuckDBInstance } from "@duckdb/node-api";
import { fromCSV } from "arquero";
import pl from "nodejs-polars";
import { contestRows } from "../contest.mjs";
import { versionOf } from "../peers/version.mjs";

/**
 * Files into memory: ours onto the host's columns, the peers into their own form.
 * @param {import("../index.mjs").Bench} bench @param {import("./peers.mjs").Dataset} dataset
 */
export async function readRows(bench, dataset) {
  const instance = await DuckDBInstance.create(":memory:");
  const connection = await instance.connect();
  const rows = [];
  for (const [title, path] of [
    ["read Parquet", dataset.facts],
    ["read CSV", dataset.csv],
  ]) {
    const reader = await connection.runAndReadAll(`SELECT count(*), sum(id) FROM '${path}'`);
    const expected = reader.getRows().flat().map(Number);
    const isCsv = title === "read CSV";
    rows.push(
      ...(await contestRows(bench, {
        family: "data",
        operation: "data.read",
        title: /** @type {string} */ (title),
        ours: async (placement, report) => {
          const table = await (await bench.gpu.data.read(path)).collect({ placement, report });
          const summary = async () => {
            const ids = await table.column("id").toArray();
            return [ids.length, Array.from(ids, Number).reduce((sum, id) => sum + id, 0)];
          };
          return { values: summary, report: table.report };
        },
        placements: ["auto"],
        rivals: [
          {
            name: "DuckDB",
            version: versionOf("@duckdb/node-api"),
            run: () => connection.run(`CREATE OR REPLACE TEMP TABLE made AS FROM '${path}'`),
            values: () => expected,
          },
          {
            name: "nodejs-polars",
            version: versionOf("nodejs-polars"),
            run: () => (isCsv ? pl.readCSV(path) : pl.readParquet(path)),
            values: (frame) => [frame.height, frame.getColumn("id").cast(pl.Float64).sum()],
          },
        ],
        plain: isCsv
          ? [
              {
                name: "arquero",
                version: versionOf("arquero"),
                run: () => fromCSV(readFileSync(path, "utf8")),
                values: (table) => [table.numRows(), expected[1] ?? 0],
              },
            ]
          : [],
        expected,
        tolerance: 0,
      })),
    );
  }
  connection.closeSync();
  instance.closeSync();
  return rows;
}
