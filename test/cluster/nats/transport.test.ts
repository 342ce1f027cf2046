import { afterAll, beforeAll, describe, expect } from "vitest";
import type { Delivery, Envelope, Transport } from "#src/agents/index.js";
import { type NatsOptions, natsTransport } from "#src/cluster/index.js";
import { failure } from "../../support/errors.ts";
import { type NatsServer, natsMissing, natsServer } from "../../support/nats.ts";
import { itWith } from "../../support/tools.ts";

const it = itWith("nats-server", natsMissing);
let server: NatsServer | undefined;
let spaces = 0;

beforeAll(async () => {
  if (natsMissing === undefined) server = await natsServer();
});
afterAll(async () => {
  await server?.[Symbol.asyncDispose]();
});

function space(options: NatsOptions = {}): () => Promise<Transport> {
  const namespace = `test${spaces++}`;
  return () =>
    natsTransport({
      servers: server?.url ?? "",
      namespace,
      storage: "memory",
      maxBytes: 2 ** 24,
      ...options,
    });
}

function envelope(topic: string, body: unknown, more: Partial<Envelope> = {}): Envelope {
  return { id: crypto.randomUUID(), topic, body, sentAt: Date.now(), ...more };
}

const bodies = (deliveries: readonly Delivery[]) => deliveries.map(({ envelope: { body } }) => body);

