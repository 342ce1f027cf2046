import { rules } from "aikoryu/agents";
import { contestRows } from "../contest.mjs";
import { chainOf, messagesOf, wordsOf } from "./messages.mjs";

const count = 10_000;

/**
 * The first rule that each message fails, over five rules: length, characters, an expression that has to match, one that must not,
 * and banned texts. The verdicts of functions are the ones that are expected.
 * @param {import("../index.mjs").Bench} bench @returns {Promise<import("../index.mjs").Row[]>}
 */
export async function rows(bench) {
  const all = [];
  for (const banned of [10, 200]) {
    const words = wordsOf(banned);
    const messages = messagesOf(count, words);
    const chain = chainOf(words);
    const megabytes = messages.reduce((sum, message) => sum + Buffer.byteLength(message), 0) / 1e6;
    const validator = bench.gpu.agents.validator([
      rules.maxLength(2050),
      rules.charset("printable-ascii"),
      rules.matches(chain.start),
      rules.rejects(chain.number),
      rules.banned(words),
    ]);
    await validator.compile();
    const prepared = await validator.prepare(messages);
    const expected = firstFailures(messages, chain.functions);
    const title = `${count / 1000}k messages (${megabytes.toFixed(0)} MB) x 5 rules, ${banned} banned texts`;
    for (const [name, given] of /** @type {const} */ ([
      ["", messages],
      [", prepared", prepared],
    ])) {
      const made = await contestRows(bench, {
        family: "agents",
        operation: "agents.validate",
        title: `${title}${name}`,
        ours: async (placement, report) => {
          const options = { placement, strict: placement === "gpu", report };
          const verdicts = await validator.validate(given, options);
          return { values: Float64Array.from(verdicts, ({ index }) => index), report: verdicts.report };
        },
        rivals: [],
        plain: [
          {
            name: "functions, texts.some(includes)",
            version: process.version,
            run: () => firstFailures(messages, chain.functions),
          },
          {
            name: "functions, one RegExp of all texts",
            version: process.version,
            run: () => firstFailures(messages, chain.expressions),
          },
        ],
        expected,
        tolerance: 0,
      });
      all.push(...made.filter(({ peers }) => peers.length > 0));
    }
    prepared.dispose();
    validator.dispose();
  }
  return all;
}

/** @param {readonly string[]} messages @param {readonly ((message: string) => boolean)[]} functions */
function firstFailures(messages, functions) {
  return Float64Array.from(messages, (message) => functions.findIndex((holds) => !holds(message)));
}
