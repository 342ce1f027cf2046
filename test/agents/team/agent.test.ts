import { describe, expect, it } from "vitest";
import { z } from "zod";
import {
  AttemptsError,
  agent,
  memoryCheckpoints,
  run,
  type TeamEvent,
  tool,
  withoutTools,
} from "#src/agents/index.js";
import { AikoError } from "#src/errors.js";
import { failure } from "../../support/errors.ts";
import { type ScriptedSource, scripted } from "./scripted.ts";

const call = (name: string, args: Record<string, unknown> = {}) => ({ name, arguments: args });
const add = tool({
  name: "add",
  description: "Adds two numbers",
  parameters: z.object({ a: z.number(), b: z.number() }),
  execute: ({ a, b }) => a + b,
});

async function eventsOf(events: AsyncIterable<TeamEvent>): Promise<TeamEvent[]> {
  const all: TeamEvent[] = [];
  for await (const event of events) all.push(event);
  return all;
}

/** What the model read of its tools in the request after the calls. */
const toolTexts = ({ requests }: ScriptedSource, at = 1) =>
  (requests[at]?.messages ?? []).filter(({ role }) => role === "tool").map(({ content }) => content);

describe("an agent", () => {
  it("answers with its model's text", async () => {
    const provider = scripted([{ text: ["Hel", "lo"] }]);
    const greeter = agent({
      name: "greeter",
      model: "m",
      instructions: "Be kind.",
      sampling: { temperature: 0 },
      provider,
    });
    const outcome = await run(greeter, "hi");
    expect(outcome).toMatchObject({
      status: "done",
      output: "Hello",
      text: "Hello",
      agent: "greeter",
      trail: ["greeter"],
    });
    expect(outcome.usage).toEqual({ requests: 1, promptTokens: 3, outputTokens: 2, modelMs: 2 });
    expect(provider.requests).toEqual([
      {
        model: "m",
        sampling: { temperature: 0 },
        messages: [
          { role: "system", content: "Be kind." },
          { role: "user", content: "hi" },
        ],
      },
    ]);
  });

  it("makes its instructions for each call", async () => {
    const provider = scripted([{ calls: [call("add", { a: 1, b: 1 })] }, "done"]);
    const instructions = ({ messages, locals }: { messages: readonly unknown[]; locals: unknown }) =>
      `${messages.length} ${String(locals)}`;
    await run(agent({ name: "a", model: "m", provider, instructions, tools: [add] }), "hi", {
      locals: "here",
    });
    expect(provider.requests.map(({ messages }) => messages[0]?.content)).toEqual(["1 here", "3 here"]);
  });

  it("reports instructions that throw", async () => {
    const instructions = () => {
      throw new Error("no file");
    };
    const error = await failure(
      () => run(agent({ name: "a", model: "m", provider: scripted(["x"]), instructions }), "hi"),
      "HANDLER_FAILED",
    );
    expect(error.message).toBe('The instructions of the agent "a" failed: no file');
  });

  it("tells what happens", async () => {
    const provider = scripted([{ calls: [call("add", { a: 2, b: 3 })] }, { text: ["5", "!"] }]);
    const running = run(agent({ name: "a", model: "m", provider, tools: [add] }), "2 + 3?");
    const events = await eventsOf(running);
    const numbered = { ...call("add", { a: 2, b: 3 }), id: "call_1_0" };
    expect(events).toEqual([
      { type: "turn", agent: "a", turn: 1 },
      { type: "tool-call", agent: "a", call: numbered },
      { type: "tool-result", agent: "a", call: numbered, text: "5", failed: false },
      { type: "turn", agent: "a", turn: 2 },
      { type: "piece", agent: "a", text: "5" },
      { type: "piece", agent: "a", text: "!" },
      { type: "done", output: expect.objectContaining({ output: "5!" }) },
    ]);
    expect((await running).usage.requests).toBe(2);
  });

  it("needs a provider, a name and a model", async () => {
    await failure(() => run(agent({ name: "a", model: "m" }), "hi"), "INVALID_ARGUMENT");
    await failure(() => agent({ name: "a b", model: "m" }), "INVALID_ARGUMENT");
    await failure(() => agent({ name: "__proto__", model: "m" }), "INVALID_ARGUMENT");
    await failure(() => agent({ name: "a", model: "" }), "INVALID_ARGUMENT");
    await failure(() => agent({ name: "a", model: "m", tools: [add, add] }), "INVALID_ARGUMENT");
    await failure(() => agent({ name: "a", model: "m", retries: -1 }), "INVALID_ARGUMENT");
    await failure(() => agent({ name: "a", model: "m", output: z.date() }), "INVALID_ARGUMENT");
  });

  it("takes texts and conversations", async () => {
    const talker = agent({ name: "a", model: "m", provider: scripted(["x"]) });
    for (const input of [[], [{ role: "user" }], [{ role: "boss", content: "x" }], 7, null]) {
      await failure(() => run(talker, input as never), "INVALID_ARGUMENT");
    }
  });

  it("goes on with a conversation", async () => {
    const provider = scripted(["one", "two"]);
    const checkpoints = memoryCheckpoints();
    const talker = agent({ name: "a", model: "m", provider });
    await run(talker, "first", { checkpoints, thread: "t" });
    const outcome = await run(talker, "second", { checkpoints, thread: "t" });
    expect(outcome).toMatchObject({ text: "two" });
    expect(provider.requests[1]?.messages.map(({ content }) => content)).toEqual(["first", "one", "second"]);
  });
});

