/** @type {(() => Promise<{ rows: (bench: import("./index.mjs").Bench) => Promise<import("./index.mjs").Row[]> }>)[]} */
const parts = [
  () => import("./agents/routing.mjs"),
  () => import("./agents/propagation.mjs"),
  () => import("./agents/batching.mjs"),
  () => import("./agents/boards.mjs"),
  () => import("./agents/validation.mjs"),
  () => import("./agents/bus.mjs"),
  () => import("./agents/nats.mjs"),
];

/** @param {import("./index.mjs").Bench} bench @returns {Promise<import("./index.mjs").Row[]>} */
export async function rows(bench) {
  const all = [];
  for (const part of parts) all.push(...(await (await part()).rows(bench)));
  return all;
}
