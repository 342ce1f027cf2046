import { getLlama, LlamaLogLevel } from "node-llama-cpp";
import { versionOf } from "../peers/version.mjs";

/**
 * node-llama-cpp on this thread: a context with a sequence for each caller, and greedy tokens.
 * @param {string} path @param {number} sequences
 */
export async function plainLlama(path, sequences) {
  const llama = await getLlama({
    gpu: false,
    build: "never",
    progressLogs: false,
    maxThreads: 1,
    logLevel: LlamaLogLevel.error,
  });
  const model = await llama.loadModel({ modelPath: path, gpuLayers: 0 });
  const context = await model.createContext({ sequences, contextSize: model.trainContextSize, threads: 1 });
  const all = Array.from({ length: sequences }, () => context.getSequence());
  const { tokens } = model;
  const begin = tokens.bos === null ? [] : [tokens.bos];
  return {
    version: versionOf("node-llama-cpp"),
    /** @param {number} caller @param {string} prompt @param {number} maxTokens */
    async answer(caller, prompt, maxTokens) {
      const sequence = all[caller];
      await sequence.clearHistory();
      const made = [];
      for await (const token of sequence.evaluate([...begin, ...model.tokenize(prompt)], {
        temperature: 0,
      })) {
        made.push(token);
        if (made.length === maxTokens) break;
      }
      return model.detokenize(made);
    },
    dispose: () => llama.dispose(),
  };
}
