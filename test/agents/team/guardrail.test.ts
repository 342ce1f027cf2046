import { describe, expect, it } from "vitest";
import { z } from "zod";
import { type AttemptsError, agent, type Guardrails, run, type TeamEvent, tool } from "#src/agents/index.js";
import { failure } from "../../support/errors.ts";
import { scripted } from "./scripted.ts";

const throwing = () => {
  throw new Error("no model");
};
const guarded = (guardrails: Guardrails, provider = scripted(["fine"])) =>
  agent({ name: "a", model: "m", provider, guardrails });

describe("input guardrails", () => {
  it("see what the user said, and end the run", async () => {
    const seen: string[] = [];
    const provider = scripted(["fine"]);
    const noSecrets = (text: string) => {
      seen.push(text);
      return text.includes("secret") ? "it names a secret" : true;
    };
    const guard = guarded({ input: [noSecrets] }, provider);
    expect(await run(guard, "hello")).toMatchObject({ text: "fine" });
    const events: TeamEvent[] = [];
    const error = await failure(async () => {
      for await (const event of run(guard, "my secret")) events.push(event);
    }, "GUARDRAIL_TRIPPED");
    expect(error.message).toBe('What was said to the agent "a" did not pass "noSecrets": it names a secret');
    expect(events.at(-1)).toEqual({
      type: "guardrail",
      agent: "a",
      stage: "input",
      guardrail: "noSecrets",
      message: "it names a secret",
    });
    expect(seen).toEqual(["hello", "my secret"]);
    expect(provider.requests).toHaveLength(1);
  });

  it("see it once, not in every turn", async () => {
    let seen = 0;
    const count = () => {
      seen++;
      return true;
    };
    const noop = tool({ name: "noop", description: "", parameters: z.object({}), execute: () => "" });
    const provider = scripted([{ calls: [{ name: "noop", arguments: {} }] }, "fine"]);
    await run(
      agent({ name: "a", model: "m", provider, tools: [noop], guardrails: { input: [count] } }),
      "hi",
    );
    expect(seen).toBe(1);
  });

  it("in parallel cancel the model, and no tool runs before they passed", async () => {
    const hanging = scripted([{ text: "begin", hangs: true }]);
    let begun = false;
    const slow = {
      name: "slow",
      parallel: true,
      check: async () => {
        await expect.poll(() => begun).toBe(true);
        return { ok: false, rule: "no" };
      },
    };
    const running = run(guarded({ input: [slow] }, hanging), "hi");
    await failure(async () => {
      for await (const event of running) if (event.type === "piece") begun = true;
    }, "GUARDRAIL_TRIPPED");
    await expect.poll(() => hanging.cancelled.count).toBe(1);

    let ran = false;
    const act = tool({
      name: "act",
      description: "",
      parameters: z.object({}),
      execute: () => {
        ran = true;
      },
    });
    const provider = scripted([{ calls: [{ name: "act", arguments: {} }] }, "fine"]);
    const late = {
      name: "late",
      parallel: true,
      check: () => new Promise<false>((resolve) => setTimeout(resolve, 20, false)),
    };
    const acting = agent({ name: "a", model: "m", provider, tools: [act], guardrails: { input: [late] } });
    await failure(() => run(acting, "hi"), "GUARDRAIL_TRIPPED");
    expect(ran).toBe(false);
  });

  it("in parallel let the model's own failure through", async () => {
    const waits = { name: "waits", parallel: true, check: () => new Promise<boolean>(() => {}) };
    const provider = scripted([{ throws: new Error("down") }]);
    await failure(() => run(guarded({ input: [waits] }, provider), "hi"), "SERVER_FAILED");
  });
});

describe("output guardrails", () => {
  it("make the model try again, told why", async () => {
    const polite = (text: string) => ({ ok: text.endsWith("please"), message: "say please" });
    const provider = scripted(["give", "give please"]);
    const outcome = await run(guarded({ output: [polite] }, provider), "hi");
    expect(outcome).toMatchObject({
      text: "give please",
      attempts: [{ text: "give", guardrail: "polite", feedback: "say please" }],
    });
    expect(provider.requests[1]?.messages.at(-1)?.content).toBe(
      "Your answer was not taken: say please\nAnswer again.",
    );
  });

  it("end the run when it has been told often enough", async () => {
    const error = await failure(() => run(guarded({ output: [() => false] }), "hi"), "GUARDRAIL_TRIPPED");
    expect((error as AttemptsError).attempts).toHaveLength(3);
    expect((error as AttemptsError).attempts[0]).toMatchObject({
      text: "fine",
      guardrail: "output guardrail 1",
    });
  });
});

describe("tool guardrails", () => {
  it("keep calls from being made and results from being read", async () => {
    let ran = 0;
    const fetch = tool({
      name: "fetch",
      description: "",
      parameters: z.object({ host: z.string() }),
      execute: ({ host }) => {
        ran++;
        return host === "b" ? "password: x" : "page";
      },
    });
    const calls = ["evil", "b", "c"].map((host) => ({ name: "fetch", arguments: { host } }));
    const provider = scripted([{ calls }, "fine"]);
    const rules: Guardrails = {
      tool: [
        { name: "hosts", check: (use) => use.arguments["host"] !== "evil" },
        { name: "secrets", check: ({ result = "" }) => (result.includes("password") ? "a password" : true) },
      ],
    };
    await run(agent({ name: "a", model: "m", provider, tools: [fetch], guardrails: rules }), "hi");
    const texts = provider.requests[1]?.messages
      .filter(({ role }) => role === "tool")
      .map(({ content }) => content);
    expect(texts).toEqual([
      'The guardrail "hosts" refused the call: did not pass "hosts"',
      'The guardrail "secrets" refused the result: a password',
      "page",
    ]);
    expect(ran).toBe(2);
  });
});

describe("a guardrail that does not work", () => {
  const noop = tool({ name: "noop", description: "", parameters: z.object({}), execute: () => "" });
  const stages: readonly Guardrails[] = [{ input: [throwing] }, { output: [throwing] }, { tool: [throwing] }];

  it.each(stages)("lets nothing pass: %o", async (guardrails) => {
    const provider = scripted([{ calls: [{ name: "noop", arguments: {} }] }, "fine"]);
    const broken = agent({ name: "a", model: "m", provider, tools: [noop], guardrails });
    const error = await failure(() => run(broken, "hi"), "HANDLER_FAILED");
    expect(error.message).toBe('The guardrail "throwing" failed: no model');
  });

  it("by hanging is cut off", async () => {
    const hangs = { name: "hangs", check: () => new Promise<boolean>(() => {}), timeoutMs: 10 };
    const error = await failure(() => run(guarded({ input: [hangs] }), "hi"), "DEADLINE_EXCEEDED");
    expect(error.message).toBe('The guardrail "hangs" took longer than 10 ms');
  });
});
