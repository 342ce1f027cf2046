import { context, propagation, SpanKind, SpanStatusCode, trace } from "@opentelemetry/api";
import { AsyncLocalStorageContextManager } from "@opentelemetry/context-async-hooks";
import {
  BasicTracerProvider,
  InMemorySpanExporter,
  SimpleSpanProcessor,
} from "@opentelemetry/sdk-trace-base";
import { afterEach, beforeEach, describe, expect, it, onTestFinished } from "vitest";
import { z } from "zod";
import { Bus, type BusEvent, busChannel, type Envelope, LocalTransport } from "#src/agents/bus/index.js";
import { failure } from "../../support/errors.ts";

const exporter = new InMemorySpanExporter();
const provider = new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] });

function busOf(transport = new LocalTransport()): Bus {
  const bus = new Bus({ transport });
  onTestFinished(() => bus.dispose({ drainMs: 0 }));
  return bus;
}

async function talkers(bus: Bus): Promise<void> {
  await bus.agent({ name: "inner", accepts: { x: z.number() }, handler: ({ body }) => body + 1 });
  await bus.agent({
    name: "outer",
    accepts: { x: z.number() },
    handler: async ({ body }, context) => {
      await context.publish("done.x", body);
      return context.request("inner", "x", body);
    },
  });
}

describe("spans", () => {
  beforeEach(() => {
    trace.setGlobalTracerProvider(provider);
    context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
  });
  afterEach(() => {
    exporter.reset();
    trace.disable();
    context.disable();
    propagation.disable();
  });

  it("follow a message from its sender through its handlers, with the attributes of messaging", async () => {
    const bus = busOf();
    await talkers(bus);
    const tracer = trace.getTracer("test");
    const answer = await tracer.startActiveSpan("user", async (span) => {
      const result = await bus.request("outer", "x", 1);
      span.end();
      return result;
    });
    expect(answer).toBe(2);
    await expect.poll(() => exporter.getFinishedSpans().length).toBe(8);
    const spans = exporter.getFinishedSpans();
    const names = new Map(spans.map((span) => [span.spanContext().spanId, span.name]));
    expect(new Set(spans.map((span) => span.spanContext().traceId)).size).toBe(1);
    const parents = spans.map(({ name, parentSpanContext }) => [
      name.replace(/reply\.\d+/, "reply"),
      names.get(parentSpanContext?.spanId ?? ""),
    ]);
    expect(parents.sort()).toEqual([
      ["answer reply", "process agent.inner.x"],
      ["answer reply", "process agent.outer.x"],
      ["process agent.inner.x", "request agent.inner.x"],
      ["process agent.outer.x", "request agent.outer.x"],
      ["publish done.x", "process agent.outer.x"],
      ["request agent.inner.x", "process agent.outer.x"],
      ["request agent.outer.x", "user"],
      ["user", undefined],
    ]);
    const handled = spans.find(({ name }) => name === "process agent.inner.x");
    expect(handled?.kind).toBe(SpanKind.CONSUMER);
    expect(handled?.attributes).toMatchObject({
      "messaging.system": "aikoryu",
      "messaging.operation.type": "process",
      "messaging.destination.name": "agent.inner.x",
      "messaging.client.id": "inner",
    });
    const published = spans.find(({ name }) => name === "publish done.x");
    expect([published?.kind, published?.attributes["messaging.operation.type"]]).toEqual([
      SpanKind.PRODUCER,
      "send",
    ]);
  });

  it("say what failed", async () => {
    const bus = busOf();
    await bus.agent({ name: "strict", accepts: { x: z.number() }, handler: () => {} });
    await failure(() => bus.request("strict", "x", "text"), "INVALID_VALUE");
    await failure(() => bus.request("strict", "x", 1, { signal: AbortSignal.abort() }), "ABORTED");
    const failed = exporter
      .getFinishedSpans()
      .filter(({ status }) => status.code === SpanStatusCode.ERROR)
      .map(({ name, attributes }) => [name, attributes["error.type"]]);
    expect(failed).toEqual(
      expect.arrayContaining([
        ["process agent.strict.x", "INVALID_VALUE"],
        ["request agent.strict.x", "ABORTED"],
      ]),
    );
  });
});

describe("without an SDK", () => {
  it("there are no spans, and the context of others is handed on", async () => {
    const bus = busOf();
    const arrived: Envelope[] = [];
    await bus.subscribe("done.x", (_, envelope) => arrived.push(envelope));
    await talkers(bus);
    const traceparent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
    const headers = { traceparent, tracestate: "vendor=1", mine: "not handed on" };
    expect(await bus.request("outer", "x", 1, { headers })).toBe(2);
    await expect
      .poll(() => arrived.map((envelope) => envelope.headers))
      .toEqual([{ traceparent, tracestate: "vendor=1" }]);
    expect(exporter.getFinishedSpans()).toEqual([]);
  });
});

describe("the channel aikoryu:bus", () => {
  it("has what happens, of which bus and agent", async () => {
    const events: BusEvent[] = [];
    const onEvent = (event: unknown) => events.push(event as BusEvent);
    busChannel.subscribe(onEvent);
    onTestFinished(() => void busChannel.unsubscribe(onEvent));
    const bus = busOf();
    const agent = await bus.agent({
      name: "one",
      accepts: { x: z.number() },
      retries: 1,
      retryDelayMs: 0,
      handler: () => Promise.reject(new RangeError("boom")),
    });
    await bus.publish("x", 1);
    await expect.poll(() => events.some(({ event }) => event === "dead")).toBe(true);
    await agent.leave();
    expect(events.map(({ event }) => event)).toEqual([
      "joined",
      "published",
      "failed",
      "retried",
      "failed",
      "dead",
      "left",
    ]);
    expect(events.every((event) => event.bus === bus.id)).toBe(true);
    expect(events[2]).toMatchObject({
      agent: "one",
      envelope: { topic: "x" },
      error: { code: "HANDLER_FAILED" },
    });
  });
});
