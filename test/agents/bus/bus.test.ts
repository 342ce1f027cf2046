import { describe, expect, it, onTestFinished } from "vitest";
import { z } from "zod";
import {
  type Accepts,
  type AgentOptions,
  Bus,
  type BusOptions,
  defineMessage,
  type Envelope,
} from "#src/agents/bus/index.js";
import { AikoError } from "#src/errors.js";
import { failure } from "../../support/errors.ts";

const Alert = defineMessage("alert", z.object({ host: z.string(), load: z.number() }));
const Double = defineMessage("math.double", z.number(), z.number());

function busOf(options: BusOptions = {}): Bus {
  const bus = new Bus(options);
  onTestFinished(() => bus.dispose({ drainMs: 0 }));
  return bus;
}

async function deadOf(bus: Bus): Promise<Envelope[]> {
  const dead: Envelope[] = [];
  await bus.deadLetters((envelope) => dead.push(envelope));
  return dead;
}

const reasonOf = (envelope: Envelope | undefined) => envelope?.headers?.["aikoryu-dead-reason"];
const forever = () => new Promise<never>(() => {});

describe("messages", () => {
  it("are published, sent, and broadcast to those who accept them, checked and typed", async () => {
    const bus = busOf();
    const seen: unknown[] = [];
    await bus.agent({
      name: "watcher",
      accepts: [Alert, defineMessage("note", z.string().default("none"))],
      handler: (message) => {
        if (message.type === "alert") seen.push(["watcher", message.body.host.toUpperCase(), message.from]);
        else seen.push(["watcher", message.body.length, message.topic]);
      },
    });
    const sender = await bus.agent({
      name: "sender",
      accepts: { "logs.*": z.object({ line: z.string() }) },
      handler: ({ type, topic, body }) => seen.push(["sender", type, topic, body.line]),
    });
    await sender.publish(Alert, { host: "web", load: 0.5 });
    await bus.send("watcher", "note", "four");
    await bus.publish("logs.nginx", { line: "GET /" });
    await bus.broadcast("note", undefined);
    await bus.broadcast("logs.all", { line: "hello" });
    await bus.publish("unheard.of", 1);
    await expect.poll(() => seen.length).toBe(5);
    expect(seen).toEqual(
      expect.arrayContaining([
        ["watcher", "WEB", "sender"],
        ["watcher", 4, "agent.watcher.note"],
        ["sender", "logs.*", "logs.nginx", "GET /"],
        ["watcher", 4, "everyone.note"],
        ["sender", "logs.*", "everyone.logs.all", "hello"],
      ]),
    );
    expect(bus.statistics()).toMatchObject({ published: 6, unheard: 1, handled: 5, failed: 0 });
  });

  it("reach an agent that accepts everything once, and what is the bus's own not at all", async () => {
    const bus = busOf();
    const seen: unknown[] = [];
    await bus.agent({
      name: "all",
      accepts: { ">": z.unknown() },
      handler: ({ topic }) => void seen.push(topic),
    });
    await bus.agent({ name: "other", accepts: [], handler: () => {} });
    await bus.publish("x.y", 1);
    await bus.send("all", "direct", 1);
    await bus.broadcast("all.of.you", 1);
    await bus.send("other", "not.for.all", 1);
    await bus.request("all", "asked", 1);
    await expect.poll(() => seen.length).toBe(4);
    expect([...seen].sort()).toEqual(["agent.all.asked", "agent.all.direct", "everyone.all.of.you", "x.y"]);
  });

  it("infer bodies on both sides", async () => {
    const bus = busOf();
    await bus.agent({ name: "math", accepts: [Double], handler: ({ body }) => body * 2 });
    const answer: number = await bus.request("math", Double, 21);
    expect(answer).toBe(42);
    // @ts-expect-error the body of Double is a number
    await failure(() => bus.request("math", Double, "21"), "INVALID_VALUE");
    const plain: unknown = await bus.request("math", "math.double", 4);
    expect(plain).toBe(8);
  });

  it("keep the order of one sender, and take turns between senders", async () => {
    const bus = busOf();
    const order: unknown[] = [];
    let open: () => void = () => {};
    const gate = new Promise<void>((resolve) => {
      open = resolve;
    });
    await bus.agent({
      name: "slow",
      accepts: { work: z.number() },
      handler: async ({ from, body }) => {
        await gate;
        order.push(`${from}${body}`);
      },
    });
    const [a, b, c] = await Promise.all(
      ["a", "b", "c"].map((name) => bus.agent({ name, accepts: [], handler: () => {} })),
    );
    for (let at = 0; at < 4; at++) await a?.send("slow", "work", at);
    for (let at = 0; at < 2; at++) await b?.send("slow", "work", at);
    await c?.send("slow", "work", 0);
    await expect.poll(() => bus.statistics().received).toBe(7);
    open();
    await expect.poll(() => order.length).toBe(7);
    expect(order.slice(0, 4).sort()).toEqual(["a0", "a1", "b0", "c0"]);
    expect(order.filter((one) => `${one}`.startsWith("a"))).toEqual(["a0", "a1", "a2", "a3"]);
  });

  it("reach nobody who is not there, and no name that is none", async () => {
    const bus = busOf();
    const error = await failure(() => bus.send("nobody", "x", 1), "AGENT_NOT_FOUND");
    expect(error.message).toBe("There is no agent nobody");
    await failure(() => bus.request("nobody", "x", 1), "AGENT_NOT_FOUND");
    await failure(() => bus.send("a.b", "x", 1), "INVALID_ARGUMENT");
    await failure(() => bus.publish("a b", 1), "INVALID_ARGUMENT");
    for (const timeoutMs of [Number.NaN, -1]) {
      await failure(() => bus.request("nobody", "x", 1, { timeoutMs }), "INVALID_ARGUMENT");
    }
    expect(() => defineMessage("a *", z.string())).toThrow(AikoError);
  });

  it("to a schema that takes its time are checked all the same", async () => {
    const bus = busOf();
    const even = z.number().refine(async (value) => value % 2 === 0, "odd");
    await bus.agent({ name: "even", accepts: { n: even }, handler: ({ body }) => body });
    expect(await bus.request("even", "n", 2)).toBe(2);
    const error = await failure(() => bus.request("even", "n", 3), "INVALID_VALUE");
    expect(error.message).toContain("odd");
  });
});

