import { describe, expect, it } from "vitest";
import { agent, run } from "#src/agents/index.js";
import { EventStream } from "#src/agents/team/event-stream.js";
import { scripted } from "./scripted.ts";

describe("events", () => {
  it("wait for a reader who is slow", async () => {
    const events = new EventStream<number>();
    events.open();
    let pushed = 0;
    const all = (async () => {
      for (; pushed < 1000; pushed++) await events.push(pushed);
      events.end();
    })();
    await new Promise((resolve) => setImmediate(resolve));
    expect(pushed).toBe(255);
    const seen: number[] = [];
    for await (const event of events.read()) seen.push(event);
    await all;
    expect(seen).toEqual(Array.from({ length: 1000 }, (_, at) => at));
  });

  it("go nowhere without a reader, and a reader who leaves holds nobody up", async () => {
    const events = new EventStream<number>();
    for (let at = 0; at < 1000; at++) await events.push(at);
    events.open();
    const blocked = (async () => {
      for (let at = 0; at < 1000; at++) await events.push(at);
    })();
    events.end();
    await blocked;
  });

  it("of a model that writes much come all, and in order", async () => {
    const text = Array.from({ length: 2000 }, (_, at) => `${at} `);
    const running = run(agent({ name: "a", model: "m", provider: scripted([{ text }]) }), "hi");
    let read = "";
    for await (const event of running) if (event.type === "piece") read += event.text;
    expect(read).toBe(text.join(""));
    expect(await running).toMatchObject({ text: read });
  });
});
