import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DuckDBInstance } from "@duckdb/node-api";

/** Fewer for a quick look; what is published has ten million. */
export const factRows = Number(process.env.AIKORYU_BENCH_ROWS ?? 10_000_000);
export const itemRows = Math.max(1, factRows / 10);

/**
 * Two tables as files, the same on every run: numbers are hashes of the row's place.
 * `item` is a dense key of items.parquet, `code` a sparse one.
 * @param {(text: string) => void} progress
 */
export async function makeDataset(progress) {
  const folder = mkdtempSync(join(tmpdir(), "aikoryu-bench-"));
  const instance = await DuckDBInstance.create(":memory:");
  const connection = await instance.connect();
  const path = (/** @type {string} */ name) => join(folder, name);
  progress(`data: writing ${factRows} rows`);
  await connection.run(`COPY (
    SELECT i::INTEGER AS id,
      (hash(i) % 10)::INTEGER AS k10,
      (hash(i + 1e9::BIGINT) % 1000)::INTEGER AS k1000,
      (hash(i + 2e9::BIGINT) % ${itemRows})::INTEGER AS item,
      (hash(i + 3e9::BIGINT) % ${itemRows})::BIGINT * 7919 + 13 AS code,
      (hash(i + 4e9::BIGINT) % 100000000) / 1e4::DOUBLE AS x,
      (hash(i + 5e9::BIGINT) % 1000) / 8.0::DOUBLE AS y,
      ((hash(i + 6e9::BIGINT) % 4294967296)::BIGINT - 2147483648)::INTEGER AS n,
      'item ' || (hash(i + 7e9::BIGINT) % ${itemRows}) || ' of shelf ' || (hash(i + 8e9::BIGINT) % 97) AS name
    FROM range(${factRows}) AS t(i)
  ) TO '${path("facts.parquet")}' (FORMAT parquet)`);
  await connection.run(`COPY (
    SELECT j::INTEGER AS item, j * 7919 + 13 AS code, (hash(j) % 10000) / 16.0::DOUBLE AS weight
    FROM range(${itemRows}) AS t(j) ORDER BY hash(j)
  ) TO '${path("items.parquet")}' (FORMAT parquet)`);
  await connection.run(`COPY (FROM '${path("facts.parquet")}' LIMIT ${Math.ceil(factRows / 5)})
    TO '${path("facts.csv")}' (FORMAT csv, HEADER)`);
  connection.closeSync();
  instance.closeSync();
  return {
    facts: path("facts.parquet"),
    items: path("items.parquet"),
    csv: path("facts.csv"),
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
}