describe("agents", () => {
  const options = { name: "one", accepts: { x: z.unknown() }, handler: () => {} };

  it("join, are listed, and leave", async () => {
    const bus = busOf();
    const one = await bus.agent(options);
    await bus.agent({ ...options, name: "two", accepts: [Alert] });
    expect(await bus.agents()).toEqual([
      { name: "one", accepts: ["x"], bus: bus.id },
      { name: "two", accepts: ["alert"], bus: bus.id },
    ]);
    await failure(() => bus.agent(options), "INVALID_ARGUMENT");
    await one.leave();
    await one.leave();
    expect((await bus.agents()).map(({ name }) => name)).toEqual(["two"]);
    await failure(() => bus.send("one", "x", 1), "AGENT_NOT_FOUND");
    await bus.agent(options);
    await bus.send("one", "x", 1);
    await bus.dispose();
    await failure(() => bus.agent({ ...options, name: "late" }), "DISPOSED");
    await failure(() => bus.publish("x", 1), "DISPOSED");
  });

  it.each<Partial<AgentOptions<Accepts>>>([
    { name: "a b" },
    { name: "" },
    { accepts: { "a.>.b": z.string() } },
    { concurrency: 0 },
    { mailbox: { capacity: 1.5 } },
    { concurrency: 4, mailbox: { capacity: 3 } },
    { timeoutMs: Number.NaN },
    { timeoutMs: 2 ** 40 },
    { retries: -1 },
    JSON.parse('{ "handler": "none" }'),
  ])("are refused with wrong options: %j", async (wrong) => {
    const bus = busOf();
    await failure(() => bus.agent<Accepts>({ ...options, ...wrong }), "INVALID_ARGUMENT");
    expect(await bus.agents()).toEqual([]);
  });

  it("handle as many messages at a time as they have hands", async () => {
    const bus = busOf();
    let most = 0;
    let now = 0;
    await bus.agent({
      name: "busy",
      accepts: { x: z.number() },
      concurrency: 3,
      handler: async () => {
        most = Math.max(most, ++now);
        await new Promise((resolve) => setTimeout(resolve, 1));
        now--;
      },
    });
    await Promise.all(Array.from({ length: 20 }, (_, at) => bus.request("busy", "x", at)));
    expect(most).toBe(3);
  });

  it("end what they hold before they leave", async () => {
    const bus = busOf();
    const done: number[] = [];
    const agent = await bus.agent({
      name: "careful",
      accepts: { x: z.number() },
      handler: async ({ body }) => {
        await new Promise((resolve) => setTimeout(resolve, 2));
        done.push(body);
      },
    });
    for (let at = 0; at < 5; at++) await bus.send("careful", "x", at);
    await agent.leave();
    expect(done).toEqual([0, 1, 2, 3, 4]);
  });

  it("abort what takes too long to leave, and report it", async () => {
    const bus = busOf();
    const dead = await deadOf(bus);
    const signals: AbortSignal[] = [];
    const agent = await bus.agent({
      name: "stuck",
      accepts: { x: z.number() },
      handler: (_, context) => {
        signals.push(context.signal);
        return forever();
      },
    });
    for (let at = 0; at < 3; at++) await bus.send("stuck", "x", at);
    await expect.poll(() => signals.length).toBe(1);
    await agent.leave({ drainMs: 5 });
    expect(signals[0]?.aborted).toBe(true);
    await expect.poll(() => dead.map(({ body }) => body).sort()).toEqual([0, 1, 2]);
    expect(reasonOf(dead[0])).toContain("stuck: ABORTED: stuck left");
  });

  it("that are durable get what came while they were away", async () => {
    const bus = busOf();
    const seen: number[] = [];
    const durable = {
      name: "worker",
      accepts: { "jobs.>": z.number() },
      durable: true,
      handler: ({ body }: { body: number }) => void seen.push(body),
    };
    const first = await bus.agent(durable);
    await bus.publish("jobs.a", 1);
    await expect.poll(() => seen).toEqual([1]);
    await first.leave();
    await bus.publish("jobs.b", 2);
    await bus.send("worker", "jobs.c", 3);
    await bus.agent(durable);
    await expect.poll(() => [...seen].sort()).toEqual([1, 2, 3]);
  });
});

