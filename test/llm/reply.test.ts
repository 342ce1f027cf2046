import { describe, expect, it } from "vitest";
import { z } from "zod";
import { failure } from "../support/errors.ts";
import { family, listen } from "../support/ollama/family.ts";
import { hang, lines, stall } from "../support/ollama/faults.ts";
import { FakeOllama } from "../support/ollama/server.ts";

const ask = { model: "tiny", prompt: "one two three" };

async function made() {
  const fake = await FakeOllama.start();
  const llm = family({ host: fake.host, provider: "ollama" });
  await llm.provider();
  return {
    fake,
    llm,
    [Symbol.asyncDispose]: async () => {
      await llm[Symbol.asyncDispose]();
      await fake[Symbol.asyncDispose]();
    },
  };
}

const said = (response: string, extra = {}) =>
  lines({ response, done: false }, { response: "", done: true, ...extra });

describe("a reply", () => {
  it("is sent once, on first use, however it is used", async () => {
    await using on = await made();
    const reply = on.llm.generate(ask);
    await new Promise((resolve) => setImmediate(resolve));
    expect(on.fake.of("/api/generate")).toHaveLength(0);
    const pieces: string[] = [];
    for await (const { text } of reply) pieces.push(text);
    expect(pieces).toEqual(["three ", "two ", "one", ""]);
    const again: string[] = [];
    for await (const { text } of reply) again.push(text);
    expect(again).toEqual(pieces);
    const answer = await reply;
    expect(await reply).toBe(answer);
    expect(on.fake.of("/api/generate")).toHaveLength(1);
    expect(answer).toMatchObject({
      text: "three two one",
      thinking: "",
      toolCalls: [],
      reason: "stop",
      provider: "ollama",
      model: "tiny",
      value: undefined,
      usage: { promptTokens: 5, outputTokens: 4 },
      report: {
        kind: "generate",
        attempts: 1,
        outputTokensPerSecond: 200,
        promptTokensPerSecond: 500,
        error: undefined,
      },
    });
  });

  it("can be awaited and read at the same time", async () => {
    await using on = await made();
    const reply = on.llm.generate(ask);
    const whole = reply.then(({ text }) => text);
    let text = "";
    for await (const piece of reply) text += piece.text;
    expect(text).toBe(await whole);
    expect(Object.prototype.toString.call(reply)).toBe("[object Reply]");
  });

  it("cancels the request when its pieces are left", async () => {
    await using on = await made();
    on.fake.fail("/api/generate", stall({ response: "one" }));
    for await (const _ of on.llm.generate(ask)) break;
    await expect.poll(() => on.fake.cancelled).toBe(1);
  });

  it("goes on when its pieces are left and somebody awaits it", async () => {
    await using on = await made();
    const reply = on.llm.generate(ask);
    const whole = reply.then(({ text }) => text);
    for await (const _ of reply) break;
    expect(await whole).toBe("three two one");
  });

  it("can be cancelled", async () => {
    await using on = await made();
    on.fake.fail("/api/generate", hang);
    const reply = on.llm.generate(ask);
    const failed = failure(() => reply, "ABORTED");
    await expect.poll(() => on.fake.of("/api/generate").length).toBe(1);
    reply.cancel();
    await failed;
    await expect.poll(() => on.fake.cancelled).toBe(1);
  });

  it("gives its error to whoever reads it, after the pieces, and crashes nobody else", async () => {
    await using on = await made();
    on.fake.fail("/api/generate", lines({ response: "one" }, { error: "broken" }));
    const reply = on.llm.generate(ask);
    let text = "";
    const error = await failure(async () => {
      for await (const piece of reply) text += piece.text;
    }, "SERVER_FAILED");
    expect([text, error.message]).toEqual(["one", expect.stringContaining("broken")]);
    expect(await failure(() => reply, "SERVER_FAILED")).toBe(error);
    let settled = false;
    await reply
      .finally(() => {
        settled = true;
      })
      .catch(() => {});
    expect(settled).toBe(true);
  });

  it.each<[string, object]>([
    ["model", { model: " " }],
    ["prompt", { prompt: 5 }],
    ["format", { format: "xml" }],
    ["timeoutMs", { options: { timeoutMs: 0 } }],
    ["retries", { options: { retries: -1 } }],
  ])("rejects what is wrong with %s", async (name, { options, ...rest }: { options?: object }) => {
    await using on = await made();
    const error = await failure(() => on.llm.generate({ ...ask, ...rest }, options), "INVALID_ARGUMENT");
    expect(error.message).toContain(name);
    expect(on.fake.of("/api/generate")).toHaveLength(0);
  });

  it("rejects what names no model, whatever is asked", async () => {
    await using on = await made();
    const model = " ";
    const calls = [
      () => on.llm.generate(undefined as never),
      () => on.llm.embed(undefined as never),
      () => on.llm.show(model),
      () => on.llm.load(undefined as never),
      () => on.llm.unload(model),
      async () => {
        for await (const _ of on.llm.pull(model)) {
        }
      },
    ];
    for (const call of calls) await failure(call, "INVALID_ARGUMENT");
    const asked = on.fake.received.filter(({ path }) => path !== "/api/version");
    expect(asked).toEqual([]);
  });

  it("rejects messages that are none", async () => {
    await using on = await made();
    for (const messages of [
      [],
      [{ role: "god", content: "x" }],
      [{ role: "user", content: 5 }],
      [undefined],
    ]) {
      await failure(() => on.llm.chat({ model: "tiny", messages: messages as never }), "INVALID_ARGUMENT");
    }
  });
});

