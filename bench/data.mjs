import { makeDataset } from "./data/dataset.mjs";
import { kernelRows } from "./data/kernel-rows.mjs";
import { openPeers } from "./data/peers.mjs";
import { queries } from "./data/queries.mjs";
import { queryRows } from "./data/query-rows.mjs";
import { readRows } from "./data/read-rows.mjs";
import { readerRows } from "./data/reader.mjs";

/** @param {import("./index.mjs").Bench} bench @returns {Promise<import("./index.mjs").Row[]>} */
export async function rows(bench) {
  const dataset = await makeDataset(bench.progress);
  try {
    const rows = [
      ...(await readerRows(bench)),
      ...(await readRows(bench, dataset)),
      ...(await kernelRows(bench)),
    ];
    const frames = {
      facts: await (await bench.gpu.data.read(dataset.facts)).cache(),
      items: await (await bench.gpu.data.read(dataset.items)).cache(),
    };
    const arrays = async (/** @type {readonly string[]} */ names) => ({
      facts: await columnsOf(frames.facts, names),
      items: await columnsOf(frames.items, ["item", "code", "weight"]),
    });
    const peers = await openPeers(dataset, arrays);
    try {
      for (const query of queries) rows.push(...(await queryRows(bench, query, frames, peers)));
    } finally {
      peers.close();
    }
    return rows;
  } finally {
    dataset.remove();
  }
}

/** @param {any} frame @param {readonly string[]} names */
async function columnsOf(frame, names) {
  const table = await frame.select(...names).collect();
  const entries = names.map(async (name) => [name, asNumbers(await table.column(name).toArray())]);
  return Object.fromEntries(await Promise.all(entries));
}

/** arquero does not compute with bigints. @param {any} values */
function asNumbers(values) {
  return values instanceof BigInt64Array ? Float64Array.from(values, Number) : values;
}