describe("structured output", () => {
  const output = z.object({ label: z.enum(["ok", "bad"]), score: z.number() });

  it("is asked for by schema, checked and typed", async () => {
    const provider = scripted(['{"label":"ok","score":1}']);
    const outcome = await run(agent({ name: "a", model: "m", provider, output }), "hi");
    if (outcome.status !== "done") expect.fail("interrupted");
    const label: "ok" | "bad" = outcome.output.label;
    expect(label).toBe("ok");
    expect(provider.requests[0]?.format).toMatchObject({ type: "object", required: ["label", "score"] });
  });

  it("is asked for in words where there are tools, and may stand between fences", async () => {
    const provider = scripted(['```json\n{"label":"bad","score":0}\n```']);
    const outcome = await run(agent({ name: "a", model: "m", provider, output, tools: [add] }), "hi");
    expect(outcome).toMatchObject({ output: { label: "bad", score: 0 } });
    expect(provider.requests[0]?.format).toBeUndefined();
    expect(provider.requests[0]?.messages[0]?.content).toContain('"required":["label","score"]');
  });

  it("is asked for again with what was wrong", async () => {
    const provider = scripted(["no", '{"label":"fine"}', '{"label":"ok","score":1}']);
    const running = run(agent({ name: "a", model: "m", provider, output }), "hi");
    const events = await eventsOf(running);
    expect(events.filter(({ type }) => type === "retry")).toHaveLength(2);
    const outcome = await running;
    expect(outcome).toMatchObject({
      output: { label: "ok", score: 1 },
      attempts: [{ text: "no" }, { text: '{"label":"fine"}' }],
    });
    expect(provider.requests[2]?.messages.at(-1)?.content).toContain("label");
  });

  it("is INVALID_OUTPUT with all attempts where the model cannot do it", async () => {
    const provider = scripted(["no"]);
    const error = await failure(
      () => run(agent({ name: "a", model: "m", provider, output, retries: 3 }), "hi"),
      "INVALID_OUTPUT",
    );
    expect(provider.requests).toHaveLength(4);
    expect(error).toBeInstanceOf(AttemptsError);
    expect((error as AttemptsError).attempts.map(({ text }) => text)).toEqual(["no", "no", "no", "no"]);
  });
});

