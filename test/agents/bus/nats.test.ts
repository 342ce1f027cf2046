import { randomUUID } from "node:crypto";
import { afterAll, beforeAll, describe, expect, onTestFinished } from "vitest";
import { z } from "zod";
import { Bus, type Envelope } from "#src/agents/bus/index.js";
import { natsTransport } from "#src/cluster/index.js";
import { failure } from "../../support/errors.ts";
import { type NatsServer, natsMissing, natsServer } from "../../support/nats.ts";
import { itWith } from "../../support/tools.ts";

const it = itWith("nats-server", natsMissing);

let server: NatsServer;

beforeAll(async () => {
  if (natsMissing === undefined) server = await natsServer();
});
afterAll(() => server?.[Symbol.asyncDispose]());

/** Two machines, as far as the bus knows. */
async function twoBuses(stored: readonly string[] = []): Promise<readonly [Bus, Bus]> {
  const namespace = `t${randomUUID().slice(0, 8)}`;
  const open = async () =>
    new Bus({ transport: await natsTransport({ servers: server.url, namespace, stored }) });
  const buses = [await open(), await open()] as const;
  onTestFinished(async () => {
    for (const bus of buses) await bus.dispose({ drainMs: 0 });
  });
  return buses;
}

const forever = () => new Promise<never>(() => {});

