import { afterAll, describe, expect, it } from "vitest";
import { bindAgents, type Guardrails, type ValidatedMessage as Message, rules } from "#src/agents/index.js";
import type { ChatRequest, Piece, ProviderOptions } from "#src/llm/index.js";
import { loadModel, OnnxBuilder } from "#src/nn/index.js";
import { Runtime } from "#src/runtime/index.js";
import { failure } from "../../support/errors.js";

const runtime = new Runtime({ adapters: async () => [] });
const agents = bindAgents(runtime);
afterAll(() => runtime.dispose());

const { js, llm, maxLength, rejects } = rules;
const usage = {
  promptTokens: 1,
  outputTokens: 1,
  loadMs: undefined,
  promptMs: undefined,
  outputMs: undefined,
  totalMs: 1,
};

type Answer = (text: string, attempt: number, signal: AbortSignal | undefined) => AsyncIterable<string>;

/** A model that answers as a function says; it notes what it was asked. */
function judgeOf(answer: Answer) {
  const asked: ChatRequest[] = [];
  let underWay = 0;
  const judge = {
    asked,
    most: 0,
    closed: 0,
    async *chat(request: ChatRequest, { signal }: ProviderOptions = {}): AsyncIterable<Piece> {
      asked.push(request);
      judge.most = Math.max(judge.most, ++underWay);
      try {
        const text = request.messages.at(-1)?.content ?? "";
        const attempt = asked.filter(({ messages }) => messages.at(-1)?.content === text).length;
        for await (const piece of answer(text, attempt, signal)) yield { text: piece };
        yield { text: "", done: { reason: "stop", usage } };
      } finally {
        underWay--;
        judge.closed++;
      }
    },
  };
  return judge;
}

async function* said(...pieces: readonly string[]): AsyncIterable<string> {
  for (const piece of pieces) {
    await new Promise((resolve) => setImmediate(resolve));
    yield piece;
  }
}

describe("functions in a chain", () => {
  it("see only what has passed all other rules, at most so many at once", async () => {
    const seen: Message[] = [];
    let [underWay, most] = [0, 0];
    const isEven = async (message: Message) => {
      seen.push(message);
      most = Math.max(most, ++underWay);
      await new Promise((resolve) => setImmediate(resolve));
      underWay--;
      return String(message).length % 2 === 0 || "has an odd length";
    };
    using validator = agents.validator([js(isEven, { concurrency: 3 }), maxLength(4), rejects("x")]);
    const messages = ["ab", "abc", "abcde", "abx", "abcd", "", "a"];
    const verdicts = await validator.validate(messages);
    expect(verdicts.map(({ index }) => index)).toEqual([-1, 0, 1, 2, -1, -1, 0]);
    expect(seen).toEqual(["ab", "abc", "abcd", "", "a"]);
    expect(most).toBe(3);
    expect(verdicts[1]?.toJSON()).toMatchObject({ rule: "isEven", message: "has an odd length" });
  });

  it("that throw, hang or answer nonsense fail only what they were asked about", async () => {
    const moody = (message: string) => {
      if (message === "throw") throw new TypeError("no \u001b[31m mood");
      if (message === "hang") return new Promise<boolean>(() => {});
      if (message === "nonsense") return 7 as unknown as boolean;
      return message === "scored" ? { ok: false, score: 0.25 } : undefined;
    };
    using validator = agents.validator([js(moody, { timeoutMs: 50 })]);
    const verdicts = await validator.validate(["fine", "throw", "hang", "nonsense", "scored", "fine"]);
    expect(verdicts.map(({ ok }) => ok)).toEqual([true, false, false, false, false, true]);
    expect(verdicts.map(({ error }) => error?.code)).toEqual([
      undefined,
      "HANDLER_FAILED",
      "DEADLINE_EXCEEDED",
      "HANDLER_FAILED",
      undefined,
      undefined,
    ]);
    expect(verdicts[4]).toMatchObject({ score: 0.25, message: "did not pass moody" });
  });

  it("are told when their caller gives up", async () => {
    const controller = new AbortController();
    let told = false;
    const waits = (_message: Message, { signal }: { readonly signal: AbortSignal }) =>
      new Promise<boolean>(() => {
        signal.addEventListener("abort", () => {
          told = true;
        });
        controller.abort();
      });
    using validator = agents.validator([js(waits)]);
    await failure(() => validator.validate(["a", "b"], { signal: controller.signal }), "ABORTED");
    expect(told).toBe(true);
  });
});

describe("networks in a chain", () => {
  it("see all that is left in one run, before functions do", async () => {
    const graph = new OnnxBuilder();
    const x = graph.input("x", "f32", ["messages", 2]);
    const weights = graph.constant("w", "f32", [2, 3], Float32Array.of(4, 0, -4, 0, 2, 0));
    graph.output("y", graph.add("MatMul", [x, weights]), "f32", ["messages", 3]);
    await using loaded = await loadModel(runtime, graph.encode());
    const seen: unknown[] = [];
    using validator = agents.validator([
      js((message: { readonly text: string }) => void seen.push(message.text)),
      rules.model("e", loaded, { class: 0, least: 0.9 }),
      maxLength(3),
    ]);
    const verdicts = await validator.validate([
      { text: "yes", e: [1, 0] },
      { text: "no", e: Float32Array.of(-1, 0) },
      { text: "none", e: [1, 0] },
      { text: "bad", e: [1] },
      { text: "nan", e: [NaN, 0] },
      { text: "too", e: [2, 1] },
    ]);
    expect(verdicts.map(({ index }) => index)).toEqual([-1, 1, 2, 1, 1, -1]);
    expect(seen).toEqual(["yes", "too"]);
    expect(verdicts[1]?.score).toBeCloseTo(Math.exp(-4) / (Math.exp(-4) + 1 + Math.exp(4)));
    expect(verdicts[3]?.message).toBe("has no vector of 2 numbers");
    using none = agents.validator([rules.model("e", loaded, { class: 3 })]);
    const [verdict] = await none.validate([{ text: "", e: [1, 0] }]);
    expect(verdict).toMatchObject({ ok: false, error: { code: "INVALID_ARGUMENT" } });
  });
});

