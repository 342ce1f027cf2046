import { describe, expect, test } from "vitest";
import { failure } from "../../support/errors.js";
import {
  answerOf,
  chainModel,
  end,
  follows,
  modelFolder,
  randomModel,
  sharedLlama,
  tokensOf,
} from "../../support/llama/index.js";

const cycle = "abcdefgh €wxyz";
const [letterQ = 0, letterR = 0] = tokensOf("qr");
const chain = { ...follows(cycle), [letterQ]: letterR, [letterR]: end };
const models = modelFolder({
  "chain.gguf": chainModel(chain, { context: 64 }),
  "random.gguf": randomModel({ context: 128 }),
});
const greedy = { temperature: 0 };
const llama = sharedLlama({ models });
const alone = sharedLlama({ models, sequences: 1 });

/** What the chain answers to a prompt that ends with the cycle's first character. */
function expected(characters: number): string {
  return Array.from({ length: characters }, (_, at) => [...cycle][(at + 1) % [...cycle].length]).join("");
}

describe("a model whose answers are known", () => {
  test("is continued token by token, up to the limit of tokens", async () => {
    const request = { model: "chain", prompt: "a" };
    const answer = await answerOf(llama.generate({ ...request, sampling: { ...greedy, maxTokens: 8 } }));
    expect(answer.text).toBe(expected(8));
    expect(answer.done.reason).toBe("length");
    expect(answer.done.usage).toMatchObject({ promptTokens: 2, outputTokens: 8 });
    expect(answer.done.usage.loadMs).toBeGreaterThan(0);
    const none = await answerOf(llama.generate({ ...request, sampling: { ...greedy, maxTokens: 0 } }));
    expect(none).toMatchObject({
      text: "",
      done: { reason: "length", usage: { outputTokens: 0, loadMs: 0 } },
    });
    const ended = await answerOf(llama.generate({ model: "chain", prompt: "q", sampling: greedy }));
    expect(ended).toMatchObject({ text: "r", done: { reason: "stop", usage: { outputTokens: 1 } } });
  });

  test("never shows part of a character", async () => {
    const sampling = { ...greedy, maxTokens: 34 };
    const { text, pieces } = await answerOf(llama.generate({ model: "chain", prompt: "a", sampling }));
    expect(text).toBe(expected(30));
    expect(pieces.join("")).not.toContain("\ufffd");
    const cut = { ...greedy, maxTokens: 10 };
    const broken = await answerOf(llama.generate({ model: "chain", prompt: "a", sampling: cut }));
    expect(broken.text.replace(/\ufffd+$/, "")).toBe(expected(8));
  });

  test.each([
    [["c"], "b"],
    [["cd"], "b"],
    [["h €w"], "bcdefg"],
    [["€"], "bcdefgh "],
    [["zzz", "efX", "fg"], "bcde"],
    [["yz", "xyz"], "bcdefgh €w"],
    [[""], undefined],
  ])("ends before the stop texts %j", async (stop, text) => {
    const sampling = { ...greedy, maxTokens: 16, stop };
    const answer = await answerOf(llama.generate({ model: "chain", prompt: "a", sampling }));
    expect(answer.text).toBe(text ?? expected(14));
    expect(answer.done.reason).toBe(text === undefined ? "length" : "stop");
  });

  test("refuses a prompt beyond its context, and fills what is left", async () => {
    const run = (length: number, contextLength?: number) =>
      answerOf(
        llama.generate({
          model: "chain",
          prompt: "a".repeat(length),
          raw: true,
          sampling: { ...greedy, contextLength },
        }),
      );
    expect((await run(62)).done).toMatchObject({
      reason: "length",
      usage: { promptTokens: 63, outputTokens: 1 },
    });
    expect((await run(3, 10)).done.usage).toMatchObject({ promptTokens: 4, outputTokens: 6 });
    const error = await failure(() => run(63), "CONTEXT_EXCEEDED");
    expect(error.message).toMatch(/64 tokens.* 64/);
    expect((await failure(() => run(30, 20), "CONTEXT_EXCEEDED")).message).toMatch(/31 tokens.* 20/);
  });

  test("a chat without a template is the texts", async () => {
    const messages = [
      { role: "system", content: "x" },
      { role: "user", content: "a" },
    ] as const;
    const sampling = { ...greedy, maxTokens: 3 };
    const answer = await answerOf(llama.chat({ model: "chain", messages, sampling }));
    expect(answer).toMatchObject({ text: "bcd", done: { usage: { promptTokens: 5 } } });
    const prompt = { model: "chain", prompt: "a", system: "x", sampling };
    expect(await answerOf(llama.generate(prompt))).toMatchObject({
      text: "bcd",
      done: { usage: { promptTokens: 5 } },
    });
  });
});

describe("a model that depends on all of its context", () => {
  const prompts = Array.from({ length: 8 }, (_, at) => `${"word ".repeat(at)}${at}`);
  const request = (prompt: string, seed?: number) => ({
    model: "random",
    prompt,
    sampling: { ...(seed === undefined ? greedy : { temperature: 1.5, seed }), maxTokens: 24 },
  });

  test("answers eight callers at once as it answers each alone", async () => {
    const one: string[] = [];
    for (const prompt of prompts) one.push((await answerOf(alone.generate(request(prompt)))).text);
    const all = await Promise.all(prompts.map((prompt) => answerOf(llama.generate(request(prompt)))));
    expect(all.map(({ text }) => text)).toEqual(one);
    expect(new Set(one).size).toBe(prompts.length);
    const again = await Promise.all(
      [...prompts, ...prompts].reverse().map((prompt) => answerOf(llama.generate(request(prompt)))),
    );
    expect(again.map(({ text }) => text)).toEqual([...one, ...one].reverse());
  });

  test("continues a conversation as if it read it anew", async () => {
    let prompt = "hello";
    for (let turn = 0; turn < 3; turn++) {
      await alone.load("random", { keepAliveMs: 0 });
      const [one, two] = await Promise.all([
        answerOf(llama.generate(request(prompt))),
        answerOf(alone.generate(request(prompt))),
      ]);
      expect(one.text).toBe(two.text);
      expect(one.done.usage.promptTokens).toBe(two.done.usage.promptTokens);
      prompt += `${one.text} and`;
    }
  });

  test("chooses by the seed", async () => {
    const texts = await Promise.all(
      [1, 1, 2, -2, -2].map((seed) => answerOf(llama.generate(request("hi", seed)))),
    );
    const [a, b, c, d, e] = texts.map(({ text }) => text);
    expect(a).toBe(b);
    expect(d).toBe(e);
    expect(new Set([a, c, d]).size).toBe(3);
  });

  test("penalises what it has said", async () => {
    const { sampling, ...rest } = request("hi");
    const text = async (repeatPenalty: number) =>
      (await answerOf(llama.generate({ ...rest, sampling: { ...sampling, repeatPenalty } }))).text;
    const [plain, same, penalised] = await Promise.all([
      answerOf(llama.generate({ ...rest, sampling })),
      text(1),
      text(3),
    ]);
    expect(same).toBe(plain.text);
    expect(penalised).not.toBe(plain.text);
  });
});
