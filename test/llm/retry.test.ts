import { describe, expect, it } from "vitest";
import { failure } from "../support/errors.ts";
import { family } from "../support/ollama/family.ts";
import { busy, cut, drop, hang, lines, stall } from "../support/ollama/faults.ts";
import { FakeOllama } from "../support/ollama/server.ts";

const ask = { model: "tiny", prompt: "one two" };
const quick = { retryDelayMs: 1 };

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

describe("retries", () => {
  it("come after 503, and the answer says how many", async () => {
    await using on = await made();
    on.fake.fail("/api/generate", busy(), busy());
    const { text, report } = await on.llm.generate(ask, quick);
    expect([text, report.attempts]).toEqual(["two one", 3]);
  });

  it("come after a dropped connection", async () => {
    await using on = await made();
    on.fake.fail("/api/chat", drop, drop);
    const { text } = await on.llm.chat(
      { model: "tiny", messages: [{ role: "user", content: "a b" }] },
      quick,
    );
    expect(text).toBe("b a");
  });

  it("end", async () => {
    await using on = await made();
    on.fake.fail("/api/generate", busy(), busy(), busy());
    await failure(() => on.llm.generate(ask, { ...quick, retries: 1 }), "SERVER_BUSY");
    expect(on.fake.of("/api/generate")).toHaveLength(2);
  });

  it("wait as long as the server asks for", async () => {
    await using on = await made();
    on.fake.fail("/api/generate", busy({ "retry-after": "1" }));
    const started = performance.now();
    await on.llm.generate(ask, quick);
    expect(performance.now() - started).toBeGreaterThan(990);
  });

  it("do not come where the server asks for too long", async () => {
    await using on = await made();
    on.fake.fail("/api/generate", busy({ "retry-after": "3600" }));
    await failure(() => on.llm.generate(ask, quick), "SERVER_BUSY");
    expect(on.fake.of("/api/generate")).toHaveLength(1);
  });

  it("never come once a piece was there", async () => {
    await using on = await made();
    on.fake.fail("/api/generate", cut({ response: "one" }));
    await failure(() => on.llm.generate(ask, quick), "CONNECTION_FAILED");
    on.fake.fail("/api/generate", lines({ response: "one" }, { error: "server busy" }));
    await failure(() => on.llm.generate(ask, quick), "SERVER_FAILED");
    expect(on.fake.of("/api/generate")).toHaveLength(2);
  });

  it("never come after a mistake of the caller", async () => {
    await using on = await made();
    await failure(() => on.llm.generate({ ...ask, model: "absent" }, quick), "MODEL_NOT_FOUND");
    expect(on.fake.of("/api/generate")).toHaveLength(1);
  });

  it("are given up with the call", async () => {
    await using on = await made();
    on.fake.fail("/api/generate", busy({ "retry-after": "20" }));
    const controller = new AbortController();
    const reply = on.llm.generate(ask, { signal: controller.signal });
    const failed = failure(() => reply, "ABORTED");
    await expect.poll(() => on.fake.of("/api/generate").length).toBe(1);
    controller.abort();
    await failed;
  });
});

describe("time limits", () => {
  it("hold for the whole call", async () => {
    await using on = await made();
    on.fake.fail("/api/generate", stall({ response: "one" }));
    const error = await failure(() => on.llm.generate(ask, { timeoutMs: 100 }), "DEADLINE_EXCEEDED");
    expect([error.message, error.hint]).toEqual([
      expect.stringContaining("within 100 ms"),
      expect.stringContaining("timeoutMs"),
    ]);
    await expect.poll(() => on.fake.cancelled).toBe(1);
  });

  it("hold for the first piece", async () => {
    await using on = await made();
    on.fake.fail("/api/generate", hang);
    const error = await failure(
      () => on.llm.generate(ask, { firstTokenTimeoutMs: 100 }),
      "DEADLINE_EXCEEDED",
    );
    expect(error.hint).toContain("firstTokenTimeoutMs");
  });

  it("hold between pieces", async () => {
    await using on = await made();
    on.fake.fail("/api/generate", stall({ response: "one" }, { response: "two" }));
    const error = await failure(() => on.llm.generate(ask, { idleTimeoutMs: 100 }), "DEADLINE_EXCEEDED");
    expect(error.hint).toContain("idleTimeoutMs");
  });

  it("hold for questions about models", async () => {
    await using on = await made();
    for (const path of ["/api/tags", "/api/ps", "/api/show", "/api/generate"]) on.fake.fail(path, hang);
    await failure(() => on.llm.models({ timeoutMs: 50 }), "DEADLINE_EXCEEDED");
    await failure(() => on.llm.running({ timeoutMs: 50 }), "DEADLINE_EXCEEDED");
    await failure(() => on.llm.show("tiny", { timeoutMs: 50 }), "DEADLINE_EXCEEDED");
    await failure(() => on.llm.load("tiny", { timeoutMs: 50 }), "DEADLINE_EXCEEDED");
    await expect.poll(() => on.fake.cancelled).toBe(4);
  });

  it("hold for embeddings", async () => {
    await using on = await made();
    on.fake.fail("/api/embed", hang);
    const asked = () => on.llm.embed({ model: "embedder", input: "x" }, { timeoutMs: 100 });
    await failure(asked, "DEADLINE_EXCEEDED");
    await expect.poll(() => on.fake.cancelled).toBe(1);
  });
});
