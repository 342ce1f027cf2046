import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openLlama } from "aikoryu/llm";
import { randomModel } from "../../test/support/llama/model.js";
import { interleaved, warmUp } from "../harness.mjs";
import { plainLlama } from "./plain.mjs";

/** @typedef {import("../index.mjs").Row} Row */

const callers = 8;
const answers = 4;
const countries = ["France", "Japan", "Italy", "Spain", "Egypt", "Peru", "Cuba", "Kenya"];
const prompts = countries.map((country) => `capital of ${country}? `);

/** The shape of examples/char-llama, whose numbers do not matter here. */
const models = [
  { context: 32, maxTokens: 12 },
  { context: 256, maxTokens: 100 },
];

/**
 * Callers of one model at once and one after the other, ours and node-llama-cpp used as its guide says: a sequence each.
 * @param {import("../index.mjs").Bench} bench @returns {Promise<Row[]>}
 */
export async function rows({ progress }) {
  const folder = mkdtempSync(join(tmpdir(), "aikoryu-bench-llm-"));
  const ours = openLlama({ models: folder, sequences: callers });
  try {
    const all = [];
    for (const { context, maxTokens } of models) {
      const name = `tiny-${context}`;
      const path = join(folder, `${name}.gguf`);
      writeFileSync(path, randomModel({ context, name }));
      all.push(...(await rowsOf(ours, name, path, maxTokens, progress)));
    }
    return all;
  } finally {
    await ours[Symbol.asyncDispose]();
    rmSync(folder, { recursive: true, force: true });
  }
}

/**
 * @param {import("aikoryu/llm").Provider} ours @param {string} model @param {string} path @param {number} maxTokens
 * @param {(text: string) => void} progress @returns {Promise<Row[]>}
 */
async function rowsOf(ours, model, path, maxTokens, progress) {
  const title = `${callers} callers, ${answers} answers of ${maxTokens} tokens each`;
  progress(`llm.generate ${title}`);
  const plain = await plainLlama(path, callers);
  try {
    const sampling = { temperature: 0, maxTokens };
    const ask = async (/** @type {number} */ caller) => {
      let text = "";
      for await (const piece of ours.generate({ model, prompt: prompts[caller], sampling }))
        text += piece.text;
      return text;
    };
    const askPlain = (/** @type {number} */ caller) => plain.answer(caller, prompts[caller], maxTokens);
    const contestants = [
      { name: "together", run: () => together(ask) },
      { name: "in turn", run: () => inTurn(ask) },
      { name: "plain", run: () => together(askPlain) },
      { name: "plain in turn", run: () => inTurn(askPlain) },
    ];
    const expected = JSON.stringify(await inTurn(askPlain));
    for (const { name, run } of contestants) {
      const found = JSON.stringify(await run());
      if (found !== expected) throw new Error(`${name}: answers differ: ${found} instead of ${expected}`);
      await warmUp(run);
    }
    const ms = await interleaved(contestants, { rounds: 9, budgetMs: 3_000 });
    const tokens = callers * answers * maxTokens;
    /** @param {string} name @param {string} mine @param {{ name: string, ms: number }} peer @returns {Row} */
    const row = (name, mine, peer) => {
      const time = ms.get(mine) ?? Number.NaN;
      return {
        family: "llm",
        operation: "llm.generate",
        case: name,
        ours: {
          ms: time,
          placement: "cpu",
          device: ours.description,
          reason: `${Math.round((tokens / time) * 1000)} tokens/s`,
        },
        gpuMs: null,
        cpuMs: time,
        peers: [{ ...peer, version: plain.version }],
        ratio: peer.ms / time,
        limit: null,
      };
    };
    const time = (/** @type {string} */ name) => ms.get(name) ?? Number.NaN;
    return [
      row(`${title}, against one after the other`, "together", {
        name: "ours, one after the other",
        ms: time("in turn"),
      }),
      row(title, "together", { name: "node-llama-cpp, a sequence each", ms: time("plain") }),
      row(`${title}, one after the other`, "in turn", { name: "node-llama-cpp", ms: time("plain in turn") }),
    ];
  } finally {
    await plain.dispose();
  }
}

/** @param {(caller: number) => Promise<string>} ask */
function together(ask) {
  return Promise.all(prompts.map((_, caller) => several(ask, caller)));
}

/** @param {(caller: number) => Promise<string>} ask */
async function inTurn(ask) {
  const found = [];
  for (const caller of prompts.keys()) found.push(await several(ask, caller));
  return found;
}

/** @param {(caller: number) => Promise<string>} ask @param {number} caller */
async function several(ask, caller) {
  const found = [];
  for (let at = 0; at < answers; at++) found.push(await ask(caller));
  return found;
}
