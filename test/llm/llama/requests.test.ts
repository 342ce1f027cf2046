import { describe, expect, test } from "vitest";
import { failure } from "../../support/errors.js";
import {
  answerOf,
  chainModel,
  follows,
  llamaFor,
  modelFolder,
  randomModel,
  sharedLlama,
} from "../../support/llama/index.js";

const models = modelFolder({
  "chain.gguf": chainModel(follows("abcdefgh"), { context: 4096 }),
  "random.gguf": randomModel({ context: 256 }),
  "other.gguf": randomModel({ context: 256, seed: 2 }),
  "encoder.gguf": randomModel({ context: 1024, causal: false }),
  "broken.gguf": randomModel().subarray(0, 100_000),
});
const llama = sharedLlama({ models });
const greedy = { temperature: 0 };
/** Runs until it is stopped. */
const endless = { model: "chain", prompt: "a", sampling: greedy };

describe("cancelling", () => {
  test("a stream that is left makes room for who waits", async () => {
    const single = llamaFor({ models, sequences: 1 });
    const order: string[] = [];
    for await (const piece of single.generate(endless)) {
      order.push(piece.text.slice(0, 1));
      break;
    }
    const after = await answerOf(single.generate({ ...endless, sampling: { ...greedy, maxTokens: 3 } }));
    expect([...order, after.text]).toEqual(["b", "bcd"]);
  });

  test("a signal rejects at once, waiting or not, and frees the place", async () => {
    const single = llamaFor({ models, sequences: 1 });
    const [running, waiting, before] = [new AbortController(), new AbortController(), new AbortController()];
    before.abort();
    await failure(() => answerOf(single.generate(endless, { signal: before.signal })), "ABORTED");
    const first = answerOf(single.generate(endless, { signal: running.signal }));
    const second = answerOf(single.generate(endless, { signal: waiting.signal }));
    const third = answerOf(
      single.generate({ ...endless, prompt: "c", sampling: { ...greedy, maxTokens: 2 } }),
    );
    first.catch(() => {});
    second.catch(() => {});
    await expect.poll(async () => (await single.running()).length, { timeout: 30_000 }).toBe(1);
    waiting.abort();
    await failure(() => second, "ABORTED");
    running.abort();
    await failure(() => first, "ABORTED");
    expect((await third).text).toBe("de");
  });

  test("more calls than may wait are refused, and later ones are not", async () => {
    const small = llamaFor({ models, sequences: 1, maxQueue: 1 });
    const stop = new AbortController();
    const calls = [1, 2].map(() => answerOf(small.generate(endless, { signal: stop.signal })));
    for (const call of calls) call.catch(() => {});
    await failure(() => answerOf(small.generate(endless)), "SERVER_BUSY");
    stop.abort();
    for (const call of calls) await failure(() => call, "ABORTED");
    const last = await answerOf(small.generate({ ...endless, sampling: { ...greedy, maxTokens: 1 } }));
    expect(last.text).toBe("b");
  });
});

describe("formats", () => {
  const ask = (format: object | "json", model = "random") =>
    answerOf(
      llama.generate({
        model,
        prompt: "an object",
        format: format as "json",
        sampling: { temperature: 1, seed: 5, maxTokens: 200 },
      }),
    );

  test("JSON is JSON, and ends where it is complete", async () => {
    const { text, done } = await ask("json");
    expect(typeof JSON.parse(text)).toBe("object");
    expect(done.reason).toBe("stop");
    expect(text).toBe(text.trimEnd());
  });

  test("a schema is kept to by a model that knows nothing", async () => {
    const schema = {
      $schema: "https://json-schema.org/draft/2020-12/schema",
      type: "object",
      properties: {
        count: { type: "integer", minimum: 0 },
        kind: { enum: ["red", "blue", 3] },
        tags: { type: "array", items: { type: "string", maxLength: 4 }, minItems: 1, maxItems: 3 },
        flag: { anyOf: [{ type: "boolean" }, { type: "null" }] },
        next: { $ref: "#/$defs/point" },
      },
      required: ["count", "kind"],
      additionalProperties: false,
      $defs: { point: { type: "object", properties: { x: { const: 1 } }, required: ["x"] } },
    };
    const values = await Promise.all([1, 2, 3].map(async () => JSON.parse((await ask(schema)).text)));
    for (const value of values) {
      expect(Object.keys(value)).toEqual(["count", "kind", "tags", "flag", "next"]);
      expect(Number.isInteger(value.count)).toBe(true);
      expect(["red", "blue", 3]).toContain(value.kind);
      expect(value.tags.length).toBeGreaterThanOrEqual(1);
      expect(value.tags.length).toBeLessThanOrEqual(3);
      for (const tag of value.tags) expect([...tag].length).toBeLessThanOrEqual(4);
      expect([true, false, null]).toContain(value.flag);
      expect(value.next).toEqual({ x: 1 });
    }
  });

  test.each([
    [{ type: "object", properties: { a: { not: { type: "null" } } } }, /\/a has the keyword not/],
    [{}, /the schema allows anything/],
    [{ type: "object", properties: {}, required: ["b"] }, /requires b/],
    [{ $ref: "https://example.org/x" }, /refers to/],
    [{ allOf: [{ type: "null" }, { type: "null" }] }, /joins several/],
    [{ enum: [{}] }, /objects or arrays/],
  ])("what a grammar cannot say is refused: %j", async (schema, message) => {
    expect((await failure(() => ask(schema), "UNSUPPORTED")).message).toMatch(message);
  });
});

