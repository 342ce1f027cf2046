import { rows as batcher } from "./batcher.mjs";
import { rows as streaming } from "./streaming.mjs";

/**
 * @typedef {import("./index.mjs").Row} Row
 * @typedef {import("./index.mjs").Bench} Bench
 */

/** @param {Bench} bench @returns {Promise<Row[]>} */
export async function rows(bench) {
  const all = [];
  for (const part of [batcher, streaming]) all.push(...(await part(bench)));
  return all;
}
