import * as batcher from "./batcher.mjs";
import * as placement from "./placement.mjs";
import * as streaming from "./streaming.mjs";

const parts = [placement, batcher, streaming];

/** @param {import("./index.mjs").Bench} bench @returns {Promise<import("./index.mjs").Row[]>} */
export async function rows(bench) {
  const made = [];
  for (const part of parts) made.push(...(await part.rows(bench)));
  return made;
}
