import { fork } from "node:child_process";
import { fileURLToPath } from "node:url";
import { bindLlm } from "aikoryu/llm";
import { Ollama } from "ollama";
import { contestRows } from "../contest.mjs";
import { versionOf } from "../peers/version.mjs";

/** What our client of Ollama costs beside the official one. @param {import("../index.mjs").Bench} bench */
export async function rows(bench) {
  const server = fork(fileURLToPath(new URL("./ollama-server.mjs", import.meta.url)));
  const host = await new Promise((resolve) => {
    server.once("message", (port) => resolve(`http://127.0.0.1:${port}`));
  });
  const llm = bindLlm(bench.gpu.runtime, { provider: "ollama", host });
  const peer = new Ollama({ host });
  try {
    const all = [];
    for (const make of [stream, embeddings, calls]) all.push(...(await contestRows(bench, make(llm, peer))));
    return all;
  } finally {
    await llm[Symbol.asyncDispose]();
    server.kill();
  }
}

const shared = { family: "llm", tolerance: 1e-6, placements: /** @type {const} */ (["auto"]) };
const report = { placement: "cpu", device: "ollama over HTTP", reason: "a client has no other place" };
const version = versionOf("ollama");
const words = 2_000;

/** @typedef {import("aikoryu/llm").LlmFamily} Llm @typedef {import("../contest.mjs").Contest} Contest */

/** @param {Llm} llm @param {Ollama} peer @returns {Contest} */
function stream(llm, peer) {
  const messages = [{ role: /** @type {const} */ ("user"), content: "x" }];
  const length = Array.from({ length: words }, (_, at) => ` word${at}`).join("").length;
  return {
    ...shared,
    operation: "llm.chat",
    title: `${words} pieces streamed over HTTP`,
    ours: async () => {
      let count = 0;
      let characters = 0;
      for await (const { text } of llm.chat({ model: "m", messages })) {
        count++;
        characters += text.length;
      }
      return { values: [count, characters], report };
    },
    rivals: [
      {
        name: "ollama (npm)",
        version,
        run: async () => {
          let count = 0;
          let characters = 0;
          for await (const { message } of await peer.chat({ model: "m", messages, stream: true })) {
            count++;
            characters += message.content.length;
          }
          return [count, characters];
        },
      },
    ],
    expected: [words + 1, length],
  };
}

const texts = Array.from({ length: 256 }, (_, at) => `${at}`);
const expected = Float32Array.from(texts, (text) => first(Number(text)));

/** The second number of the server's vector. @param {number} seed */
function first(seed) {
  const values = Array.from({ length: 768 }, (_, index) => Math.sin(index * (1 + seed)));
  return (values[1] ?? 0) / Math.hypot(...values);
}

/** @param {Llm} llm @param {Ollama} peer @returns {Contest} */
function embeddings(llm, peer) {
  return {
    ...shared,
    operation: "llm.embed",
    title: "256 texts of 768 numbers in one call",
    ours: async () => {
      const answer = await llm.embed({ model: "m", input: texts });
      return { values: answer.embeddings.map((row) => row[1] ?? 0), report };
    },
    rivals: [
      {
        name: "ollama (npm)",
        version,
        run: async () =>
          (await peer.embed({ model: "m", input: texts })).embeddings.map((row) => row[1] ?? 0),
      },
    ],
    expected,
  };
}

/** @param {Llm} llm @param {Ollama} peer @returns {Contest} */
function calls(llm, peer) {
  return {
    ...shared,
    operation: "llm.embed",
    title: "256 concurrent calls of one text",
    ours: async () => {
      const answers = await Promise.all(texts.map((input) => llm.embed({ model: "m", input })));
      return { values: answers.map(({ embeddings: [row] }) => row?.[1] ?? 0), report };
    },
    rivals: [
      {
        name: "ollama (npm)",
        version,
        run: async () => {
          const answers = await Promise.all(texts.map((input) => peer.embed({ model: "m", input })));
          return answers.map(({ embeddings: [row] }) => row?.[1] ?? 0);
        },
      },
    ],
    expected,
  };
}
