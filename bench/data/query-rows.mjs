import * as aq from "arquero";
import { contestRows } from "../contest.mjs";

/** Sums of floats depend on their order. */
const relative = 1e-9;

/**
 * One query: ours as placed, DuckDB and polars in one row, arquero in another.
 * @param {import("../index.mjs").Bench} bench @param {import("./queries.mjs").Query} query
 * @param {{ facts: any, items: any }} frames @param {import("./peers.mjs").Peers} peers
 */
export async function queryRows(bench, query, frames, peers) {
  const { duckdb, polars } = peers;
  const expected = await duckdb.numbers(query.expected);
  const [count] = await duckdb.numbers(`SELECT count(*) FROM (${query.sql})`);
  const tables = await peers.arquero(query.columns);
  /** A large result of a peer is checked by its size. @param {number} rows @param {() => unknown[]} first */
  const checked = (rows, first) => {
    if (!query.isLarge) return first().map(Number);
    return rows === count ? expected : [Number.NaN];
  };
  return contestRows(bench, {
    family: "data",
    operation: "data.query",
    title: query.title,
    ours: async (placement, report) => {
      const options = { placement, strict: placement === "gpu", report };
      const frame = query.ours(frames);
      const summary = async (/** @type {any} */ table) =>
        (await query.summary(table)).slice(0, expected.length);
      if (query.isLarge && !report) {
        const made = await frame.cache(options);
        return {
          values: async () => summary(await made.collect()),
          report: undefined,
          dispose: () => made.dispose(),
        };
      }
      const table = await frame.collect(options);
      return { values: () => summary(table), report: table.report };
    },
    rivals: [
      {
        name: duckdb.name,
        version: duckdb.version,
        run: () => (query.isLarge ? duckdb.materialize(query.sql) : duckdb.numbers(query.sql)),
        values: (numbers) => (query.isLarge ? expected : numbers),
      },
      {
        name: polars.name,
        version: polars.version,
        run: () => query.polars(peers),
        values: (frame) => checked(frame.height, () => Object.values(frame.toRecords()[0])),
      },
    ],
    plain: [
      {
        name: tables.name,
        version: tables.version,
        run: () => query.arquero(aq, tables),
        values: (table) => checked(table.numRows(), () => Object.values(table.object())),
      },
    ],
    expected,
    tolerance: relative * Math.max(...expected.map(Math.abs)),
  });
}
