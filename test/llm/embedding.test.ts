import { describe, expect, it } from "vitest";
import { failure } from "../support/errors.ts";
import { family } from "../support/ollama/family.ts";
import { busy, hang, status } from "../support/ollama/faults.ts";
import { vectorOf } from "../support/ollama/routes.ts";
import { FakeOllama } from "../support/ollama/server.ts";

async function made() {
  const fake = await FakeOllama.start();
  const llm = family({ host: fake.host, provider: "ollama" });
  return {
    fake,
    llm,
    [Symbol.asyncDispose]: async () => {
      await llm[Symbol.asyncDispose]();
      await fake[Symbol.asyncDispose]();
    },
  };
}

const single = (text: string) => new Float32Array(vectorOf(text));

describe("embed", () => {
  it("merges concurrent calls of one model into one request", async () => {
    await using on = await made();
    const texts = Array.from({ length: 40 }, (_, at) => `text ${at}`);
    const answers = await Promise.all(texts.map((input) => on.llm.embed({ model: "embedder", input })));
    answers.forEach(({ embeddings }, at) => {
      expect(embeddings).toEqual([single(`text ${at}`)]);
    });
    expect(on.fake.of("/api/embed")).toHaveLength(1);
    expect(answers[7]?.report.merged).toBe(40);
    expect(answers[7]?.usage.promptTokens).toBeUndefined();
  });

  it("keeps calls apart that ask for different things", async () => {
    await using on = await made();
    const [a, b] = await Promise.all([
      on.llm.embed({ model: "embedder", input: "x", dimensions: 3 }),
      on.llm.embed({ model: "embedder", input: ["x", "y"] }),
    ]);
    expect([a.embeddings[0]?.length, b.embeddings.map((row) => row.length)]).toEqual([3, [4, 4]]);
    expect(a.usage.promptTokens).toBe(2);
    expect(on.fake.of("/api/embed")).toHaveLength(2);
  });

  it("fails only the calls whose options are wrong, before and after", async () => {
    await using on = await made();
    const ask = { model: "embedder", input: "x" };
    const wrong = [
      () => on.llm.embed({ ...ask, keepAliveMs: Number.NaN }),
      () => on.llm.embed(ask, { retries: Number.NaN }),
      () => on.llm.embed(ask, { retryDelayMs: -1 }),
    ];
    await Promise.all(wrong.map((call) => failure(call, "INVALID_ARGUMENT")));
    const calls = [on.llm.embed(ask), ...wrong.map((call) => call()), on.llm.embed(ask)];
    const results = await Promise.allSettled(calls);
    expect(results.map(({ status }) => status)).toEqual([
      "fulfilled",
      ...wrong.map(() => "rejected"),
      "fulfilled",
    ]);
  });

  it("stops the other parts of a call when one has failed", async () => {
    await using on = await made();
    on.fake.fail("/api/embed", status(500, "out of memory"), hang);
    const input = Array.from({ length: 300 }, (_, at) => `text ${at}`);
    const call = () => on.llm.embed({ model: "embedder", input }, { batch: false });
    await failure(call, "SERVER_FAILED");
    await expect.poll(() => on.fake.cancelled).toBe(1);
  });

  it("sends a call by itself that asks for it", async () => {
    await using on = await made();
    const alone = on.llm.embed({ model: "embedder", input: "alone" }, { batch: false });
    const others = ["a", "b"].map((input) =>
      on.llm.embed({ model: "embedder", input }, { batch: { caller: input } }),
    );
    expect((await Promise.all([alone, ...others])).map(({ report }) => report.merged)).toEqual([1, 2, 2]);
    expect((await alone).embeddings).toEqual([single("alone")]);
    on.fake.fail("/api/embed", status(500, "broken"));
    await failure(() => on.llm.embed({ model: "embedder", input: "x" }, { batch: false }), "SERVER_FAILED");
  });

  it("sends many texts in parts", async () => {
    await using on = await made();
    const input = Array.from({ length: 600 }, (_, at) => `${at}`);
    const { embeddings, usage } = await on.llm.embed({ model: "embedder", input });
    expect(embeddings).toEqual(input.map(single));
    expect(usage.promptTokens).toBe(1200);
    expect(on.fake.of("/api/embed").map(({ body }) => (body["input"] as string[]).length)).toEqual([
      256, 256, 88,
    ]);
  });

  it("lets one bad text fail its own call only", async () => {
    await using on = await made();
    const [good, bad, other] = await Promise.allSettled(
      ["a", "b".repeat(2_000), "c"].map((input) =>
        on.llm.embed({ model: "embedder", input, truncate: false }),
      ),
    );
    expect([good?.status, bad?.status, other?.status]).toEqual(["fulfilled", "rejected", "fulfilled"]);
    await failure(() => Promise.reject((bad as PromiseRejectedResult).reason), "CONTEXT_EXCEEDED");
  });

  it("retries a busy server once for all", async () => {
    await using on = await made();
    on.fake.fail("/api/embed", busy());
    const options = { retryDelayMs: 1 };
    const answers = await Promise.all(
      ["a", "b"].map((input) => on.llm.embed({ model: "embedder", input }, options)),
    );
    expect(answers.map(({ report }) => report.attempts)).toEqual([2, 2]);
    expect(on.fake.of("/api/embed")).toHaveLength(2);
  });

  it("fails all of a merged request that failed, without asking again for each", async () => {
    await using on = await made();
    on.fake.fail("/api/embed", status(500, "broken"));
    const asked = ["a", "b", "c"].map((input) => on.llm.embed({ model: "embedder", input }));
    for (const each of asked) await failure(() => each, "SERVER_FAILED");
    expect(on.fake.of("/api/embed")).toHaveLength(1);
  });

  it("frees one caller that gives up, and serves the others", async () => {
    await using on = await made();
    const controller = new AbortController();
    const kept = on.llm.embed({ model: "embedder", input: "a" });
    const left = on.llm.embed({ model: "embedder", input: "b" }, { signal: controller.signal });
    controller.abort();
    await failure(() => left, "ABORTED");
    expect((await kept).embeddings).toEqual([single("a")]);
  });

  it("refuses what is no model", async () => {
    await using on = await made();
    await failure(() => on.llm.embed({ model: "", input: "x" }), "INVALID_ARGUMENT");
  });

  it.each([[[]], [[5]], [undefined]])("refuses %j", async (input) => {
    await using on = await made();
    await failure(() => on.llm.embed({ model: "embedder", input: input as never }), "INVALID_ARGUMENT");
  });
});
