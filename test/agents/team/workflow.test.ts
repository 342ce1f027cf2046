import { describe, expect, it } from "vitest";
import { z } from "zod";
import { agent, defineState, type NodeContext, type Runnable, run, workflow } from "#src/agents/index.js";
import { failure } from "../../support/errors.ts";
import { scripted } from "./scripted.ts";

const state = defineState({
  log: { schema: z.array(z.string()), initial: [], reduce: "append" },
  total: { schema: z.number(), initial: 0, reduce: "add" },
  facts: { schema: z.record(z.string(), z.number()), initial: {}, reduce: "merge" },
  label: { schema: z.string().optional() },
  most: {
    schema: z.number(),
    initial: 0,
    reduce: (current: number, update: number) => Math.max(current, update),
  },
});

async function stateOf<I, R extends { readonly state: unknown }>(
  target: Runnable<I, R>,
  input: I,
): Promise<R["state"]> {
  const outcome = await run(target, input);
  if (outcome.status !== "done") return expect.fail("interrupted");
  return outcome.state;
}

describe("state", () => {
  it("is reduced key by key", () => {
    let now = state.initial();
    now = state.reduce(now, [{ update: { log: "a", total: 2, facts: { x: 1 }, most: 3 }, from: "test" }]);
    now = state.reduce(now, [
      { update: { log: ["b", "c"], total: 3, facts: { y: 2 }, most: 1, label: "z" }, from: "test" },
    ]);
    expect(now).toEqual({ log: ["a", "b", "c"], total: 5, facts: { x: 1, y: 2 }, most: 3, label: "z" });
    expect(state.initial().log).toEqual([]);
  });

  it("refuses what does not fit", async () => {
    const wrong = (update: unknown) =>
      failure(
        () =>
          state.reduce(state.initial(), [
            { update: { total: 1 }, from: "first" },
            { update, from: 'The node "n"' },
          ]),
        "INVALID_VALUE",
      );
    expect((await wrong({ total: "x" })).message).toContain('The node "n" for "total"');
    expect((await wrong({ totl: 1 })).hint).toBe("It has log, total, facts, label, most.");
    await wrong([1]);
    await wrong({ log: [1] });
    await failure(() => defineState({ n: { schema: z.number() } }), "INVALID_ARGUMENT");
  });

  it("reports a reducer that throws", async () => {
    const bad = defineState({
      n: {
        schema: z.number(),
        initial: 0,
        reduce: (_: number, __: number): number => {
          throw new Error("no");
        },
      },
    });
    await failure(() => bad.reduce(bad.initial(), [{ update: { n: 1 }, from: "x" }]), "HANDLER_FAILED");
  });
});