describe("models in a chain", () => {
  it("judge what is left, and are asked for JSON", async () => {
    const judge = judgeOf((text) =>
      said('{"ok":', `${!text.includes("rude")},"score":0.9,`, '"reason":"because"}'),
    );
    using validator = agents.validator([
      llm(judge, { model: "tiny", prompt: "it is polite", concurrency: 2 }),
      js((message) => message !== "no"),
      maxLength(20),
    ]);
    const messages = [
      "hello",
      "a rude one",
      "no",
      "x".repeat(30),
      { text: "rude too" },
      "good day",
      "good bye",
    ];
    const verdicts = await validator.validate(messages);
    expect(verdicts.map(({ index }) => index)).toEqual([-1, 0, 1, 2, 0, -1, -1]);
    expect(verdicts[1]?.toJSON()).toEqual({
      ok: false,
      rule: "llm",
      index: 0,
      score: 0.9,
      message: "because",
    });
    expect(judge.asked.length).toBe(5);
    expect(judge.most).toBe(2);
    expect(judge.asked[0]).toMatchObject({
      model: "tiny",
      format: { type: "object" },
      messages: [{ role: "system" }, { role: "user", content: "hello" }],
    });
    expect(judge.asked[0]?.messages[0]?.content).toContain("it is polite");
  });

  it("that answer garbage are asked again, and then fail the message", async () => {
    const judge = judgeOf((text, attempt) => {
      if (text === "second" && attempt === 2) return said('{"ok":true}');
      if (text === "endless") return endless();
      return said(text === "score" ? '{"ok":true,"score":7}' : "\u001b[2Jcertainly! {");
    });
    async function* endless() {
      for (;;) yield* said("blah ".repeat(1000));
    }
    using validator = agents.validator([llm(judge, { model: "m", prompt: "p", attempts: 2 })]);
    const verdicts = await validator.validate(["second", "garbage", "score", "endless"]);
    expect(verdicts.map(({ ok, error }) => (ok ? "ok" : error?.code))).toEqual([
      "ok",
      "INVALID_OUTPUT",
      "INVALID_OUTPUT",
      "INVALID_OUTPUT",
    ]);
    expect(judge.asked.length).toBe(8);
    expect(verdicts[1]?.message).not.toContain("\u001b");
    expect(judge.closed).toBe(8);
  });

  it("that hang or break are cancelled, and fail the message", async () => {
    const judge = judgeOf((text, _attempt, signal) => (text === "hang" ? silent(signal) : broken()));
    async function* silent(signal: AbortSignal | undefined): AsyncIterable<string> {
      await new Promise<void>((resolve) => signal?.addEventListener("abort", () => resolve()));
      yield "";
    }
    async function* broken(): AsyncIterable<string> {
      yield* said('{"ok"');
      throw new Error("connection reset");
    }
    using validator = agents.validator([llm(judge, { model: "m", prompt: "p", timeoutMs: 60 })]);
    const verdicts = await validator.validate(["hang", "break"]);
    expect(verdicts.map(({ error }) => error?.code)).toEqual(["DEADLINE_EXCEEDED", "HANDLER_FAILED"]);
    await expect.poll(() => judge.closed).toBe(2);
  });
});

describe("repairs", () => {
  it("are told why, and are tried so often", async () => {
    using validator = agents.validator([maxLength(5), rejects("bad")]);
    const told: string[] = [];
    const shorter = (
      message: string,
      { rule, message: why }: { rule?: string | undefined; message: string },
    ) => {
      told.push(`${message}: ${why}`);
      if (message === "hopeless") return undefined;
      if (message === "throws!") throw new Error("cannot");
      return rule === "maxLength" ? message.slice(0, -2) : message.replace("bad", "good");
    };
    const results = await validator.repair(
      ["fine", "abcdefg", "bad", "abcdefghijklmn", "hopeless", "throws!"],
      shorter,
      {
        attempts: 3,
      },
    );
    expect(results.map(({ message, verdict, attempts }) => [message, verdict.ok, attempts])).toEqual([
      ["fine", true, 0],
      ["abcde", true, 1],
      ["good", true, 1],
      ["abcdefgh", false, 3],
      ["hopeless", false, 0],
      ["throws!", false, 0],
    ]);
    expect(results[5]?.error?.code).toBe("HANDLER_FAILED");
    expect(told[0]).toBe("abcdefg: has 7 characters, more than 5");
    await failure(() => validator.repair(["bad"], shorter, { attempts: -1 }), "INVALID_ARGUMENT");
  });
});

describe("a validator as a guardrail", () => {
  it("has a name, and trips on what fails", async () => {
    using validator = agents.validator([maxLength(3)], { name: "short answers" });
    const guardrail = validator.guardrail();
    const guardrails: Guardrails = { input: [guardrail], output: [guardrail] };
    expect(guardrails.input).toHaveLength(1);
    expect(guardrail.name).toBe("short answers");
    const { signal } = new AbortController();
    expect(await guardrail.check("abc", { signal })).toMatchObject({ ok: true });
    expect(await guardrail.check("abcd", { signal })).toMatchObject({
      ok: false,
      message: "has 4 characters, more than 3",
    });
  });
});