describe("embeddings", () => {
  const inputs = ["alpha", "beta", "", "a much longer text about nothing", "\u00e9\u{1f600}"];

  test("have length one, and are the same alone and together", async () => {
    const all = await llama.embed({ model: "random", input: inputs });
    const each = await Promise.all(inputs.map((text) => llama.embed({ model: "random", input: [text] })));
    expect(all.embeddings.length).toBe(inputs.length);
    all.embeddings.forEach((row, at) => {
      expect(row.length).toBe(64);
      expect(Math.hypot(...row)).toBeCloseTo(1, 5);
      expect(row).toEqual(each[at]?.embeddings[0]);
    });
    expect(all.usage.promptTokens).toBe(each.reduce((sum, { usage }) => sum + (usage.promptTokens ?? 0), 0));
    expect((await llama.embed({ model: "random", input: [] })).embeddings).toEqual([]);
  });

  test("are cut to fewer numbers, and brought to length one again", async () => {
    const ask = (dimensions?: number) => llama.embed({ model: "random", input: ["alpha"], dimensions });
    const [whole, part] = await Promise.all([ask(), ask(16)]);
    const first = whole.embeddings[0]?.subarray(0, 16) ?? new Float32Array();
    const length = Math.hypot(...first);
    const wanted = [...first].map((value) => value / length);
    for (const [at, value] of (part.embeddings[0] ?? []).entries())
      expect(value).toBeCloseTo(wanted[at] ?? 0, 5);
    await failure(() => ask(65), "INVALID_ARGUMENT");
  });

  test("are all that an encoder makes, of inputs beyond a batch too", async () => {
    const { embeddings, usage } = await llama.embed({ model: "encoder", input: ["word ".repeat(180)] });
    expect(Math.hypot(...(embeddings[0] ?? []))).toBeCloseTo(1, 5);
    expect(usage.promptTokens).toBe(901);
    await failure(() => answerOf(llama.generate({ model: "encoder", prompt: "x" })), "UNSUPPORTED");
  });

  test("long inputs are cut, unless that is refused", async () => {
    const input = ["word ".repeat(200)];
    const cut = await llama.embed({ model: "random", input });
    expect(Math.hypot(...(cut.embeddings[0] ?? []))).toBeCloseTo(1, 5);
    const refused = () => llama.embed({ model: "random", input, truncate: false });
    expect((await failure(refused, "CONTEXT_EXCEEDED")).message).toMatch(/1001 tokens.* 255/);
  });
});

describe("what cannot be answered", () => {
  test.each([
    ["temperature", -1],
    ["topP", 2],
    ["maxTokens", Number.NaN],
    ["keepAliveMs", -1],
  ])("%s %d is no argument", async (name, value) => {
    const extra = name === "keepAliveMs" ? { keepAliveMs: value } : { sampling: { [name]: value } };
    await failure(
      () => answerOf(llama.generate({ model: "random", prompt: "x", ...extra })),
      "INVALID_ARGUMENT",
    );
  });

  test("pictures, gaps, downloads, and models that are not there", async () => {
    const image = { model: "random", prompt: "x", images: [new Uint8Array(3)] };
    await failure(() => answerOf(llama.generate(image)), "UNSUPPORTED");
    await failure(
      () => answerOf(llama.generate({ model: "random", prompt: "x", suffix: "y" })),
      "UNSUPPORTED",
    );
    await failure(async () => {
      for await (const _ of llama.pull("llama3")) throw new Error("nothing is pulled");
    }, "UNSUPPORTED");
    const missing = await failure(
      () => answerOf(llama.generate({ model: "randon", prompt: "x" })),
      "MODEL_NOT_FOUND",
    );
    expect(missing.hint).toContain('"random"');
    await failure(() => answerOf(llama.generate({ model: "broken", prompt: "x" })), "INVALID_FILE");
    expect((await answerOf(llama.generate({ ...endless, sampling: { ...greedy, maxTokens: 1 } }))).text).toBe(
      "b",
    );
  });
});