describe("a workflow", () => {
  it("knows the types of its state", () => {
    const node = { name: "g", state, edges: { start: "n" } };
    workflow({ ...node, nodes: { n: ({ total, log }) => ({ total: total + log.length, log: "one" }) } });
    // @ts-expect-error `total` is a number
    workflow({ ...node, nodes: { n: () => ({ total: "x" }) } });
    // @ts-expect-error there is no `sum`
    workflow({ ...node, nodes: { n: ({ sum }) => ({ total: sum }) } });
  });

  it("runs nodes along edges", async () => {
    const line = workflow({
      name: "line",
      state,
      nodes: { a: () => ({ log: "a", total: 1 }), b: ({ total }) => ({ log: `b${total}`, label: "end" }) },
      edges: { start: "a", a: "b", b: "end" },
    });
    expect(await stateOf(line, { log: "in" })).toEqual({
      log: ["in", "a", "b1"],
      total: 1,
      facts: {},
      label: "end",
      most: 0,
    });
  });

  it("merges parallel branches in the order of the nodes, whichever is first", async () => {
    for (const [slow, fast] of [
      ["left", "right"],
      ["right", "left"],
    ]) {
      const wait = (name: string) => async () => {
        if (name === slow) await new Promise((resolve) => setTimeout(resolve, 15));
        return { log: name, label: name, total: 1 };
      };
      const fork = workflow({
        name: "fork",
        state,
        nodes: {
          left: wait("left"),
          right: wait("right"),
          join: ({ log, label }) => ({ log: `${label}:${log.length}` }),
        },
        edges: { start: ["right", "left"], left: "join", right: "join" },
      });
      expect(fast).toBeDefined();
      expect(await stateOf(fork, {})).toMatchObject({ log: ["left", "right", "right:2"], total: 2 });
    }
  });

  it("waits for branches of different lengths", async () => {
    const seen: number[] = [];
    const uneven = workflow({
      name: "uneven",
      state,
      nodes: {
        a: () => ({ log: "a" }),
        b: () => ({ log: "b" }),
        b2: () => ({ log: "b2" }),
        join: { run: ({ log }) => void seen.push(log.length), waitsFor: ["a", "b2"] },
      },
      edges: { start: ["a", "b"], a: "join", b: "b2", b2: "join" },
    });
    expect(await stateOf(uneven, {})).toMatchObject({ log: ["a", "b", "b2"] });
    expect(seen).toEqual([3]);
  });

  it("chooses by state, goes round, and stops at a limit", async () => {
    const count = (limit: number, maxSteps?: number) =>
      workflow({
        name: "count",
        state,
        nodes: { up: () => ({ total: 1 }) },
        edges: { start: "up", up: ({ total }) => (total < limit ? "up" : "end") },
        maxSteps,
      });
    expect(await stateOf(count(7), {})).toMatchObject({ total: 7 });
    const error = await failure(() => run(count(Number.POSITIVE_INFINITY, 20), {}), "NO_CONVERGENCE");
    expect(error.message).toContain("20 steps");
  });

  it("sends a node inputs of its own, once for each", async () => {
    const mapped = workflow({
      name: "mapped",
      state,
      nodes: {
        split: () => undefined,
        square: (_, { input }: NodeContext) => ({ log: String(Number(input) ** 2) }),
      },
      edges: { start: "split", split: () => [3, 1, 2].map((input) => ({ node: "square", input })) },
    });
    expect(await stateOf(mapped, {})).toMatchObject({ log: ["9", "1", "4"] });
  });

  it("has agents for nodes", async () => {
    const namer = agent({ name: "namer", model: "m", provider: scripted(["Bob"]) });
    const asking = workflow({
      name: "asking",
      state,
      nodes: { ask: async (_, context) => ({ label: (await context.run(namer, "name?")).text }) },
      edges: { start: "ask" },
    });
    const outcome = await run(asking, {});
    expect(outcome).toMatchObject({ state: { label: "Bob" }, usage: { requests: 1 } });
  });

  it("gives nodes a state that they cannot change, and keeps no hold on what they return", async () => {
    const kept = ["a"];
    const spoiling = workflow({
      name: "spoiling",
      state,
      nodes: {
        give: () => ({ log: kept }),
        later: ({ log }) => {
          kept.push("b");
          return { total: log.length };
        },
        spoil: ({ log }) => {
          (log as string[]).push("spoilt");
        },
      },
      edges: { start: "give", give: "later", later: ({ total }) => (total > 1 ? "spoil" : "end") },
    });
    expect(await stateOf(spoiling, {})).toMatchObject({ log: ["a"], total: 1 });
    const error = await failure(() => run(spoiling, { log: "x", total: 1 }), "HANDLER_FAILED");
    expect(error.message).toContain('The node "spoil" failed');
  });

  it("sends a thousand inputs at once", async () => {
    const many = workflow({
      name: "many",
      state,
      nodes: { one: (_, { input }) => ({ log: String(input), total: 1 }) },
      edges: { start: () => Array.from({ length: 1000 }, (_, input) => ({ node: "one", input })) },
    });
    const { log, total } = await stateOf(many, {});
    expect(total).toBe(1000);
    expect(log[999]).toBe("999");
  });

  it("runs a node again that failed, as often as it may", async () => {
    let tries = 0;
    const flaky = {
      retries: 2,
      run: () => {
        if (++tries < 3) throw new Error("down");
        return { total: tries };
      },
    };
    const trying = workflow({ name: "trying", state, nodes: { flaky }, edges: { start: "flaky" } });
    expect(await stateOf(trying, {})).toMatchObject({ total: 3 });
    tries = -1;
    const error = await failure(() => run(trying, {}), "HANDLER_FAILED");
    expect(error.message).toBe('The node "flaky" failed: down');
  });

  it("cancels siblings of a node that failed, and cuts off one that hangs", async () => {
    let cancelled = false;
    const nodes = {
      fails: async () => {
        throw new Error("no");
      },
      waits: (_: unknown, { signal }: NodeContext) =>
        new Promise<undefined>(() => {
          signal.addEventListener("abort", () => {
            cancelled = true;
          });
        }),
    };
    await failure(
      () => run(workflow({ name: "g", state, nodes, edges: { start: ["waits", "fails"] } }), {}),
      "HANDLER_FAILED",
    );
    expect(cancelled).toBe(true);
    const hangs = { run: () => new Promise<undefined>(() => {}), timeoutMs: 10 };
    const error = await failure(
      () => run(workflow({ name: "g", state, nodes: { hangs }, edges: { start: "hangs" } }), {}),
      "DEADLINE_EXCEEDED",
    );
    expect(error.message).toBe('The node "hangs" took longer than 10 ms');
  });

  it("is checked when it is made, and where its edges lead", async () => {
    const nodes = { first: () => undefined, second: () => undefined };
    const make = (edges: Record<string, string>) => () => workflow({ name: "g", state, nodes, edges });
    expect((await failure(make({ start: "frist" }), "INVALID_ARGUMENT")).hint).toBe('Did you mean "first"?');
    await failure(make({ first: "second" }), "INVALID_ARGUMENT");
    await failure(
      () => workflow({ name: "g", state, nodes: { end: () => undefined }, edges: { start: "end" } }),
      "INVALID_ARGUMENT",
    );
    const lost = workflow({ name: "g", state, nodes, edges: { start: () => "nowhere" } });
    await failure(() => run(lost, {}), "INVALID_ARGUMENT");
    const broken = workflow({
      name: "g",
      state,
      nodes,
      edges: {
        start: () => {
          throw new Error("odd");
        },
      },
    });
    expect((await failure(() => run(broken, {}), "HANDLER_FAILED")).message).toBe(
      'The edge from "start" failed: odd',
    );
    const stuck = workflow({
      name: "g",
      state,
      nodes: { ...nodes, join: { run: () => undefined, waitsFor: ["first", "second"] } },
      edges: { start: "first", first: "join", second: "join" },
    });
    expect((await failure(() => run(stuck, {}), "NO_CONVERGENCE")).message).toContain(
      '"join" waits for second',
    );
  });
});