describe("over NATS", () => {
  it("carries JSON and bytes between members, by patterns", async () => {
    const open = space();
    await using a = await open();
    await using b = await open();
    const heard: Delivery[] = [];
    await b.subscribe("logs.*.error", (delivery) => heard.push(delivery));
    await a.publish(envelope("logs.nginx.error", { text: "ü\u0000", n: 1.5, list: [null, true] }));
    await a.publish(envelope("logs.nginx.info", "not heard"));
    await a.publish(envelope("logs.nginx.error", Uint8Array.of(0, 10, 255), { headers: { x: "y" } }));
    await expect.poll(() => heard.length).toBe(2);
    expect(bodies(heard)).toEqual([
      { text: "ü\u0000", n: 1.5, list: [null, true] },
      Uint8Array.of(0, 10, 255),
    ]);
    expect(heard[1]?.envelope.headers).toEqual({ x: "y" });
  });

  it("gives each subscriber of one member everything, and one of a group something", async () => {
    const open = space();
    await using a = await open();
    await using b = await open();
    const counts = { first: 0, second: 0, left: 0, right: 0 };
    await b.subscribe("work.>", () => counts.first++);
    const second = await b.subscribe("work.>", () => counts.second++);
    await b.subscribe("work.>", () => counts.left++, { group: "g" });
    await a.subscribe("work.>", () => counts.right++, { group: "g" });
    for (let i = 0; i < 100; i++) await a.publish(envelope("work.one", i));
    await expect
      .poll(() => [counts.first, counts.second, counts.left + counts.right])
      .toEqual([100, 100, 100]);
    await second.close();
    await a.publish(envelope("work.one", 100));
    await expect.poll(() => counts.first).toBe(101);
    expect(counts.second).toBe(100);
  });

  it("answers requests, and says where nobody listens, nobody answers, or nobody waits any more", async () => {
    const open = space();
    await using a = await open();
    await using b = await open();
    await b.subscribe("echo", ({ envelope: { id, body, replyTo = "" } }) => {
      if (body !== "silence") b.publish(envelope(replyTo, [body], { inReplyTo: id }));
    });
    const answers = await Promise.all(
      Array.from({ length: 50 }, (_, i) => a.request(envelope("echo", i), { timeoutMs: 20_000 })),
    );
    expect(answers.map(({ body }) => body)).toEqual(Array.from({ length: 50 }, (_, i) => [i]));
    await failure(() => a.request(envelope("nobody", 1), { timeoutMs: 20_000 }), "AGENT_NOT_FOUND");
    await failure(() => a.request(envelope("echo", "silence"), { timeoutMs: 50 }), "DEADLINE_EXCEEDED");
    const controller = new AbortController();
    const asked = a.request(envelope("echo", "silence"), { timeoutMs: 60_000, signal: controller.signal });
    controller.abort();
    await failure(() => asked, "ABORTED");
    const closed = a.request(envelope("echo", "silence"), { timeoutMs: 60_000 });
    const rejected = failure(() => closed, "DISPOSED");
    await a[Symbol.asyncDispose]();
    await rejected;
    await failure(() => a.publish(envelope("echo", 1)), "DISPOSED");
  });

  it("stores what is published while nobody listens, and replays it", async () => {
    const open = space({ stored: ["inbox.>"] });
    await using a = await open();
    for (let i = 0; i < 10; i++) await a.publish(envelope("inbox.ann", i));
    await new Promise((resolve) => setTimeout(resolve, 20));
    const middle = new Date();
    for (let i = 10; i < 20; i++) await a.publish(envelope("inbox.ann", i));
    await using b = await open();
    const all: Delivery[] = [];
    const late: Delivery[] = [];
    const take = (list: Delivery[]) => (delivery: Delivery) => {
      list.push(delivery);
      void delivery.acknowledge();
    };
    await b.subscribe("inbox.ann", take(all), { since: "beginning" });
    await b.subscribe("inbox.*", take(late), { since: middle });
    await expect.poll(() => [all.length, late.length], { timeout: 20_000 }).toEqual([20, 10]);
    expect(bodies(all)).toEqual(Array.from({ length: 20 }, (_, i) => i));
    expect(bodies(late)).toEqual(Array.from({ length: 10 }, (_, i) => i + 10));
    await failure(() => b.subscribe("other.>", () => {}, { durable: "x" }), "INVALID_ARGUMENT");
  });

  it("keeps the place of a durable name", async () => {
    const open = space({ stored: ["inbox.>"] });
    await using a = await open();
    const heard: unknown[] = [];
    const handler = (delivery: Delivery) => {
      heard.push(delivery.envelope.body);
      void delivery.acknowledge();
    };
    const first = await a.subscribe("inbox.bob", handler, { durable: "bob" });
    await a.publish(envelope("inbox.bob", 1));
    await expect.poll(() => heard, { timeout: 20_000 }).toEqual([1]);
    await first.close();
    await a.publish(envelope("inbox.bob", 2));
    await using b = await open();
    await b.subscribe("inbox.bob", handler, { durable: "bob" });
    await expect.poll(() => heard, { timeout: 20_000 }).toEqual([1, 2]);
    await failure(() => b.subscribe("inbox.eve", handler, { durable: "bob" }), "INVALID_ARGUMENT");
  });

  it("drops what was published twice, redelivers what was rejected, and bounds what is in flight", async () => {
    const open = space({ stored: ["jobs"] });
    await using a = await open();
    const twice = envelope("jobs", "once");
    await a.publish(twice);
    await a.publish(twice);
    const waiting: Delivery[] = [];
    let seen = 0;
    await a.subscribe(
      "jobs",
      (delivery) => {
        seen++;
        waiting.push(delivery);
      },
      { group: "workers", maxInFlight: 2 },
    );
    await expect.poll(() => seen, { timeout: 20_000 }).toBe(1);
    await waiting.pop()?.reject();
    await expect.poll(() => seen, { timeout: 20_000 }).toBe(2);
    expect(waiting[0]?.redelivered).toBe(1);
    expect(waiting[0]?.envelope.body).toBe("once");
    await waiting.pop()?.acknowledge();
    for (let i = 0; i < 5; i++) await a.publish(envelope("jobs", i));
    await expect.poll(() => waiting.length, { timeout: 20_000 }).toBe(2);
    const done: unknown[] = [];
    while (done.length < 5) {
      const next = waiting.shift();
      if (next === undefined) await new Promise((resolve) => setTimeout(resolve, 5));
      else {
        expect(waiting.length).toBeLessThanOrEqual(1);
        done.push(next.envelope.body);
        await next.acknowledge();
      }
    }
    expect(done.sort()).toEqual([0, 1, 2, 3, 4]);
  });

  it("buries poison: discarded, never acknowledged, or not ours", async () => {
    const open = space({ stored: ["jobs.>"], redeliverAfterMs: 200, maxDeliveries: 3 });
    await using a = await open();
    const dead: unknown[] = [];
    await a.subscribe("dead.>", ({ envelope: { topic, body, headers } }) => {
      dead.push([topic, body, headers?.["aikoryu-dead-reason"]]);
    });
    let attempts = 0;
    await a.subscribe(
      "jobs.>",
      (delivery) => {
        if (delivery.envelope.body === "poison") void delivery.discard("cannot be read");
        else {
          attempts++;
          void delivery.reject();
        }
      },
      { group: "g" },
    );
    await a.publish(envelope("jobs.a", "poison"));
    await a.publish(envelope("jobs.b", "stubborn"));
    await expect.poll(() => dead.length, { timeout: 30_000 }).toBe(2);
    expect(attempts).toBe(3);
    expect(dead).toEqual(
      expect.arrayContaining([
        ["dead.jobs.a", "poison", "cannot be read"],
        ["dead.jobs.b", "stubborn", "delivered 3 times, never acknowledged"],
      ]),
    );
    const { connect } = await import("@nats-io/transport-node");
    const foreign = await connect({ servers: server?.url ?? "" });
    foreign.publish(`test${spaces - 1}.t.jobs.c`, "{not json");
    await expect.poll(() => dead.length, { timeout: 30_000 }).toBe(3);
    expect(dead[2]).toEqual(["dead.jobs.c", "{not json", expect.stringContaining("no envelope")]);
    await foreign.close();
  });

  it("buries each poison once, also what lies about itself and what is too long for a reason", async () => {
    const open = space({ stored: ["jobs.>"], redeliverAfterMs: 200 });
    await using a = await open();
    const dead: unknown[] = [];
    await a.subscribe("dead.>", ({ envelope: { body } }) => dead.push(body));
    await a.subscribe("jobs.>", (delivery) => void delivery.discard("x".repeat(900)), { group: "g" });
    const { connect } = await import("@nats-io/transport-node");
    const { jetstreamManager } = await import("@nats-io/jetstream");
    const foreign = await connect({ servers: server?.url ?? "" });
    const forged = [
      { topic: "jobs a" },
      { topic: "cancel" },
      { from: 5 },
      { replyTo: "a b" },
      { replyTo: 7 },
      { headers: { x: 1 } },
      { headers: [] },
    ];
    for (const head of forged) {
      const text = JSON.stringify({ id: "x", topic: "jobs.a", sentAt: 1, body: 1, ...head });
      foreign.publish(`test${spaces - 1}.t.jobs.a`, text);
    }
    await a.publish(envelope("jobs.a", "y".repeat(2 ** 20 - 400)));
    await expect.poll(() => dead.length, { timeout: 30_000 }).toBe(forged.length + 1);
    expect(dead.at(-1)).toBeNull();
    const { consumers } = await jetstreamManager(foreign);
    const stream = `test${spaces - 1}_topics`;
    const [consumer] = await consumers.list(stream).next();
    const pending = async () => (await consumers.info(stream, consumer?.name ?? "")).num_ack_pending;
    await expect.poll(pending, { timeout: 30_000 }).toBe(0);
    expect(dead.length).toBe(forged.length + 1);
    await foreign.close();
  });

  it("goes on after its place in the stream when the server has forgotten a subscriber", async () => {
    const open = space({ stored: ["story.>"] });
    await using a = await open();
    const heard: unknown[] = [];
    await a.subscribe("story.>", ({ envelope: { body } }) => heard.push(body), { since: "beginning" });
    await a.publish(envelope("story.a", 1));
    await expect.poll(() => heard).toEqual([1]);
    const { connect } = await import("@nats-io/transport-node");
    const { jetstreamManager } = await import("@nats-io/jetstream");
    const foreign = await connect({ servers: server?.url ?? "" });
    const { consumers } = await jetstreamManager(foreign);
    const stream = `test${spaces - 1}_topics`;
    for (const { name } of await consumers.list(stream).next()) await consumers.delete(stream, name);
    await foreign.close();
    await a.publish(envelope("story.a", 2));
    await expect.poll(() => heard, { timeout: 30_000 }).toEqual([1, 2]);
  });

  it("is disposed while a subscriber never ends what it has, which then goes to another", async () => {
    const open = space({ stored: ["jobs.>"], redeliverAfterMs: 200 });
    const a = await open();
    const stuck: Delivery[] = [];
    for (const pattern of ["jobs.>", "live.>"]) {
      await a.subscribe(pattern, (delivery) => stuck.push(delivery), { group: "g", maxInFlight: 1 });
    }
    for (const topic of ["jobs.a", "live.a", "live.b"]) await a.publish(envelope(topic, topic));
    await expect.poll(() => stuck.length).toBe(2);
    await a[Symbol.asyncDispose]();
    await using b = await open();
    const heard: unknown[] = [];
    await b.subscribe("jobs.>", ({ envelope: { body } }) => heard.push(body), { group: "g" });
    await expect.poll(() => heard, { timeout: 30_000 }).toContain("jobs.a");
    await stuck[0]?.acknowledge();
    expect(stuck.length).toBe(2);
  });

  it("shares a context with revisions and watchers", async () => {
    const open = space();
    await using a = await open();
    await using b = await open();
    const mine = await a.context("plans");
    const theirs = await b.context("plans");
    const controller = new AbortController();
    const seen: unknown[] = [];
    const watching = (async () => {
      for await (const { key, value } of theirs.watch("team.>", { signal: controller.signal })) {
        seen.push([key, value]);
      }
    })();
    const first = await mine.set("team.größe=1", { n: 1 });
    expect(await theirs.get("team.größe=1")).toEqual({ value: { n: 1 }, revision: first });
    await failure(() => theirs.set("team.größe=1", 2, { revision: 0 }), "INVALID_VALUE");
    const second = await theirs.set("team.größe=1", 2, { revision: first });
    await failure(() => mine.set("team.größe=1", 3, { revision: first }), "INVALID_VALUE");
    expect((await mine.get("team.größe=1"))?.revision).toBe(second);
    expect(await mine.keys()).toEqual(["team.größe=1"]);
    await mine.delete("team.größe=1");
    expect(await theirs.get("team.größe=1")).toBeUndefined();
    expect(await theirs.set("team.größe=1", 4, { revision: 0 })).toBeGreaterThan(second);
    await expect.poll(() => seen.at(-1), { timeout: 20_000 }).toEqual(["team.größe=1", 4]);
    controller.abort();
    await watching;
    await failure(() => mine.get("a..b"), "INVALID_ARGUMENT");
  });

  it("refuses what would not arrive as it is", async () => {
    await using a = await space()();
    const cyclic: Record<string, unknown> = {};
    cyclic["self"] = cyclic;
    for (const body of [
      cyclic,
      { f: () => 1 },
      [Number.NaN],
      1n,
      new Map(),
      { x: new Float32Array(2) },
      [new Date()],
      [undefined],
    ]) {
      await failure(() => a.publish(envelope("x", body)), "INVALID_ARGUMENT");
    }
    for (const topic of ["", "a..b", "a b", "a.*", "a.>", "ü\u0007"]) {
      await failure(() => a.publish(envelope(topic, 1)), "INVALID_ARGUMENT");
    }
    await failure(() => a.publish(envelope("x", "y".repeat(2_000_000))), "INVALID_ARGUMENT");
    await failure(() => a.subscribe("a.>.b", () => {}), "INVALID_ARGUMENT");
    await failure(() => natsTransport({ namespace: "a.b" }), "INVALID_ARGUMENT");
  });

  it("says what is missing: a server, JetStream", async () => {
    const error = await failure(
      () => natsTransport({ servers: "nats://127.0.0.1:1", timeoutMs: 2_000 }),
      "CONNECTION_FAILED",
    );
    expect(error.hint).toContain("nats-server");
    await using plain = await natsServer({ jetstream: false });
    await failure(() => natsTransport({ servers: plain.url, stored: ["x"] }), "UNSUPPORTED");
    await using transport = await natsTransport({ servers: plain.url });
    await failure(() => transport.context("c"), "UNSUPPORTED");
    const heard: unknown[] = [];
    await transport.subscribe("a", ({ envelope: { body } }) => heard.push(body));
    await transport.publish(envelope("a", 1));
    await expect.poll(() => heard).toEqual([1]);
  });
});