describe("faults", () => {
  it("of a handler are tried again, then go to the dead letters with the reason", async () => {
    const bus = busOf();
    const dead = await deadOf(bus);
    const attempts: number[] = [];
    await bus.agent({
      name: "flaky",
      accepts: { x: z.string() },
      retries: 2,
      retryDelayMs: 1,
      handler: ({ attempt, body }) => {
        attempts.push(attempt);
        if (body === "poison" || attempt < 3) throw new RangeError("boom");
      },
    });
    await bus.publish("x", "heals");
    await expect.poll(() => bus.statistics().handled).toBe(1);
    expect(attempts).toEqual([1, 2, 3]);
    await bus.publish("x", "poison");
    await expect.poll(() => dead.length).toBe(1);
    expect(dead[0]).toMatchObject({ topic: "dead.x", body: "poison" });
    expect(reasonOf(dead[0])).toBe("flaky: HANDLER_FAILED: The handler of flaky failed: boom");
    expect(bus.statistics().agents[0]).toMatchObject({
      received: 6,
      handled: 1,
      failed: 5,
      retried: 4,
      dead: 1,
    });
  });

  it("of a handler are tried again also where they are errors of values", async () => {
    const bus = busOf();
    await bus.agent({
      name: "late",
      accepts: { x: z.number() },
      retries: 1,
      retryDelayMs: 0,
      handler: ({ attempt }) => {
        if (attempt === 1) throw new AikoError("INVALID_VALUE", { message: "somebody else was faster" });
        return attempt;
      },
    });
    expect(await bus.request("late", "x", 1)).toBe(2);
  });

  it("of a body go to the dead letters at once, and to who asked", async () => {
    const bus = busOf();
    const dead = await deadOf(bus);
    await bus.agent({ name: "strict", accepts: [Alert], retries: 3, handler: () => expect.fail("called") });
    await bus.publish("alert", { host: 1, load: "high" });
    await bus.send("strict", "other", 1);
    const error = await failure(() => bus.request("strict", "alert", null), "INVALID_VALUE");
    expect(error.message).toContain("What came to strict on agent.strict.alert is not what its schema says");
    await expect.poll(() => dead.length).toBe(3);
    expect(reasonOf(dead[0])).toContain("at host: Invalid input: expected string, received number");
    expect(reasonOf(dead[1])).toContain("strict does not accept what came on agent.strict.other");
  });

  it("of a handler reach who asked, with their code", async () => {
    const bus = busOf();
    await bus.agent({
      name: "broken",
      accepts: { own: z.unknown(), foreign: z.unknown(), odd: z.unknown() },
      handler: async ({ type }) => {
        if (type === "own") throw new AikoError("SERVER_BUSY", { message: "not now", hint: "later" });
        if (type === "odd") return Promise.reject({ toString: null });
        throw new RangeError("boom");
      },
    });
    const own = await failure(() => bus.request("broken", "own", 1), "SERVER_BUSY");
    expect([own.message, own.hint]).toEqual(["not now", "later"]);
    const foreign = await failure(() => bus.request("broken", "foreign", 1), "HANDLER_FAILED");
    expect(foreign.message).toContain("The handler of broken failed: boom");
    await failure(() => bus.request("broken", "odd", 1), "HANDLER_FAILED");
  });

  it("of an answer reach who asked", async () => {
    const bus = busOf();
    await bus.agent({ name: "math", accepts: [Double], handler: () => "no number" });
    await failure(() => bus.request("math", Double, 1), "INVALID_VALUE");
  });

  it("of a handler that hangs harm nobody: its signal aborts, and the next has its turn", async () => {
    const bus = busOf();
    const dead = await deadOf(bus);
    const signals: AbortSignal[] = [];
    await bus.agent({
      name: "hanging",
      accepts: { x: z.string() },
      timeoutMs: 10,
      handler: ({ body }, context) => {
        if (body !== "hang") return body;
        signals.push(context.signal);
        return forever();
      },
    });
    await bus.send("hanging", "x", "hang");
    expect(await bus.request("hanging", "x", "fine")).toBe("fine");
    expect(signals[0]?.aborted).toBe(true);
    expect(signals[0]?.reason).toMatchObject({ code: "DEADLINE_EXCEEDED" });
    expect(reasonOf(dead[0])).toContain("hanging: DEADLINE_EXCEEDED");
    await failure(() => bus.request("hanging", "x", "hang"), "DEADLINE_EXCEEDED");
  });

  it("of agents that have much to do keep nobody waiting", async () => {
    const bus = busOf();
    let left = 600;
    for (const name of ["greedy-1", "greedy-2", "greedy-3"]) {
      await bus.agent({
        name,
        accepts: { x: z.number() },
        handler: () => {
          left--;
          const end = performance.now() + 0.5;
          while (performance.now() < end);
        },
      });
    }
    await bus.agent({ name: "quick", accepts: { x: z.number() }, handler: () => left });
    for (let at = 0; at < 200; at++) {
      for (const name of ["greedy-1", "greedy-2", "greedy-3"]) await bus.send(name, "x", at);
    }
    const answers = await Promise.all([1, 2, 3].map((at) => bus.request("quick", "x", at)));
    expect(Math.min(...answers.map(Number))).toBeGreaterThan(0);
    await expect.poll(() => left).toBe(0);
  });

  it("of a subscribed function go to the dead letters", async () => {
    const bus = busOf();
    const dead = await deadOf(bus);
    const hosts: string[] = [];
    await bus.subscribe(Alert, ({ host }) => {
      if (host === "bad") throw new RangeError("boom");
      hosts.push(host);
    });
    await bus.publish(Alert, { host: "bad", load: 1 });
    await bus.publish("alert", "nonsense");
    await bus.publish(Alert, { host: "good", load: 1 });
    await expect.poll(() => hosts).toEqual(["good"]);
    await expect
      .poll(() => dead.map(reasonOf))
      .toEqual(["boom", expect.stringContaining("What came on alert")]);
  });
});