describe("agents on two machines", () => {
  it("see each other, answer each other, and tell each other their errors", async () => {
    const [here, there] = await twoBuses();
    await there.agent({
      name: "math",
      accepts: { double: z.number() },
      handler: ({ body }) => {
        if (body < 0) throw new RangeError("negative");
        return body * 2;
      },
    });
    const asker = await here.agent({ name: "asker", accepts: [], handler: () => {} });
    await expect
      .poll(async () => (await here.agents()).map(({ name }) => name).sort())
      .toEqual(["asker", "math"]);
    expect(await asker.request("math", "double", 21)).toBe(42);
    await failure(() => asker.request("math", "double", -1), "HANDLER_FAILED");
    await failure(() => asker.request("math", "double", "x"), "INVALID_VALUE");
    await failure(() => asker.request("nobody", "double", 1), "AGENT_NOT_FOUND");
    await asker.leave();
    expect((await there.agents()).map(({ name }) => name)).toEqual(["math"]);
  });

  it("may have any name that is a word", async () => {
    const [here, there] = await twoBuses();
    for (const name of ["žluťoučký", "日本", "a/b=c", "$x"]) {
      await there.agent({ name, accepts: { "číslo.*": z.number() }, handler: ({ body }) => body });
      expect(await here.request(name, "číslo.ž", 7)).toBe(7);
    }
    expect((await here.agents()).map(({ name }) => name).sort()).toEqual([
      "$x",
      "a/b=c",
      "žluťoučký",
      "日本",
    ]);
  });

  it("share what is sent to one name, and all hear what is for everyone", async () => {
    const [here, there] = await twoBuses();
    const seen: Record<string, number[]> = { here: [], there: [] };
    for (const [key, bus] of Object.entries({ here, there })) {
      await bus.agent({
        name: "worker",
        accepts: { job: z.number() },
        handler: ({ body }) => void seen[key]?.push(body),
      });
      await bus.agent({ name: `own-${key}`, accepts: { job: z.number() }, handler: () => {} });
    }
    for (let job = 0; job < 40; job++) await here.send("worker", "job", job);
    const all = () => [...(seen["here"] ?? []), ...(seen["there"] ?? [])].sort((a, b) => a - b);
    await expect.poll(all).toEqual(Array.from({ length: 40 }, (_, at) => at));
    await here.broadcast("job", 99);
    const handled = (bus: Bus, name: string) =>
      bus.statistics().agents.find((agent) => agent.name === name)?.handled;
    await expect.poll(() => [handled(here, "own-here"), handled(there, "own-there")]).toEqual([1, 1]);
  });

  it("are told when a requester gives up", async () => {
    const [here, there] = await twoBuses();
    let signal: AbortSignal | undefined;
    await there.agent({
      name: "slow",
      accepts: { x: z.number() },
      handler: (_, context) => {
        signal = context.signal;
        return forever();
      },
    });
    const stop = new AbortController();
    const asked = failure(() => here.request("slow", "x", 1, { signal: stop.signal }), "ABORTED");
    await expect.poll(() => signal).toBeDefined();
    stop.abort();
    await asked;
    await expect.poll(() => signal?.aborted).toBe(true);
    await expect.poll(() => there.statistics().agents[0]?.cancelled).toBe(1);
  });

  it("try again, and bury what nobody can handle", async () => {
    const [here, there] = await twoBuses();
    const dead: Envelope[] = [];
    await here.deadLetters((envelope) => dead.push(envelope));
    const attempts: number[] = [];
    await there.agent({
      name: "flaky",
      accepts: { x: z.string() },
      retries: 1,
      retryDelayMs: 10,
      handler: ({ body, attempt }) => {
        attempts.push(attempt);
        if (body === "poison" || attempt < 2) throw new RangeError("boom");
      },
    });
    await here.publish("x", "heals");
    await expect.poll(() => there.statistics().handled).toBe(1);
    await here.publish("x", "poison");
    await expect.poll(() => dead.map(({ topic, body }) => [topic, body])).toEqual([["dead.x", "poison"]]);
    expect(dead[0]?.headers?.["aikoryu-dead-reason"]).toContain("flaky: HANDLER_FAILED");
    expect(attempts).toEqual([1, 2, 1, 2]);
  });

  it("that are durable get what came while they were away, stored topics provided", async () => {
    const [here, there] = await twoBuses(["agent.>", "everyone.>", "jobs.>"]);
    const seen: number[] = [];
    const worker = {
      name: "worker",
      accepts: { "jobs.>": z.number() },
      durable: true,
      handler: ({ body }: { body: number }) => void seen.push(body),
    };
    const first = await there.agent(worker);
    await here.publish("jobs.a", 1);
    await expect.poll(() => seen).toEqual([1]);
    await first.leave();
    await here.publish("jobs.b", 2);
    await there.agent(worker);
    await expect.poll(() => seen).toEqual([1, 2]);
    const [plain] = await twoBuses();
    const error = await failure(() => plain.agent(worker), "INVALID_ARGUMENT");
    expect(error.hint).toContain("stored");
    expect(await plain.agents()).toEqual([]);
  });

  it("leave a server that is gone", async () => {
    const own = await natsServer();
    onTestFinished(() => own[Symbol.asyncDispose]());
    const bus = new Bus({ transport: await natsTransport({ servers: own.url }) });
    await bus.agent({ name: "one", accepts: { x: z.number() }, handler: () => {} });
    await own.kill();
    await bus.dispose({ drainMs: 100 });
    await failure(() => bus.publish("x", 1), "DISPOSED");
  });

  it("work on stored topics under any name, durable or not", async () => {
    const [here, there] = await twoBuses(["agent.>", "everyone.>", "jobs.>"]);
    const seen: string[] = [];
    for (const [name, durable] of [
      ["dělník", false],
      ["日本", true],
      ["x".repeat(300), true],
    ] as const) {
      await there.agent({
        name,
        durable,
        accepts: { "jobs.a-b": z.number(), "jobs.a.b": z.number(), "jobs.á.*": z.number() },
        handler: ({ topic }) => void seen.push(`${name} ${topic}`),
      });
      for (const topic of ["jobs.a-b", "jobs.a.b", "jobs.á.x"]) await here.send(name, topic, 1);
      const expected = ["jobs.a-b", "jobs.a.b", "jobs.á.x"].map((topic) => `${name} agent.${name}.${topic}`);
      await expect.poll(() => [...seen].sort()).toEqual(expected);
      seen.length = 0;
    }
  });

  it("get answers that wait without end, and the error of an answer that cannot be sent", async () => {
    const [here, there] = await twoBuses();
    await there.agent({
      name: "odd",
      accepts: { map: z.null(), long: z.null(), slow: z.null() },
      handler: async ({ type }) => {
        if (type === "map") return new Map();
        if (type === "long") return "x".repeat(3_000_000);
        return await new Promise((resolve) => setTimeout(() => resolve("done"), 50));
      },
    });
    expect(await here.request("odd", "slow", null, { timeoutMs: Infinity })).toBe("done");
    for (const type of ["map", "long"]) {
      await failure(() => here.request("odd", type, null, { timeoutMs: 60_000 }), "INVALID_ARGUMENT");
    }
  });

  it("leave when what they hold is done, or when their time is up", async () => {
    const [here, there] = await twoBuses();
    const dead: unknown[] = [];
    await here.deadLetters(({ body }) => dead.push(body));
    const done: number[] = [];
    let release = () => {};
    const held = new Promise<void>((resolve) => {
      release = resolve;
    });
    const join = (name: string, wait: () => Promise<void>) =>
      there.agent({
        name,
        accepts: { [`${name}.x`]: z.number() },
        mailbox: { capacity: 2 },
        handler: async ({ body }) => {
          await wait();
          done.push(body);
        },
      });
    const patient = await join("patient", () => held);
    const stuck = await join("stuck", forever);
    for (let at = 0; at < 5; at++) await here.publish("patient.x", at);
    for (let at = 0; at < 5_000; at++) await here.publish("stuck.x", at);
    await expect.poll(() => there.statistics().received).toBe(4);
    const leaving = patient.leave({ drainMs: 60_000 });
    release();
    await leaving;
    expect(done).toEqual([0, 1, 2, 3, 4]);
    await stuck.leave({ drainMs: 0 });
    await expect.poll(() => dead.length, { timeout: 20_000 }).toBe(5_000);
    expect(done.length).toBe(5);
  });

  it("forget those whose process ended without leaving", async () => {
    const [here, there] = await twoBuses();
    await there.agent({ name: "alive", accepts: [], handler: () => {} });
    const presence = await here.context("presence");
    for (const [name, agoMs] of [
      ["crashed", 60_000],
      ["gone", 3_600_000],
    ] as const) {
      await presence.set(`${name}.bus`, { name, bus: "bus", accepts: [], seenAt: Date.now() - agoMs });
    }
    expect((await here.agents()).map(({ name }) => name)).toEqual(["alive"]);
    expect([...(await presence.keys())].sort()).toEqual([`alive.${there.id}`, "crashed.bus"]);
  });
});
