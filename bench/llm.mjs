/** @type {(() => Promise<{ rows: (bench: import("./index.mjs").Bench) => Promise<import("./index.mjs").Row[]> }>)[]} */
const parts = [
  () => import("./llm/callers.mjs"),
  () => import("./llm/ollama-http.mjs"),
  () => import("./llm/server.mjs"),
];

/** @param {import("./index.mjs").Bench} bench @returns {Promise<import("./index.mjs").Row[]>} */
export async function rows(bench) {
  const all = [];
  for (const part of parts) all.push(...(await (await part()).rows(bench)));
  return all;
}
