import { describe, expect, it } from "vitest";
import { z } from "zod";
import {
  agent,
  agentTool,
  defineState,
  groupChat,
  type Interrupt,
  memoryCheckpoints,
  type NodeContext,
  type Outcome,
  resume,
  run,
  type TaskContext,
  tool,
  workflow,
} from "#src/agents/index.js";
import { failure } from "../../support/errors.ts";
import { type ScriptedSource, scripted } from "./scripted.ts";

const state = defineState({ log: { schema: z.array(z.string()), initial: [], reduce: "append" } });
const asked = (outcome: Outcome<object>): readonly Interrupt[] =>
  outcome.status === "interrupted" ? outcome.interrupts : expect.fail("it was not interrupted");
const answersTo = (outcome: Outcome<object>, answer: (interrupt: Interrupt) => unknown) =>
  Object.fromEntries(asked(outcome).map((interrupt) => [interrupt.id, answer(interrupt)]));

describe("a node that asks a person", () => {
  it("runs again from its beginning, and gets its answers in order", async () => {
    const checkpoints = memoryCheckpoints();
    let begun = 0;
    const asks = async (_: unknown, { interrupt }: NodeContext) => {
      begun++;
      const name = await interrupt({ ask: "name?" });
      const age = await interrupt({ ask: `age of ${String(name)}?` });
      return { log: `${String(name)} ${String(age)}` };
    };
    const form = workflow({ name: "form", state, nodes: { asks }, edges: { start: "asks" } });
    const at = { checkpoints, thread: "t" };
    const first = await run(form, {}, at);
    expect(asked(first)).toEqual([{ id: "1:asks?0", value: { ask: "name?" }, from: "asks" }]);
    expect((await checkpoints.latest("t"))?.status).toBe("interrupted");
    const unanswered = await resume(form, at);
    expect(asked(unanswered)).toEqual(asked(first));
    const second = await resume(form, { ...at, answers: { "1:asks?0": "Eve" } });
    expect(asked(second)).toEqual([{ id: "1:asks?1", value: { ask: "age of Eve?" }, from: "asks" }]);
    expect(await resume(form, { ...at, answers: { "1:asks?1": 30 } })).toMatchObject({
      state: { log: ["Eve 30"] },
    });
    expect(begun).toBe(4);
  });

  it("waits with siblings that ask, while those that ended are not run again", async () => {
    const checkpoints = memoryCheckpoints();
    let worked = 0;
    const asks = async (_: unknown, { interrupt, idempotencyKey }: NodeContext) => ({
      log: `${idempotencyKey}=${String(await interrupt("?"))}`,
    });
    const nodes = { one: asks, two: asks, works: () => void worked++ };
    const both = workflow({ name: "both", state, nodes, edges: { start: ["one", "two", "works"] } });
    const waiting = await run(both, {}, { checkpoints, thread: "t" });
    expect(asked(waiting).map(({ from }) => from)).toEqual(["one", "two"]);
    const [one] = asked(waiting);
    const half = await resume(both, { checkpoints, thread: "t", answers: { [one?.id ?? ""]: 1 } });
    expect(asked(half).map(({ from }) => from)).toEqual(["two"]);
    const done = await resume(both, { checkpoints, thread: "t", answers: answersTo(half, () => 2) });
    expect(done).toMatchObject({ state: { log: ["t/1:one=1", "t/1:two=2"] } });
    expect(worked).toBe(1);
  });

  it("waits even where it catches everything", async () => {
    const careless = async (_: unknown, { interrupt }: NodeContext) => {
      try {
        return { log: String(await interrupt("?")) };
      } catch {
        return { log: "caught" };
      }
    };
    const checkpoints = memoryCheckpoints();
    const g = workflow({ name: "g", state, nodes: { careless }, edges: { start: "careless" } });
    const waiting = await run(g, {}, { checkpoints, thread: "t" });
    const answers = answersTo(waiting, () => "said");
    expect(await resume(g, { checkpoints, thread: "t", answers })).toMatchObject({
      state: { log: ["said"] },
    });
  });

  it("needs checkpoints, and answers to what it asked", async () => {
    const asks = async (_: unknown, { interrupt }: NodeContext) => ({ log: String(await interrupt("?")) });
    const g = workflow({ name: "g", state, nodes: { asks }, edges: { start: "asks" } });
    expect((await failure(() => run(g, {}), "INVALID_ARGUMENT")).hint).toContain("memoryCheckpoints()");
    const checkpoints = memoryCheckpoints();
    await run(g, {}, { checkpoints, thread: "t" });
    const error = await failure(
      () => resume(g, { checkpoints, thread: "t", answers: { nonsense: 1 } }),
      "INVALID_ARGUMENT",
    );
    expect(error.hint).toBe('It asks "1:asks?0".');
  });
});