describe("requests", () => {
  it("that are given up abort the handler, and what it asked itself", async () => {
    const bus = busOf();
    const aborted: string[] = [];
    const note = (name: string, signal: AbortSignal) =>
      signal.addEventListener("abort", () => aborted.push(name));
    await bus.agent({
      name: "inner",
      accepts: { x: z.unknown() },
      handler: (_, context) => {
        note("inner", context.signal);
        return forever();
      },
    });
    await bus.agent({
      name: "outer",
      accepts: { x: z.unknown() },
      handler: (_, context) => {
        note("outer", context.signal);
        return context.request("inner", "x", 1);
      },
    });
    const stop = new AbortController();
    const asked = failure(() => bus.request("outer", "x", 1, { signal: stop.signal }), "ABORTED");
    await expect.poll(() => bus.statistics().agents.map(({ running }) => running)).toEqual([1, 1]);
    stop.abort();
    await asked;
    await expect.poll(() => aborted.sort()).toEqual(["inner", "outer"]);
    await expect
      .poll(() =>
        bus.statistics().agents.map(({ running, cancelled, failed }) => [running, cancelled, failed]),
      )
      .toEqual([
        [0, 1, 0],
        [0, 1, 0],
      ]);
  });

  it("that are not answered in time abort the handler, and free those that wait behind it", async () => {
    const bus = busOf();
    let handled = 0;
    await bus.agent({
      name: "slow",
      accepts: { x: z.number() },
      handler: ({ body }) => {
        handled++;
        return body === 0 ? forever() : body;
      },
    });
    const late = failure(() => bus.request("slow", "x", 0, { timeoutMs: 30 }), "DEADLINE_EXCEEDED");
    const queued = failure(() => bus.request("slow", "x", 1, { timeoutMs: 10 }), "DEADLINE_EXCEEDED");
    const patient = bus.request("slow", "x", 2);
    await Promise.all([late, queued]);
    expect(await patient).toBe(2);
    expect(handled).toBe(2);
    expect(bus.statistics().agents[0]).toMatchObject({ cancelled: 2, handled: 1, dead: 0 });
  });

  it("share a signal without a warning, and leave no listener behind", async () => {
    const warnings: Error[] = [];
    const onWarning = (warning: Error) => warnings.push(warning);
    process.on("warning", onWarning);
    onTestFinished(() => void process.off("warning", onWarning));
    const bus = busOf();
    await bus.agent({ name: "echo", accepts: { x: z.number() }, handler: ({ body }) => body });
    const { signal } = new AbortController();
    const asked = Array.from({ length: 50 }, (_, at) => bus.request("echo", "x", at, { signal }));
    expect(await Promise.all(asked)).toHaveLength(50);
    await new Promise((resolve) => setImmediate(resolve));
    expect(warnings).toEqual([]);
  });
});