describe("tools", () => {
  const withTools = (provider: ScriptedSource, tools = [add]) =>
    agent({ name: "a", model: "m", provider, tools });

  it("run at the same time", async () => {
    let running = 0;
    let most = 0;
    const meet = tool({
      name: "meet",
      description: "Waits for three",
      parameters: z.object({}),
      execute: async () => {
        most = Math.max(most, ++running);
        await expect.poll(() => most).toBe(3);
        return { most };
      },
    });
    const provider = scripted([{ calls: [call("meet"), call("meet"), call("meet")] }, "ok"]);
    await run(withTools(provider, [meet]), "hi");
    expect(toolTexts(provider)).toEqual(['{"most":3}', '{"most":3}', '{"most":3}']);
  });

  it("that fail are told to the model", async () => {
    const fails = tool({
      name: "fails",
      description: "",
      parameters: z.object({}),
      execute: () => {
        throw new Error("x".repeat(10_000));
      },
    });
    const hangs = tool({
      name: "hangs",
      description: "",
      parameters: z.object({}),
      timeoutMs: 20,
      execute: () => new Promise(() => {}),
    });
    const calls = [call("fails"), call("hangs"), call("ad", {}), call("nothing"), call("add", { a: "1" })];
    const provider = scripted([{ calls }, "ok"]);
    expect(await run(withTools(provider, [add, fails, hangs]), "hi")).toMatchObject({ text: "ok" });
    const [thrown = "", late, near, unknown, wrong] = toolTexts(provider);
    expect(thrown.length).toBeLessThan(2_100);
    expect(thrown).toContain('The tool "fails" failed: xxx');
    expect(late).toBe('The tool "hangs" took longer than 20 ms');
    expect(near).toBe('There is no tool "ad". Did you mean "add"?');
    expect(unknown).toBe('There is no tool "nothing". There are: add, fails, hangs.');
    expect(wrong).toContain("expected number");
  });

  it("are bounded in number and in what they return", async () => {
    const long = tool({
      name: "long",
      description: "",
      parameters: z.object({}),
      maxResultLength: 10,
      execute: () => "y".repeat(50),
    });
    const provider = scripted([{ calls: Array.from({ length: 100 }, () => call("long")) }, "ok"]);
    await run(withTools(provider, [long]), "hi");
    const texts = toolTexts(provider);
    expect(texts).toHaveLength(100);
    expect(texts[0]).toBe("yyyyyyyyyy [40 characters cut off]");
    expect(texts[99]).toBe("Not called: at most 64 calls at a time.");
  });

  it("get a key that stays, and what the caller passed", async () => {
    const seen: unknown[] = [];
    const look = tool({
      name: "look",
      description: "",
      parameters: z.object({}),
      execute: (_, { idempotencyKey, locals, thread }) => {
        seen.push(idempotencyKey, locals, thread);
      },
    });
    await run(withTools(scripted([{ calls: [call("look")] }, "ok"]), [look]), "hi", {
      thread: "t",
      locals: 7,
    });
    expect(seen).toEqual(["t/1:look-0", 7, "t"]);
  });

  it("called for ever end the run", async () => {
    const provider = scripted([{ calls: [call("add", { a: 1, b: 1 })] }]);
    const looping = agent({ name: "a", model: "m", provider, tools: [add], maxTurns: 5 });
    const error = await failure(() => run(looping, "hi"), "NO_CONVERGENCE");
    expect(error.message).toContain("5 turns");
    expect(provider.requests).toHaveLength(5);
  });

  it("take objects only", async () => {
    await failure(
      () => tool({ name: "t", description: "", parameters: z.string(), execute: () => "" }),
      "INVALID_ARGUMENT",
    );
    await failure(
      () => tool({ name: "a b", description: "", parameters: z.object({}), execute: () => "" }),
      "INVALID_ARGUMENT",
    );
  });
});