describe("a tool that needs approval", () => {
  const removed: string[] = [];
  const remove = tool({
    name: "remove",
    description: "",
    parameters: z.object({ path: z.string() }),
    needsApproval: ({ path }) => path !== "tmp",
    execute: ({ path }) => {
      removed.push(path);
      return "removed";
    },
  });
  const calls = ["tmp", "etc", "home", "var"].map((path) => ({ name: "remove", arguments: { path } }));
  const cleaner = (provider: ScriptedSource) =>
    agent({ name: "cleaner", model: "m", provider, tools: [remove] });

  it("waits for a person, call by call", async () => {
    removed.length = 0;
    const checkpoints = memoryCheckpoints();
    const provider = scripted([{ calls }, "done"]);
    const waiting = await run(cleaner(provider), "clean", { checkpoints, thread: "t" });
    expect(asked(waiting).map(({ value }) => value)).toEqual(
      calls.slice(1).map((call) => ({ approve: "remove", arguments: call.arguments })),
    );
    expect(removed).toEqual(["tmp"]);
    const [etc, home, last] = asked(waiting).map(({ id }) => id) as [string, string, string];
    const answers = { [etc]: true, [home]: "people live there", [last]: false };
    expect(await resume(cleaner(provider), { checkpoints, thread: "t", answers })).toMatchObject({
      text: "done",
    });
    expect(removed).toEqual(["tmp", "etc"]);
    expect(provider.requests).toHaveLength(2);
    const texts = provider.requests[1]?.messages
      .filter(({ role }) => role === "tool")
      .map(({ content }) => content);
    expect(texts).toEqual([
      "removed",
      "removed",
      "A person did not allow it: people live there",
      "A person did not allow it.",
    ]);
  });

  it("waits inside agents inside a chat inside a workflow, and nothing runs twice", async () => {
    removed.length = 0;
    const checkpoints = memoryCheckpoints();
    const inner = scripted([{ calls: calls.slice(1, 2) }, "cleaned"]);
    const outer = scripted([{ calls: [{ name: "cleaner", arguments: { input: "clean" } }] }, "reported"]);
    const boss = agent({ name: "boss", model: "m", provider: outer, tools: [agentTool(cleaner(inner))] });
    const chat = groupChat({ name: "chat", agents: [boss], maxRounds: 1 });
    const talk = async (_: unknown, context: TaskContext) => ({ log: (await context.run(chat, "go")).text });
    const all = workflow({ name: "all", state, nodes: { talk }, edges: { start: "talk" } });
    const waiting = await run(all, {}, { checkpoints, thread: "t" });
    expect(asked(waiting)[0]?.id).toBe("1:talk/0:0:speak/0:1:cleaner-0/0:1:remove-0?0");
    const answers = answersTo(waiting, () => true);
    const done = await resume(all, { checkpoints, thread: "t", answers });
    expect(done).toMatchObject({ state: { log: ["reported"] }, usage: { requests: 4 } });
    expect(removed).toEqual(["etc"]);
    expect([inner.requests.length, outer.requests.length]).toEqual([2, 2]);
  });
});
