import { rows as batcherRows } from "./batcher.mjs";

/** @typedef {import("./index.mjs").Row} Row @typedef {import("./index.mjs").Bench} Bench */

/** @param {Bench} bench @returns {Promise<Row[]>} */
export async function rows(bench) {
  return [...(await batcherRows(bench))];
}