describe("handoffs", () => {
  it("pass the conversation on", async () => {
    const second = agent({
      name: "second",
      model: "m2",
      instructions: "You are second.",
      description: "Knows.",
      provider: scripted(["mine"]),
    });
    const provider = scripted([{ calls: [call("transfer_to_second")] }]);
    const first = agent({
      name: "first",
      model: "m1",
      instructions: "You are first.",
      provider,
      handoffs: [second],
    });
    const outcome = await run(first, "hi");
    expect(outcome).toMatchObject({ text: "mine", agent: "second", trail: ["first", "second"] });
    expect(provider.requests[0]?.tools?.[0]).toMatchObject({
      name: "transfer_to_second",
      description: "Hands the conversation over to second. Knows.",
    });
    const { requests } = second.parts.provider as ScriptedSource;
    expect(requests[0]?.messages.map(({ role, content }) => `${role}: ${content}`)).toEqual([
      "system: You are second.",
      "user: hi",
      "assistant: ",
      "tool: second has the conversation now.",
    ]);
  });

  it("can leave calls of tools out, and run the others first", async () => {
    const second = agent({ name: "second", model: "m", provider: scripted(["mine"]) });
    const calls = [call("transfer_to_second"), call("add", { a: 1, b: 2 }), call("transfer_to_second")];
    const first = agent({
      name: "first",
      model: "m",
      provider: scripted([{ text: "wait", calls }]),
      tools: [add],
      handoffs: [{ to: second, filter: withoutTools }],
    });
    const outcome = await run(first, "hi");
    expect(outcome).toMatchObject({ trail: ["first", "second"] });
    const { requests } = second.parts.provider as ScriptedSource;
    expect(requests[0]?.messages).toEqual([
      { role: "user", content: "hi" },
      { role: "assistant", content: "wait" },
    ]);
  });

  const pair = (maxVisits: number, script: (n: number) => string | { calls: ReturnType<typeof call>[] }) => {
    let handed = 0;
    const provider = scripted((request) => {
      const to = request.tools?.[0]?.name ?? "";
      const found = script(handed++);
      return typeof found === "string" ? found : { calls: found.calls.map((one) => ({ ...one, name: to })) };
    });
    const ping: ReturnType<typeof agent> = agent({
      name: "ping",
      model: "m",
      provider,
      maxVisits,
      handoffs: () => [pong],
    });
    const pong: ReturnType<typeof agent> = agent({
      name: "pong",
      model: "m",
      provider,
      handoffs: () => [ping],
    });
    return ping;
  };

  it("that go round for ever are reported", async () => {
    const error = await failure(
      () =>
        run(
          pair(3, () => ({ calls: [call("")] })),
          "hi",
        ),
      "HANDOFF_CYCLE",
    );
    expect(error.message).toContain("ping -> pong -> ping");
    expect(error.hint).toContain("ping -> pong -> ping -> pong -> ping -> pong -> ping");
  });

  it("report a filter that throws", async () => {
    const to = agent({ name: "second", model: "m", provider: scripted(["mine"]) });
    const filter = () => {
      throw new Error("no");
    };
    const provider = scripted([{ calls: [call("transfer_to_second")] }]);
    const first = agent({ name: "first", model: "m", provider, handoffs: [{ to, filter }] });
    const error = await failure(() => run(first, "hi"), "HANDLER_FAILED");
    expect(error.message).toBe('The filter of the handoff to "second" failed: no');
  });

  it("may return", async () => {
    const outcome = await run(
      pair(2, (n) => (n < 2 ? { calls: [call("")] } : "done")),
      "hi",
    );
    expect(outcome).toMatchObject({ text: "done", trail: ["ping", "pong", "ping"] });
  });

  it("need names of their own", async () => {
    const one = agent({ name: "same", model: "m" });
    const other = agent({ name: "same", model: "m", handoffs: [one] });
    await failure(() => run(other, "hi", { provider: scripted(["x"]) }), "INVALID_ARGUMENT");
  });
});

