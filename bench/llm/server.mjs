import { fork } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { openLlama } from "aikoryu/llm";
import { serveLlm } from "aikoryu/server";
import { Ollama } from "ollama";
import { randomModel } from "../../test/support/llama/model.js";
import { contestRows } from "../contest.mjs";

/** @typedef {import("../index.mjs").Bench} Bench @typedef {import("../index.mjs").Row} Row */

const clients = 8;
const pieces = 500;
const tokens = 48;
const shared = {
  family: "llm",
  operation: "llm.serve",
  tolerance: 0,
  placements: /** @type {const} */ (["auto"]),
};
const reportOf = (/** @type {string} */ device) => ({
  placement: "cpu",
  device,
  reason: "a server has no other place",
});

/** What our server costs, and what its parallel requests gain. @param {Bench} bench @returns {Promise<Row[]>} */
export async function rows(bench) {
  return [...(await cost(bench)), ...(await gain(bench))];
}

/** @param {Bench} bench @returns {Promise<Row[]>} */
async function cost(bench) {
  const worker = fork(fileURLToPath(new URL("./server-worker.mjs", import.meta.url)));
  const { ours, byHand } = await new Promise((resolve) => {
    worker.once("message", resolve);
  });
  try {
    return await contestRows(bench, {
      ...shared,
      title: `${clients} clients at a time, ${pieces} pieces to each`,
      ours: async () => ({ values: await received(ours, "m", {}), report: reportOf("HTTP") }),
      rivals: [{ name: "node:http by hand", version: process.version, run: () => received(byHand, "m", {}) }],
      expected: Array(clients).fill(pieces),
    });
  } finally {
    worker.kill();
  }
}

/** @param {Bench} bench @returns {Promise<Row[]>} */
async function gain(bench) {
  const folder = mkdtempSync(join(tmpdir(), "aikoryu-bench-serve-"));
  writeFileSync(join(folder, "tiny.gguf"), randomModel());
  const provider = openLlama({ models: folder, sequences: clients });
  const [many, one] = await Promise.all(
    [clients, 1].map((parallel) => serveLlm(provider, { port: 0, parallel })),
  );
  const ask = (/** @type {string} */ url) => received(url, "tiny", { temperature: 0, num_predict: tokens });
  try {
    if (many === undefined || one === undefined) return [];
    return await contestRows(bench, {
      ...shared,
      title: `${clients} clients at a time, ${tokens} tokens of a tiny model to each`,
      ours: async () => ({ values: await ask(many.url), report: reportOf("llama.cpp") }),
      rivals: [{ name: "one request at a time", version: "OLLAMA_NUM_PARALLEL=1", run: () => ask(one.url) }],
      expected: Array(clients).fill(tokens),
    });
  } finally {
    await Promise.all([many?.close(), one?.close()]);
    await provider[Symbol.asyncDispose]();
    rmSync(folder, { recursive: true });
  }
}

/**
 * Tokens that each of several clients was told it got.
 * @param {string} host @param {string} model @param {Partial<import("ollama").Options>} options
 */
function received(host, model, options) {
  const client = new Ollama({ host });
  return Promise.all(
    Array.from({ length: clients }, async (_, at) => {
      let count = 0;
      const stream = await client.generate({
        model,
        prompt: `client ${at}`,
        raw: true,
        stream: true,
        options,
      });
      for await (const { eval_count } of stream) count = eval_count ?? count;
      return count;
    }),
  );
}
