import { describe, expect, it } from "vitest";
import { z } from "zod";
import { agent, agentTool, broadcast, type GroupChatOptions, groupChat, run } from "#src/agents/index.js";
import { AikoError } from "#src/errors.js";
import { failure } from "../../support/errors.ts";
import { type ScriptedSource, scripted } from "./scripted.ts";

const speaker = (name: string, provider: ScriptedSource = scripted([`I am ${name}`])) =>
  agent({ name, model: "m", provider, description: `Is ${name}.` });
const three = ["ann", "bob", "cid"].map((name) => speaker(name));

async function chat(options: Partial<GroupChatOptions>) {
  const outcome = await run(groupChat({ name: "chat", agents: three, maxRounds: 5, ...options }), "begin");
  if (outcome.status !== "done") return expect.fail("interrupted");
  return { ...outcome, speakers: outcome.entries.slice(1).map(({ from }) => from) };
}

describe("a group chat", () => {
  it("goes round", async () => {
    const { speakers, reason, rounds, text } = await chat({});
    expect(speakers).toEqual(["ann", "bob", "cid", "ann", "bob"]);
    expect({ reason, rounds, text }).toEqual({ reason: "rounds", rounds: 5, text: "I am bob" });
  });

  it("lets everybody read what was said", async () => {
    const provider = scripted(["first", "second"]);
    await chat({ agents: [speaker("ann", provider), speaker("bob")], maxRounds: 3 });
    expect(provider.requests[1]?.messages).toEqual([
      { role: "user", content: "user: begin" },
      { role: "assistant", content: "first" },
      { role: "user", content: "bob: I am bob" },
    ]);
  });

  it("is random in the same way for the same seed", async () => {
    const first = await chat({ select: { random: 7 }, maxRounds: 20 });
    const again = await chat({ select: { random: 7 }, maxRounds: 20 });
    const other = await chat({ select: { random: 8 }, maxRounds: 20 });
    expect(again.speakers).toEqual(first.speakers);
    expect(other.speakers).not.toEqual(first.speakers);
    expect(new Set(first.speakers).size).toBe(3);
  });

  it("goes where a function says", async () => {
    const select = ({ round }: { round: number }) => (round === 2 ? undefined : "cid");
    expect(await chat({ select })).toMatchObject({ speakers: ["cid", "cid"], reason: "selection" });
    const error = await failure(() => chat({ select: () => "anne" }), "AGENT_NOT_FOUND");
    expect(error.hint).toBe('Did you mean "ann"?');
    const throws = () => {
      throw new Error("no");
    };
    await failure(() => chat({ select: throws }), "HANDLER_FAILED");
    await failure(() => chat({ stop: { when: throws } }), "HANDLER_FAILED");
  });

  it("goes where a model says, which is asked again where it names nobody", async () => {
    const provider = scripted(["bob!", '{"next":"bobby"}', '{"next":"bob"}', '{"next":"end"}']);
    const outcome = await chat({ select: { model: "m", provider } });
    expect(outcome).toMatchObject({ speakers: ["bob"], reason: "selection", usage: { requests: 5 } });
    expect(provider.requests[0]?.messages[0]?.content).toContain("- bob: Is bob.");
    await failure(() => chat({ select: { model: "m", provider: scripted(["dunno"]) } }), "INVALID_OUTPUT");
  });

  it("ends by a text, a function or an agent", async () => {
    expect(await chat({ stop: { text: "am cid" } })).toMatchObject({ rounds: 3, reason: "text" });
    expect(await chat({ stop: { when: ({ entries }) => entries.length > 2 } })).toMatchObject({
      rounds: 2,
      reason: "function",
    });
    const provider = scripted(['{"done":false}', '{"done":true}']);
    const judge = agent({ name: "judge", model: "m", provider, output: z.object({ done: z.boolean() }) });
    expect(await chat({ stop: { agent: judge } })).toMatchObject({ rounds: 2, reason: "agent" });
    expect(provider.requests[1]?.messages[0]?.content).toBe("user: begin\nann: I am ann\nbob: I am bob");
  });

  it("is checked when it is made", async () => {
    await failure(() => groupChat({ name: "c", agents: [] }), "INVALID_ARGUMENT");
    await failure(() => groupChat({ name: "c", agents: [speaker("a"), speaker("a")] }), "INVALID_ARGUMENT");
    await failure(() => groupChat({ name: "c", agents: [speaker("user")] }), "INVALID_ARGUMENT");
    await failure(() => groupChat({ name: "c", agents: three, maxRounds: 0 }), "INVALID_ARGUMENT");
  });
});

describe("a broadcast", () => {
  it("asks all at the same time; one that fails harms no other", async () => {
    const down = scripted([{ throws: new AikoError("CONNECTION_FAILED", { message: "gone" }) }]);
    const all = broadcast({ name: "all", agents: [speaker("ann"), speaker("bob", down), speaker("cid")] });
    expect(await run(all, "hi")).toMatchObject({
      replies: [
        { agent: "ann", text: "I am ann" },
        { agent: "bob", error: { code: "CONNECTION_FAILED", message: "gone" } },
        { agent: "cid", text: "I am cid" },
      ],
      usage: { requests: 2 },
    });
  });

  it("is cancelled as a whole", async () => {
    const hanging = scripted([{ text: "x", hangs: true }]);
    const all = broadcast({ name: "all", agents: [speaker("ann", hanging), speaker("bob", hanging)] });
    await failure(() => run(all, "hi", { timeoutMs: 20 }), "DEADLINE_EXCEEDED");
    await expect.poll(() => hanging.cancelled.count).toBe(2);
  });
});

describe("an agent as a tool", () => {
  it("answers the other's call", async () => {
    const provider = scripted([{ calls: [{ name: "ann", arguments: { input: "who?" } }] }, "done"]);
    const asking = agent({ name: "asking", model: "m", provider, tools: [agentTool(speaker("ann"))] });
    expect(await run(asking, "hi")).toMatchObject({ text: "done", usage: { requests: 3 } });
    expect(provider.requests[1]?.messages.at(-1)).toMatchObject({ role: "tool", content: "I am ann" });
  });
});