describe("a provider that fails", () => {
  const broken = new AikoError("CONNECTION_FAILED", { message: "gone" });
  const cases = [
    ["mid-stream, with its own error", { text: ["a", "b"], throws: broken }, "CONNECTION_FAILED"],
    ["with any error", { throws: new Error("odd") }, "SERVER_FAILED"],
    ["to name a tool", { calls: [{ arguments: {} } as never] }, "PROTOCOL_VIOLATION"],
    ["to say that it is done", { text: "half", cutOff: true }, "PROTOCOL_VIOLATION"],
  ] as const;

  it.each(cases)("%s", async (_, answer, code) => {
    const running = run(agent({ name: "a", model: "m", provider: scripted([answer]) }), "hi");
    const pieces: string[] = [];
    await failure(async () => {
      for await (const event of running) if (event.type === "piece") pieces.push(event.text);
    }, code);
    await failure(() => running, code);
    expect(pieces.join("")).toBe(
      [answer].map((one) => ("text" in one ? [one.text].flat().join("") : "")).join(""),
    );
  });

  it("by hanging is cut off", async () => {
    const provider = scripted([{ hangs: true }]);
    const slow = agent({ name: "a", model: "m", provider, timeoutMs: 20 });
    await failure(() => run(slow, "hi"), "DEADLINE_EXCEEDED");
    await failure(
      () => run(agent({ name: "a", model: "m", provider }), "hi", { timeoutMs: 20 }),
      "DEADLINE_EXCEEDED",
    );
    await expect.poll(() => provider.cancelled.count).toBe(2);
  });
});

describe("cancelling", () => {
  it("before it starts", async () => {
    const provider = scripted(["x"]);
    await failure(
      () => run(agent({ name: "a", model: "m", provider }), "hi", { signal: AbortSignal.abort() }),
      "ABORTED",
    );
    expect(provider.requests).toEqual([]);
  });

  it("while the model writes", async () => {
    const provider = scripted([{ text: "begin", hangs: true }]);
    const stop = new AbortController();
    const running = run(agent({ name: "a", model: "m", provider }), "hi", { signal: stop.signal });
    await failure(async () => {
      for await (const event of running) if (event.type === "piece") stop.abort();
    }, "ABORTED");
    await expect.poll(() => provider.cancelled.count).toBe(1);
  });

  it("while a tool runs, whose signal fires", async () => {
    const stop = new AbortController();
    let fired = false;
    const waits = tool({
      name: "waits",
      description: "",
      parameters: z.object({}),
      execute: (_, { signal }) => {
        signal.addEventListener("abort", () => {
          fired = true;
        });
        stop.abort();
        return new Promise(() => {});
      },
    });
    const provider = scripted([{ calls: [call("waits")] }]);
    await failure(
      () => run(agent({ name: "a", model: "m", provider, tools: [waits] }), "hi", { signal: stop.signal }),
      "ABORTED",
    );
    expect(fired).toBe(true);
    expect(provider.requests).toHaveLength(1);
  });

  it("while a guardrail looks", async () => {
    const stop = new AbortController();
    const looks = () => {
      stop.abort();
      return new Promise<boolean>(() => {});
    };
    const guarded = agent({
      name: "a",
      model: "m",
      provider: scripted(["x"]),
      guardrails: { input: [looks] },
    });
    await failure(() => run(guarded, "hi", { signal: stop.signal }), "ABORTED");
  });

  it("by leaving the loop, or by hand", async () => {
    const provider = scripted([{ text: "begin", hangs: true }]);
    const hanging = agent({ name: "a", model: "m", provider });
    const left = run(hanging, "hi");
    for await (const event of left) if (event.type === "piece") break;
    await failure(() => left, "ABORTED");
    const cancelled = run(hanging, "hi");
    setImmediate(() => cancelled.cancel());
    await failure(() => cancelled, "ABORTED");
  });
});
