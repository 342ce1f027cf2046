import { z } from "zod";
import type { ChatRequest, OutputFormat, Piece } from "../../../llm/index.ts";
import { type Call, piecesWith } from "../call.ts";
import { chunkEvents } from "../encoding.ts";
import { badField, count, flag, object, parseBody } from "../fields.ts";
import { collect } from "../pieces.ts";
import { choose, type ForcedCall, toolChoice, withForced } from "../tool-choice.ts";
import { message, messagesOf } from "./messages.ts";
import {
  callOf,
  common,
  definitionOf,
  finishReason,
  functionShape,
  implied,
  nameModel,
  samplingFrom,
  schemaFormat,
  seconds,
  usageOf,
} from "./options.ts";

const schema = z.object({
  ...common,
  messages: z.array(message).min(1, { error: "at least one is required" }),
  max_completion_tokens: count,
  tools: z.array(z.object({ type: z.literal("function"), function: functionShape })).nullish(),
  tool_choice: toolChoice,
  response_format: z
    .discriminatedUnion("type", [
      z.object({ type: z.literal("text") }),
      z.object({ type: z.literal("json_object") }),
      z.object({ type: z.literal("json_schema"), json_schema: z.object({ schema: object }) }),
    ])
    .nullish(),
  reasoning_effort: z.enum(["none", "minimal", "low", "medium", "high", "xhigh", "max"]).nullish(),
  logprobs: flag,
  modalities: z.array(z.literal("text", { error: "only text is supported" })).nullish(),
  functions: z.undefined({ error: "replaced by tools" }).optional(),
  function_call: z.undefined({ error: "replaced by tool_choice" }).optional(),
});

type Body = z.output<typeof schema>;

export async function chat(call: Call): Promise<void> {
  const body = parseBody(schema, call.body);
  const name = nameModel(call, body);
  if (body.logprobs) throw badField("logprobs", "not supported");
  const defined = (body.tools ?? []).map((tool, at) => definitionOf(tool.function, `tools[${at}].function`));
  const { tools, forced } = choose(defined, body.tool_choice);
  const messages = messagesOf(body.messages);
  const request: ChatRequest = {
    model: name,
    messages: forced === undefined ? messages : [forced.instruction, ...messages],
    tools,
    format: forced?.format ?? formatOf(body),
    think: body.reasoning_effort ? body.reasoning_effort !== "none" : undefined,
    sampling: samplingFrom(call, body, body.max_completion_tokens ?? body.max_tokens),
    keepAliveMs: call.keepAliveMs,
  };
  await call.admitted(() => answer(call, body, request, forced));
}

async function answer(
  call: Call,
  body: Body,
  request: ChatRequest,
  forced: ForcedCall | undefined,
): Promise<void> {
  const { id } = call.exchange;
  const pieces = withForced(
    piecesWith(call, implied, request, (asked, using) => call.source.chat(asked, using)),
    forced,
  );
  const head = { id: `chatcmpl-${id}`, created: seconds(), model: request.model, system_fingerprint: null };
  if (body.stream) {
    const withUsage = body.stream_options?.include_usage ?? false;
    const chunks = chunksOf(pieces, { ...head, object: "chat.completion.chunk" }, id, withUsage);
    return call.exchange.stream(chunks, chunkEvents);
  }
  const { text, thinking, toolCalls, done } = await collect(pieces);
  const calls = toolCalls.map((one, at) => callOf(one, `${id}_${at}`));
  call.exchange.json({
    ...head,
    object: "chat.completion",
    choices: [
      {
        index: 0,
        message: {
          role: "assistant",
          content: text === "" && calls.length > 0 ? null : text,
          refusal: null,
          reasoning: thinking || undefined,
          tool_calls: calls.length > 0 ? calls : undefined,
        },
        logprobs: null,
        finish_reason: finishReason(done.reason, calls.length),
      },
    ],
    usage: usageOf(done.usage),
  });
}

async function* chunksOf(
  pieces: AsyncIterable<Piece>,
  head: object,
  id: string,
  withUsage: boolean,
): AsyncGenerator<object> {
  const usage = withUsage ? { usage: null } : {};
  const chunk = (delta: object, finish_reason: string | null = null) => ({
    ...head,
    choices: [{ index: 0, delta, logprobs: null, finish_reason }],
    ...usage,
  });
  let isFirst = true;
  let calls = 0;
  for await (const { text, thinking, toolCalls = [], done } of pieces) {
    if (isFirst) yield chunk({ role: "assistant", content: "", refusal: null });
    isFirst = false;
    if (thinking) yield chunk({ reasoning: thinking });
    if (text !== "") yield chunk({ content: text });
    for (const one of toolCalls) {
      yield chunk({ tool_calls: [{ index: calls, ...callOf(one, `${id}_${calls}`) }] });
      calls++;
    }
    if (done === undefined) continue;
    yield chunk({}, finishReason(done.reason, calls));
    if (withUsage) yield { ...head, choices: [], usage: usageOf(done.usage) };
  }
}

function formatOf({ response_format }: Body): OutputFormat | undefined {
  if (response_format?.type === "json_object") return "json";
  if (response_format?.type !== "json_schema") return undefined;
  return schemaFormat(response_format.json_schema.schema, "response_format.json_schema.schema");
}
