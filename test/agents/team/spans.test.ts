import { context, trace } from "@opentelemetry/api";
import { AsyncLocalStorageContextManager } from "@opentelemetry/context-async-hooks";
import {
  BasicTracerProvider,
  InMemorySpanExporter,
  type ReadableSpan,
  SimpleSpanProcessor,
} from "@opentelemetry/sdk-trace-base";
import { afterAll, beforeAll, beforeEach, expect, it } from "vitest";
import { z } from "zod";
import { agent, agentTool, run, tool } from "#src/agents/index.js";
import { failure } from "../../support/errors.ts";
import { scripted } from "./scripted.ts";

const exporter = new InMemorySpanExporter();

beforeAll(() => {
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
  trace.setGlobalTracerProvider(
    new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] }),
  );
});
beforeEach(() => exporter.reset());
afterAll(() => {
  trace.disable();
  context.disable();
});

/** Spans as "name < parent's name". */
function tree(spans: readonly ReadableSpan[]): string[] {
  const names = new Map(spans.map((span) => [span.spanContext().spanId, span.name]));
  return spans
    .map(
      ({ name, parentSpanContext }) => `${name} < ${names.get(parentSpanContext?.spanId ?? "") ?? "nothing"}`,
    )
    .sort();
}

it("a run leaves spans of agents, models and tools, one inside the other", async () => {
  const inner = agent({ name: "inner", model: "small", provider: scripted(["found"]) });
  const provider = scripted([{ calls: [{ name: "inner", arguments: { input: "?" } }] }, "done"]);
  const outer = agent({
    name: "outer",
    model: "big",
    provider,
    sampling: { temperature: 0 },
    tools: [agentTool(inner)],
  });
  await trace.getTracer("test").startActiveSpan("caller", async (span) => {
    await run(outer, "hi", { thread: "t" });
    span.end();
  });
  const spans = exporter.getFinishedSpans();
  expect(tree(spans)).toEqual([
    "caller < nothing",
    "chat big < invoke_agent outer",
    "chat big < invoke_agent outer",
    "chat small < invoke_agent inner",
    "execute_tool inner < invoke_agent outer",
    "invoke_agent inner < execute_tool inner",
    "invoke_agent outer < caller",
  ]);
  const attributesOf = (name: string) => spans.find((span) => span.name === name)?.attributes;
  expect(attributesOf("invoke_agent outer")).toEqual({
    "gen_ai.operation.name": "invoke_agent",
    "gen_ai.agent.name": "outer",
    "gen_ai.request.model": "big",
    "gen_ai.conversation.id": "t",
    "gen_ai.usage.input_tokens": 9,
    "gen_ai.usage.output_tokens": 6,
  });
  expect(attributesOf("chat big")).toEqual({
    "gen_ai.operation.name": "chat",
    "gen_ai.provider.name": "scripted",
    "gen_ai.request.model": "big",
    "gen_ai.request.temperature": 0,
    "gen_ai.agent.name": "outer",
    "gen_ai.output.type": "text",
    "gen_ai.response.finish_reasons": ["tool"],
    "gen_ai.usage.input_tokens": 3,
    "gen_ai.usage.output_tokens": 2,
  });
  expect(attributesOf("execute_tool inner")).toMatchObject({
    "gen_ai.operation.name": "execute_tool",
    "gen_ai.tool.name": "inner",
    "gen_ai.tool.call.id": "call_1_0",
  });
});

it("failures are on the spans where they happened", async () => {
  const fails = tool({
    name: "fails",
    description: "",
    parameters: z.object({}),
    execute: () => {
      throw new Error("no");
    },
  });
  const provider = scripted([{ calls: [{ name: "fails", arguments: {} }] }, { throws: new Error("down") }]);
  await failure(() => run(agent({ name: "a", model: "m", provider, tools: [fails] }), "hi"), "SERVER_FAILED");
  const errors = exporter
    .getFinishedSpans()
    .map(({ name, attributes }) => `${name}: ${attributes["error.type"] ?? "fine"}`);
  expect(errors).toEqual([
    "chat m: fine",
    "execute_tool fails: tool_failed",
    "chat m: SERVER_FAILED",
    "invoke_agent a: SERVER_FAILED",
  ]);
});
