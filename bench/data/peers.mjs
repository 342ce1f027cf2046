import { DuckDBInstance } from "@duckdb/node-api";
import { table } from "arquero";
import pl from "nodejs-polars";
import { versionOf } from "../peers/version.mjs";

/**
 * @typedef {Awaited<ReturnType<typeof openPeers>>} Peers
 * @typedef {{ facts: string, items: string, csv: string }} Dataset
 */

/**
 * Each library with both tables in memory, in its own form.
 * @param {Dataset} dataset
 * @param {(names: readonly string[]) => Promise<{ facts: any, items: any }>} arrays columns by name, for arquero
 */
export async function openPeers(dataset, arrays) {
  const instance = await DuckDBInstance.create(":memory:");
  const connection = await instance.connect();
  await connection.run(`CREATE TABLE facts AS FROM '${dataset.facts}'`);
  await connection.run(`CREATE TABLE items AS FROM '${dataset.items}'`);
  const tables = { facts: pl.readParquet(dataset.facts), items: pl.readParquet(dataset.items) };
  /** @param {string} sql */
  const numbers = async (sql) => (await connection.runAndReadAll(sql)).getRows().flat().map(Number);
  return {
    pl,
    polars: { name: "nodejs-polars", version: versionOf("nodejs-polars"), ...tables },
    duckdb: {
      name: "DuckDB",
      version: versionOf("@duckdb/node-api"),
      numbers,
      /** The result stays in DuckDB's memory. @param {string} sql */
      materialize: async (sql) => {
        await connection.run(`CREATE OR REPLACE TEMP TABLE made AS ${sql}`);
      },
    },
    /** @param {readonly string[]} names */
    arquero: async (names) => {
      const { facts, items } = await arrays(names);
      return { name: "arquero", version: versionOf("arquero"), facts: table(facts), items: table(items) };
    },
    close: () => {
      connection.closeSync();
      instance.closeSync();
    },
  };
}
