import { randomUUID } from "node:crypto";
import { describe, expect, it } from "vitest";
import type { Delivery, Envelope, Transport } from "#src/agents/bus/index.js";
import { failure } from "../../support/errors.ts";

export interface Ends {
  /** Two ends of the same place, the same object where there is only one. */
  readonly a: Transport;
  readonly b: Transport;
  close(): Promise<void>;
}

let count = 0;

export function envelope(topic: string, body: unknown = null, more: Partial<Envelope> = {}): Envelope {
  return { id: `${randomUUID()}-${++count}`, topic, body, sentAt: Date.now(), ...more };
}

/** Deliveries by body, each acknowledged unless the test does something else with it. */
function collector(handle: (delivery: Delivery) => unknown = (delivery) => delivery.acknowledge()) {
  const bodies: unknown[] = [];
  return {
    bodies,
    handler: (delivery: Delivery) => {
      bodies.push(delivery.envelope.body);
      handle(delivery);
    },
  };
}

/** What every transport does. `open` makes a place of its own each time. */
export function transportConformance(open: () => Promise<Ends>): void {
  async function withEnds(work: (ends: Ends) => Promise<void>): Promise<void> {
    const ends = await open();
    try {
      await work(ends);
    } finally {
      await ends.close();
    }
  }

  describe("topics", () => {
    it("arrive where the pattern matches, in order, with all that an envelope has", () =>
      withEnds(async ({ a, b }) => {
        const patterns = ["logs.nginx.error", "logs.*.error", "logs.>", "*.nginx.*", ">", "logs.nginx"];
        const found = new Map<string, string[]>();
        for (const pattern of patterns) {
          found.set(pattern, []);
          await b.subscribe(pattern, ({ envelope: { topic } }) => {
            if (!topic.startsWith("logs") && !topic.startsWith("a.")) return;
            found.get(pattern)?.push(topic);
          });
        }
        const topics = ["logs.nginx.error", "logs.app.error", "logs", "a.nginx.b", "logs.nginx.error.more"];
        for (const topic of topics) await a.publish(envelope(topic));
        await expect.poll(() => found.get(">")).toEqual(topics);
        await expect
          .poll(() => Object.fromEntries(found))
          .toEqual({
            "logs.nginx.error": ["logs.nginx.error"],
            "logs.*.error": ["logs.nginx.error", "logs.app.error"],
            "logs.>": ["logs.nginx.error", "logs.app.error", "logs.nginx.error.more"],
            "*.nginx.*": ["logs.nginx.error", "a.nginx.b"],
            ">": topics,
            "logs.nginx": [],
          });
      }));

    it("carry what is JSON, and headers, unchanged", () =>
      withEnds(async ({ a, b }) => {
        const arrived: Envelope[] = [];
        await b.subscribe("data.x", (delivery) => arrived.push(delivery.envelope));
        const body = {
          text: 'žluťoučký "kůň"\u0000\u001b[2J',
          list: [1, -0.5, null, true],
          nested: { a: {} },
        };
        const sent = envelope("data.x", body, {
          from: "sender",
          replyTo: "answers.1",
          inReplyTo: "before",
          headers: { traceparent: "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01", mine: "ü" },
        });
        await a.publish(sent);
        await expect.poll(() => arrived).toEqual([sent]);
      }));

    it.each(["", "a..b", ".a", "a.", "a b", "a.*", "a.>", "a\nb", `a.${"x".repeat(2_000)}`])(
      "are refused: %j",
      (topic) =>
        withEnds(async ({ a }) => {
          await failure(() => a.publish(envelope(topic)), "INVALID_ARGUMENT");
        }),
    );

    it.each(["", "a..b", "a.>.b", "a*.b", "a.b>", "a b.>"])("patterns are refused: %j", (pattern) =>
      withEnds(async ({ a }) => {
        await failure(() => a.subscribe(pattern, () => {}), "INVALID_ARGUMENT");
      }),
    );

    it("do not reach who has closed", () =>
      withEnds(async ({ a, b }) => {
        const [first, second] = [collector(), collector()];
        const subscription = await b.subscribe("x.y", first.handler);
        await b.subscribe("x.y", second.handler);
        await a.publish(envelope("x.y", 1));
        await expect.poll(() => first.bodies).toEqual([1]);
        await subscription.close();
        await subscription.close();
        await a.publish(envelope("x.y", 2));
        await expect.poll(() => second.bodies).toEqual([1, 2]);
        expect(first.bodies).toEqual([1]);
      }));

    it("reach the others when a handler throws", () =>
      withEnds(async ({ a, b }) => {
        const fine = collector();
        await b.subscribe("x.y", () => {
          throw new RangeError("broken");
        });
        await b.subscribe("x.y", fine.handler);
        for (const body of [1, 2, 3]) await a.publish(envelope("x.y", body));
        await expect.poll(() => fine.bodies).toEqual([1, 2, 3]);
      }));
  });

  describe("groups", () => {
    it("share the work: each envelope goes to one of them, and to everybody else", () =>
      withEnds(async ({ a, b }) => {
        const workers = [collector(), collector(), collector()];
        const other = collector();
        for (const { handler } of workers) await b.subscribe("jobs.*", handler, { group: "workers" });
        await a.subscribe("jobs.*", other.handler);
        const sent = Array.from({ length: 60 }, (_, at) => at);
        for (const at of sent) await a.publish(envelope(`jobs.${at % 3}`, at));
        const all = () => workers.flatMap(({ bodies }) => bodies).sort((x, y) => Number(x) - Number(y));
        await expect.poll(all).toEqual(sent);
        await expect.poll(() => other.bodies.length).toBe(60);
        for (const { bodies } of workers) expect(bodies.length).toBeGreaterThan(0);
      }));

    it("go on with those who stay", () =>
      withEnds(async ({ a, b }) => {
        const [first, second] = [collector(), collector()];
        const leaving = await b.subscribe("jobs.x", first.handler, { group: "g" });
        await b.subscribe("jobs.x", second.handler, { group: "g" });
        await leaving.close();
        for (const at of [1, 2, 3, 4]) await a.publish(envelope("jobs.x", at));
        await expect.poll(() => second.bodies).toEqual([1, 2, 3, 4]);
        expect(first.bodies).toEqual([]);
      }));
  });

  describe("requests", () => {
    it("get the first answer", () =>
      withEnds(async ({ a, b }) => {
        await b.subscribe("math.double", ({ envelope: { id, replyTo, body } }) => {
          void b.publish(envelope(replyTo ?? "none", Number(body) * 2, { inReplyTo: id, from: "math" }));
        });
        const asked = Array.from({ length: 20 }, (_, at) => envelope("math.double", at));
        const answers = await Promise.all(asked.map((one) => a.request(one, { timeoutMs: 20_000 })));
        expect(answers.map(({ body }) => body)).toEqual(asked.map(({ body }) => Number(body) * 2));
        expect(answers.map(({ inReplyTo }) => inReplyTo)).toEqual(asked.map(({ id }) => id));
        expect(answers[0]?.from).toBe("math");
      }));

    it("reject where nobody listens, and where nobody answers in time", () =>
      withEnds(async ({ a, b }) => {
        await failure(() => a.request(envelope("no.body"), { timeoutMs: 20_000 }), "AGENT_NOT_FOUND");
        await b.subscribe("deaf.one", () => {});
        const error = await failure(
          () => a.request(envelope("deaf.one"), { timeoutMs: 50 }),
          "DEADLINE_EXCEEDED",
        );
        expect(error.message).toContain("deaf.one");
      }));

    it("are aborted, before and during", () =>
      withEnds(async ({ a, b }) => {
        const stop = new AbortController();
        await b.subscribe("slow.one", () => stop.abort("enough"));
        const options = { timeoutMs: 20_000, signal: stop.signal };
        const error = await failure(() => a.request(envelope("slow.one"), options), "ABORTED");
        expect(error.cause).toBe("enough");
        await failure(() => a.request(envelope("slow.one"), options), "ABORTED");
      }));
  });

  describe("durable names", () => {
    it("store what comes while nobody listens", () =>
      withEnds(async ({ a, b }) => {
        const early = collector();
        const subscription = await b.subscribe("orders.>", early.handler, { durable: "billing" });
        await a.publish(envelope("orders.new", 1));
        await expect.poll(() => early.bodies).toEqual([1]);
        await subscription.close();
        await a.publish(envelope("orders.new", 2));
        await a.publish(envelope("orders.paid", 3));
        const late = collector();
        await b.subscribe("orders.>", late.handler, { durable: "billing" });
        await expect.poll(() => late.bodies).toEqual([2, 3]);
        await a.publish(envelope("orders.new", 4));
        await expect.poll(() => late.bodies).toEqual([2, 3, 4]);
        expect(early.bodies).toEqual([1]);
      }));

    it("share the work among their subscribers, and give a rejected one again", () =>
      withEnds(async ({ a, b }) => {
        const times: number[] = [];
        const handled: unknown[] = [];
        const handler = (delivery: Delivery) => {
          const { body } = delivery.envelope;
          if (body === 3) times.push(delivery.redelivered);
          if (body === 3 && delivery.redelivered < 2) return void delivery.reject({ delayMs: 10 });
          handled.push(body);
          return void delivery.acknowledge();
        };
        for (const end of [a, b]) await end.subscribe("work.x", handler, { durable: "pool" });
        for (let at = 0; at < 10; at++) await a.publish(envelope("work.x", at));
        await expect.poll(() => [...handled].sort()).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
        expect(times).toEqual([0, 1, 2]);
      }));

    it("drop what they have seen", () =>
      withEnds(async ({ a, b }) => {
        const found = collector();
        await b.subscribe("once.>", found.handler, { durable: "once" });
        const one = envelope("once.x", "one");
        await a.publish(one);
        await a.publish(one);
        await a.publish(envelope("once.x", "two"));
        await expect.poll(() => found.bodies).toEqual(["one", "two"]);
      }));

    it("keep poison apart", () =>
      withEnds(async ({ a, b }) => {
        const dead: Envelope[] = [];
        await a.subscribe("dead.>", (delivery) => dead.push(delivery.envelope));
        const handled: unknown[] = [];
        await b.subscribe(
          "in.x",
          (delivery) => {
            if (delivery.envelope.body === "poison") void delivery.discard("cannot\nbe read");
            else {
              handled.push(delivery.envelope.body);
              void delivery.acknowledge();
            }
          },
          { durable: "in" },
        );
        for (const body of ["fine", "poison", "good"]) await a.publish(envelope("in.x", body));
        await expect.poll(() => handled).toEqual(["fine", "good"]);
        await expect
          .poll(() => dead.map(({ topic, body }) => [topic, body]))
          .toEqual([["dead.in.x", "poison"]]);
        expect(dead[0]?.headers?.["aikoryu-dead-reason"]).toBe("cannot be read");
      }));

    it("deliver no more than maxInFlight before something is acknowledged", () =>
      withEnds(async ({ a, b }) => {
        const open: Delivery[] = [];
        await b.subscribe("few.x", (delivery) => open.push(delivery), { durable: "few", maxInFlight: 3 });
        for (let at = 0; at < 7; at++) await a.publish(envelope("few.x", at));
        await expect.poll(() => open.length).toBe(3);
        await open[1]?.acknowledge();
        await expect.poll(() => open.length).toBe(4);
        expect(open.map(({ envelope: { body } }) => body)).toEqual([0, 1, 2, 3]);
        await Promise.all(open.map((delivery) => delivery.acknowledge()));
        await expect.poll(() => open.length).toBe(7);
        await Promise.all(open.map((delivery) => delivery.acknowledge()));
      }));

    it("replay what is stored, from the beginning or from a time, then what comes", () =>
      withEnds(async ({ a, b }) => {
        const first = collector();
        await b.subscribe("story.>", first.handler, { durable: "story" });
        for (const body of [1, 2]) await a.publish(envelope("story.a", body));
        await expect.poll(() => first.bodies).toEqual([1, 2]);
        await new Promise((resolve) => setTimeout(resolve, 30));
        const between = new Date();
        for (const body of [3, 4]) await a.publish(envelope("story.b", body));
        await expect.poll(() => first.bodies).toEqual([1, 2, 3, 4]);
        const [all, some, none] = [collector(), collector(), collector()];
        await b.subscribe("story.>", all.handler, { since: "beginning" });
        await b.subscribe("story.>", some.handler, { since: between });
        await b.subscribe("story.>", none.handler);
        await expect.poll(() => all.bodies).toEqual([1, 2, 3, 4]);
        await expect.poll(() => some.bodies).toEqual([3, 4]);
        await a.publish(envelope("story.a", 5));
        await expect.poll(() => all.bodies).toEqual([1, 2, 3, 4, 5]);
        await expect.poll(() => some.bodies).toEqual([3, 4, 5]);
        await expect.poll(() => none.bodies).toEqual([5]);
      }));
  });

  describe("shared context", () => {
    it("is one table for all", () =>
      withEnds(async ({ a, b }) => {
        const [here, there] = [await a.context("plan"), await b.context("plan")];
        expect(await here.get("goal")).toBeUndefined();
        const revision = await here.set("goal", { text: "ž" });
        expect(await there.get("goal")).toEqual({ value: { text: "ž" }, revision });
        expect(await there.set("goal", 2)).toBeGreaterThan(revision);
        await here.set("steps.1", [1, null]);
        expect([...(await there.keys())].sort()).toEqual(["goal", "steps.1"]);
        await there.delete("goal");
        await there.delete("goal");
        expect(await here.get("goal")).toBeUndefined();
        expect(await here.keys()).toEqual(["steps.1"]);
        const other = await a.context("other");
        expect(await other.keys()).toEqual([]);
      }));

    it("is changed only from the revision that was seen", () =>
      withEnds(async ({ a, b }) => {
        const [here, there] = [await a.context("plan"), await b.context("plan")];
        const first = await here.set("turn", "a", { revision: 0 });
        await failure(() => there.set("turn", "b", { revision: 0 }), "INVALID_VALUE");
        const second = await there.set("turn", "b", { revision: first });
        const error = await failure(() => here.set("turn", "c", { revision: first }), "INVALID_VALUE");
        expect(error.message).toContain("turn");
        expect(await here.get("turn")).toEqual({ value: "b", revision: second });
        await here.delete("turn");
        await here.set("turn", "d", { revision: 0 });
        await failure(() => here.set("a key", 1), "INVALID_ARGUMENT");
      }));

    it("is watched: what is there, then what changes", () =>
      withEnds(async ({ a, b }) => {
        const [here, there] = [await a.context("plan"), await b.context("plan")];
        await here.set("tasks.1", "one");
        await here.set("goal", "not watched");
        const stop = new AbortController();
        const seen: [string, unknown][] = [];
        const watching = (async () => {
          for await (const { key, value } of there.watch("tasks.*", { signal: stop.signal })) {
            seen.push([key, value]);
          }
        })();
        await expect.poll(() => seen).toEqual([["tasks.1", "one"]]);
        await here.set("tasks.2", "two");
        await expect.poll(() => seen.length).toBe(2);
        await here.delete("tasks.1");
        await expect.poll(() => seen.length).toBe(3);
        expect(seen.slice(1)).toEqual([
          ["tasks.2", "two"],
          ["tasks.1", undefined],
        ]);
        stop.abort();
        await watching;
      }));
  });

  describe("disposal", () => {
    it("ends requests that wait, and refuses what comes later", () =>
      withEnds(async ({ a, b }) => {
        await b.subscribe("deaf.one", () => {});
        const asked = failure(() => a.request(envelope("deaf.one"), { timeoutMs: 60_000 }), "DISPOSED");
        await a[Symbol.asyncDispose]();
        await asked;
        await a[Symbol.asyncDispose]();
        await failure(() => a.publish(envelope("x.y")), "DISPOSED");
        await failure(() => a.subscribe("x.y", () => {}), "DISPOSED");
        await failure(() => a.request(envelope("x.y"), { timeoutMs: 100 }), "DISPOSED");
      }));
  });
}