describe("structured output", () => {
  const city = z.object({ name: z.string(), people: z.number().int().positive() });

  it("is parsed, checked and typed", async () => {
    await using on = await made();
    on.fake.fail("/api/generate", said('{"name":"Rome","people":2}'));
    const { value } = await on.llm.generate({ ...ask, format: city });
    const { name, people }: { name: string; people: number } = value;
    expect([name, people]).toEqual(["Rome", 2]);
    expect(on.fake.of("/api/generate")[0]?.body["format"]).toMatchObject({
      type: "object",
      required: ["name", "people"],
      properties: { name: { type: "string" } },
    });
  });

  it("is asked for again with what was wrong", async () => {
    await using on = await made();
    const wrong = { message: { content: '{"name":"Rome","people":-1}' } };
    on.fake.fail(
      "/api/chat",
      lines(wrong, { done: true }),
      lines({ message: { content: '{"name":"Rome","people":1}' } }, { done: true }),
    );
    const messages = [{ role: "user", content: "Rome" }] as const;
    const { value, report } = await on.llm.chat({ model: "tiny", messages, format: city });
    expect(value).toEqual({ name: "Rome", people: 1 });
    expect(report.attempts).toBe(2);
    const sent = on.fake.of("/api/chat")[1]?.body["messages"] as { role: string; content: string }[];
    expect(sent.map(({ role }) => role)).toEqual(["user", "assistant", "user"]);
    expect(sent[2]?.content).toContain("people");
  });

  it("that never fits is INVALID_OUTPUT, with the text", async () => {
    await using on = await made();
    on.fake.fail("/api/generate", said("no"), said("{}"), said('{"name":5}'));
    const error = await failure(
      () => on.llm.generate({ ...ask, format: city }, { outputRetries: 2 }),
      "INVALID_OUTPUT",
    );
    expect(error.message).toContain('{"name":5}');
    expect(error.message).toContain("3 times");
    expect(on.fake.of("/api/generate")).toHaveLength(3);
  });

  it("is asked for a whole number of times", async () => {
    await using on = await made();
    for (const outputRetries of [Number.NaN, -1, 0.5]) {
      await failure(() => on.llm.generate({ ...ask, format: city }, { outputRetries }), "INVALID_ARGUMENT");
    }
    expect(on.fake.of("/api/generate")).toHaveLength(0);
  });

  it("may be checked by what takes its time", async () => {
    await using on = await made();
    on.fake.fail("/api/generate", said("3"), said("4"));
    const even = z.number().refine(async (value) => value % 2 === 0);
    const { value, report } = await on.llm.generate({ ...ask, format: even });
    expect([value, report.attempts]).toEqual([4, 2]);
  });

  it("that was cut off says so", async () => {
    await using on = await made();
    on.fake.fail("/api/generate", said('{"na', { done_reason: "length" }));
    const error = await failure(
      () => on.llm.generate({ ...ask, format: "json" }, { outputRetries: 0 }),
      "INVALID_OUTPUT",
    );
    expect(error.hint).toContain("maxTokens");
  });

  it("is not asked for again once somebody has read the pieces", async () => {
    await using on = await made();
    on.fake.fail("/api/generate", said("no"));
    await failure(async () => {
      for await (const _ of on.llm.generate({ ...ask, format: city })) {
      }
    }, "INVALID_OUTPUT");
    expect(on.fake.of("/api/generate")).toHaveLength(1);
  });

  it("of a JSON schema is checked as well", async () => {
    await using on = await made();
    const format = { type: "object", properties: { n: { type: "integer" } }, required: ["n"] };
    on.fake.fail("/api/generate", said('{"n":"x"}'), said('{"n":4}'));
    expect((await on.llm.generate({ ...ask, format })).value).toEqual({ n: 4 });
    expect(on.fake.of("/api/generate")[0]?.body["format"]).toEqual(format);
  });

  it("refuses a schema that JSON cannot have", async () => {
    await using on = await made();
    await failure(() => on.llm.generate({ ...ask, format: z.object({ at: z.date() }) }), "INVALID_ARGUMENT");
  });

  it("has no value where the model calls a tool instead", async () => {
    await using on = await made();
    const tools = [{ name: "weather", parameters: { type: "object" } }];
    const reply = on.llm.chat({
      model: "tiny",
      messages: [{ role: "user", content: "x" }],
      tools,
      format: city,
    });
    const { value, toolCalls, reason } = await reply;
    expect([value, toolCalls.length, reason]).toEqual([undefined, 1, "tool"]);
  });
});

describe("reports", () => {
  it("tell of each request as it ends, of failures too", async () => {
    await using on = await made();
    using heard = listen();
    await on.llm.generate(ask);
    await failure(() => on.llm.generate({ ...ask, model: "absent" }), "MODEL_NOT_FOUND");
    await on.llm.embed({ model: "embedder", input: "x" });
    expect(heard.reports.map(({ kind, model, error, provider }) => [kind, model, error, provider])).toEqual([
      ["generate", "tiny", undefined, "ollama"],
      ["generate", "absent", "MODEL_NOT_FOUND", ""],
      ["embed", "embedder", undefined, "ollama"],
    ]);
    expect(heard.reports[0]?.firstPieceMs).toBeGreaterThan(0);
  });
});
