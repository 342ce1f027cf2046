import { DuckDBInstance } from "@duckdb/node-api";
import { openDuckDb } from "aikoryu/runtime";
import { interleaved } from "../harness.mjs";
import { versionOf } from "../peers/version.mjs";

const rows = 10_000_000;

/**
 * The same table for both bindings, whose database of their own each of them has.
 */
const table = `CREATE TABLE t AS SELECT i, i * 0.5::DOUBLE AS d, 'k' || (i % 100000) AS s,
  'a longer text of about 21 ' || (i % 1000) AS l FROM range(${rows}) q(i)`;

const cases = [
  { title: "int64 and float64", columns: ["i", "d"], bytes: 16 * rows },
  { title: "text of up to 6 bytes", columns: ["s"], bytes: 0 },
  { title: "text of 29 bytes", columns: ["l"], bytes: 0 },
];

/**
 * How fast results come out of DuckDB as columns, through its C interface and through @duckdb/node-api, and how fast columns go
 * back in.
 * @param {{ progress: (text: string) => void }} bench @returns {Promise<import("../index.mjs").Row[]>}
 */
export async function readerRows({ progress }) {
  const database = await openDuckDb();
  const connection = await (await DuckDBInstance.create(":memory:")).connect();
  try {
    progress("data.reader: making a table");
    await database.execute(table);
    await connection.run(table);
    const result = [];
    for (const { title, columns, bytes } of cases) {
      progress(`data.reader ${title}`);
      const sql = `SELECT ${columns.join(", ")} FROM t`;
      const whole = await database.query(sql);
      await checkAgainst(connection, sql, whole);
      const ours = () => database.query(sql);
      const peer = () => (bytes > 0 ? readNumbers : readTexts)(connection, sql);
      const load = async () => (await database.load(whole)).dispose();
      const ms = await interleaved(
        [
          { name: "ours", run: ours },
          { name: "node-api", run: peer },
          { name: "load", run: load },
        ],
        { rounds: 5, budgetMs: 6_000 },
      );
      result.push(row("data.reader", title, bytes, ms.get("ours"), ms.get("node-api")));
      result.push(row("data.load", title, bytes, ms.get("load"), undefined));
    }
    return result;
  } finally {
    connection.closeSync();
    await database[Symbol.asyncDispose]();
  }
}

/**
 * @param {string} operation @param {string} title @param {number} bytes
 * @param {number | undefined} ms @param {number | undefined} peerMs
 * @returns {import("../index.mjs").Row}
 */
function row(operation, title, bytes, ms = Number.NaN, peerMs) {
  const peers =
    peerMs === undefined
      ? []
      : [{ name: "@duckdb/node-api", version: versionOf("@duckdb/node-api"), ms: peerMs }];
  const rate = bytes > 0 ? `${(bytes / ms / 1e6).toFixed(2)} GB/s` : `${(rows / ms / 1e3).toFixed(1)} Mrow/s`;
  return {
    family: "data",
    operation,
    case: `10M rows of ${title}`,
    ours: { ms, placement: "cpu", device: "cpu", reason: rate },
    gpuMs: null,
    cpuMs: ms,
    peers,
    ratio: peerMs === undefined ? null : peerMs / ms,
    limit: null,
  };
}

/** @typedef {import("@duckdb/node-api").DuckDBConnection} Connection */

/** Into typed arrays, by way of the vectors' own. @param {Connection} connection @param {string} sql */
async function readNumbers(connection, sql) {
  const result = await connection.run(sql);
  const integers = new BigInt64Array(rows);
  const floats = new Float64Array(rows);
  let at = 0;
  for (const chunk of await result.fetchAllChunks()) {
    const [i, d] = /** @type {any[]} */ ([chunk.getColumnVector(0), chunk.getColumnVector(1)]);
    integers.set(i.items, at);
    floats.set(d.items, at);
    at += chunk.rowCount;
  }
  return [integers, floats];
}

/** @param {Connection} connection @param {string} sql */
async function readTexts(connection, sql) {
  const result = await connection.run(sql);
  /** @type {unknown[]} */
  const texts = [];
  for (const chunk of await result.fetchAllChunks()) {
    for (const text of chunk.getColumnValues(0)) texts.push(text);
  }
  return texts;
}

/** @param {Connection} connection @param {string} sql @param {Awaited<ReturnType<import("aikoryu/runtime").DuckDb["query"]>>} whole */
async function checkAgainst(connection, sql, whole) {
  const result = await connection.run(`${sql} LIMIT 5000`);
  const decoder = new TextDecoder();
  let at = 0;
  for (const chunk of await result.fetchAllChunks()) {
    for (const values of chunk.getRows()) {
      for (const [index, value] of values.entries()) {
        const column = whole.columns[index];
        const found =
          column.layout === "text"
            ? decoder.decode(column.bytes.subarray(column.offsets[at], column.offsets[at + 1]))
            : column.layout === "fixed" && column.values[at];
        if (found !== value) throw new RangeError(`data.reader: row ${at} is ${found}, not ${value}`);
      }
      at++;
    }
  }
}