describe("full mailboxes", () => {
  it("make senders wait, whose signal ends the wait", async () => {
    const bus = busOf();
    let open: () => void = () => {};
    const gate = new Promise<void>((resolve) => {
      open = resolve;
    });
    const seen: number[] = [];
    await bus.agent({
      name: "full",
      accepts: { x: z.number() },
      mailbox: { capacity: 2 },
      handler: async ({ body }) => {
        await gate;
        seen.push(body);
      },
    });
    await bus.send("full", "x", 0);
    await bus.send("full", "x", 1);
    let sent = false;
    const third = bus.send("full", "x", 2).then(() => {
      sent = true;
    });
    const stop = new AbortController();
    const fourth = failure(() => bus.send("full", "x", 3, { signal: stop.signal }), "ABORTED");
    await new Promise((resolve) => setImmediate(resolve));
    expect(sent).toBe(false);
    stop.abort();
    await fourth;
    open();
    await third;
    await expect.poll(() => seen.slice(0, 3)).toEqual([0, 1, 2]);
  });

  it("refuse, or drop the oldest of who sends most, and say so", async () => {
    const bus = busOf();
    const dead = await deadOf(bus);
    const common = { accepts: { x: z.string() }, handler: forever, mailbox: { capacity: 2 } } as const;
    await bus.agent({ ...common, name: "refusing", mailbox: { capacity: 2, overflow: "reject" } });
    for (const body of ["0", "1"]) await bus.send("refusing", "x", body);
    await failure(() => bus.send("refusing", "x", "2"), "QUEUE_FULL");
    await failure(() => bus.request("refusing", "x", "2"), "QUEUE_FULL");
    await bus.agent({ ...common, name: "dropping", mailbox: { capacity: 2, overflow: "drop-oldest" } });
    const quiet = await bus.agent({ name: "quiet", accepts: [], handler: () => {} });
    await bus.send("dropping", "x", "running");
    await quiet.send("dropping", "x", "quiet");
    for (const body of ["a", "b", "c"]) await bus.send("dropping", "x", body);
    await expect.poll(() => dead.map(({ body }) => body)).toEqual(["a", "b"]);
    expect(reasonOf(dead[0])).toContain("dropping: QUEUE_FULL");
    expect(bus.statistics().agents.find(({ name }) => name === "dropping")).toMatchObject({
      dropped: 2,
      waiting: 2,
      running: 1,
    });
  });

  it("stay bounded and fair when 10,000 agents flood one of them", async () => {
    const bus = busOf();
    const perSender = new Map<string, number>();
    let maxWaiting = 0;
    const inbox = await bus.agent({
      name: "inbox",
      accepts: { flood: z.number() },
      mailbox: { capacity: 256 },
      handler: ({ from = "" }) => {
        perSender.set(from, (perSender.get(from) ?? 0) + 1);
        maxWaiting = Math.max(maxWaiting, inbox.statistics().waiting);
      },
    });
    const senders = await Promise.all(
      Array.from({ length: 10_000 }, (_, at) =>
        bus.agent({ name: `sender-${at}`, accepts: [], handler: () => {} }),
      ),
    );
    let refused = 0;
    let gaps = 0;
    const timer = setInterval(() => gaps++, 1);
    const flood = senders.flatMap((sender, at) =>
      Array.from({ length: at === 0 ? 30_000 : 5 }, (_, n) =>
        sender.send("inbox", "flood", n).catch(({ code }) => {
          if (code === "QUEUE_FULL") refused++;
        }),
      ),
    );
    await Promise.all(flood);
    clearInterval(timer);
    const handled = () => inbox.statistics().handled;
    await expect.poll(() => handled() + refused, { timeout: 60_000 }).toBe(flood.length);
    expect(maxWaiting).toBeLessThanOrEqual(256);
    expect(refused).toBeGreaterThan(0);
    const quiet = senders.slice(1).map(({ name }) => perSender.get(name) ?? 0);
    expect(Math.min(...quiet)).toBe(5);
    expect(gaps).toBeGreaterThan(0);
  }, 120_000);
});
