import { describe, expect, it } from "vitest";
import { type Delivery, LocalTransport } from "#src/agents/bus/index.js";
import { failure } from "../../support/errors.ts";
import { envelope, transportConformance } from "./conformance.ts";

describe("the local transport", () => {
  transportConformance(async () => {
    const transport = new LocalTransport();
    return { a: transport, b: transport, close: () => transport[Symbol.asyncDispose]() };
  });

  it("makes publishers wait for a subscriber that is full", async () => {
    await using transport = new LocalTransport();
    const open: Delivery[] = [];
    await transport.subscribe("x.y", (delivery) => open.push(delivery), { maxInFlight: 2 });
    const taken: number[] = [];
    const publishing = [0, 1, 2, 3].map((at) =>
      transport.publish(envelope("x.y", at)).then(() => taken.push(at)),
    );
    await expect.poll(() => open.length).toBe(2);
    expect(taken).toEqual([0, 1]);
    await open[0]?.acknowledge();
    await expect.poll(() => taken).toEqual([0, 1, 2]);
    await open[1]?.acknowledge();
    await open[2]?.acknowledge();
    await Promise.all(publishing);
    expect(taken).toEqual([0, 1, 2, 3]);
  });

  it("refuses them where the subscriber says so, after the others got it", async () => {
    await using transport = new LocalTransport();
    const others: unknown[] = [];
    await transport.subscribe("x.y", () => {}, { maxInFlight: 1, overflow: "reject" });
    await transport.subscribe("x.y", (delivery) => others.push(delivery.envelope.body));
    await transport.publish(envelope("x.y", 1));
    await failure(() => transport.publish(envelope("x.y", 2)), "QUEUE_FULL");
    await expect.poll(() => others).toEqual([1, 2]);
  });

  it("is bounded: a flood beyond maxPending is refused, and those who send little keep their place", async () => {
    await using transport = new LocalTransport({ maxPending: 100 });
    const open: Delivery[] = [];
    await transport.subscribe("x.y", (delivery) => open.push(delivery), { maxInFlight: 1 });
    const refused = new Map<string, number>();
    const publish = (from: string) =>
      transport.publish(envelope("x.y", from, { from })).catch((error) => {
        if (error.code === "QUEUE_FULL") refused.set(from, (refused.get(from) ?? 0) + 1);
      });
    const flood = Array.from({ length: 1_000 }, () => publish("flooder"));
    const few = Array.from({ length: 10 }, (_, at) => publish(`quiet ${at}`));
    for (let handled = 0; handled < 100; handled++) {
      await expect.poll(() => open.length, { interval: 1 }).toBeGreaterThan(handled);
      await open[handled]?.acknowledge();
    }
    await Promise.all([...flood, ...few]);
    expect([...refused]).toEqual([["flooder", 910]]);
    const places = open
      .map(({ envelope: { from } }, at) => (from === "flooder" ? -1 : at))
      .filter((at) => at >= 0);
    expect(places).toHaveLength(10);
    expect(Math.max(...places)).toBeLessThanOrEqual(12);
  });

  it("refuses what a durable name cannot store any more", async () => {
    await using transport = new LocalTransport({ maxPending: 3 });
    const subscription = await transport.subscribe("x.y", () => {}, { durable: "d" });
    await subscription.close();
    for (const at of [1, 2, 3]) await transport.publish(envelope("x.y", at));
    await failure(() => transport.publish(envelope("x.y", 4)), "QUEUE_FULL");
    await failure(() => transport.subscribe("x.z", () => {}, { durable: "d" }), "INVALID_ARGUMENT");
  });

  it("lets a subscriber that leaves end what it was given, and tells publishers who still wait", async () => {
    await using transport = new LocalTransport();
    const open: Delivery[] = [];
    const subscription = await transport.subscribe("x.y", (delivery) => open.push(delivery), {
      maxInFlight: 1,
    });
    await transport.publish(envelope("x.y", 1));
    await expect.poll(() => open.length).toBe(1);
    const waiting = failure(() => transport.publish(envelope("x.y", 2)), "AGENT_NOT_FOUND");
    let closed = false;
    const closing = subscription.close().then(() => {
      closed = true;
    });
    await waiting;
    expect(closed).toBe(false);
    await open[0]?.acknowledge();
    await closing;
    expect(transport.hasListener("x.y")).toBe(false);
  });

  it("buries what is to be tried again when its subscriber has left", async () => {
    await using transport = new LocalTransport();
    const dead: unknown[] = [];
    await transport.subscribe("dead.>", (delivery) => dead.push(delivery.envelope.body));
    const subscription = await transport.subscribe(
      "x.y",
      (delivery) => void delivery.reject({ delayMs: 5 }),
      {
        maxInFlight: 1,
      },
    );
    await transport.publish(envelope("x.y", "again"));
    await subscription.close();
    await expect.poll(() => dead).toEqual(["again"]);
  });

  it("lets timers run while messages chase each other", async () => {
    await using transport = new LocalTransport();
    let hops = 0;
    let running = true;
    for (const [here, there] of [
      ["a.x", "b.x"],
      ["b.x", "a.x"],
    ] as const) {
      await transport.subscribe(here, () => {
        hops++;
        if (running) void transport.publish(envelope(there));
      });
    }
    await transport.publish(envelope("a.x"));
    await new Promise((resolve) => setTimeout(resolve, 5));
    running = false;
    expect(hops).toBeGreaterThan(2);
  });
});
