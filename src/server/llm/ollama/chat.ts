import { z } from "zod";
import type { ChatMessage, ChatRequest, Piece } from "../../../llm/index.ts";
import { type Call, piecesOf } from "../call.ts";
import { jsonLines } from "../encoding.ts";
import {
  badField,
  flag,
  formatOf,
  image,
  keepAlive,
  keepAliveOf,
  parseBody,
  requireShallow,
  text,
  think,
  thinkOf,
} from "../fields.ts";
import { collect } from "../pieces.ts";
import { loadOnly } from "./generate.ts";
import { ending, now, toolCallsOf } from "./lines.ts";
import { model, modelOf, options, samplingFrom, tool, toolCall } from "./options.ts";

const message = z.object({
  role: z.enum(["system", "user", "assistant", "tool"]),
  content: text,
  thinking: text,
  images: z.array(image).nullish(),
  tool_calls: z.array(toolCall).nullish(),
  tool_name: text,
  tool_call_id: text,
});

const schema = z.object({
  ...model,
  messages: z.array(message).nullish(),
  tools: z.array(tool).nullish(),
  format: z.unknown().optional(),
  stream: flag,
  think,
  logprobs: flag,
  keep_alive: keepAlive,
  options,
});

export async function chat(call: Call): Promise<void> {
  const body = parseBody(schema, call.body);
  const name = modelOf(call, body);
  if (body.logprobs) throw badField("logprobs", "not supported");
  requireShallow(body.tools, "tools");
  const request: ChatRequest = {
    model: name,
    messages: (body.messages ?? []).map(messageOf),
    tools: body.tools?.length ? body.tools.map(toolOf) : undefined,
    format: formatOf(body.format),
    think: thinkOf(body.think),
    sampling: samplingFrom(call, body.options),
    keepAliveMs: keepAliveOf(body.keep_alive, call.keepAliveMs),
  };
  requireShallow(request.format, "format");
  if (request.messages.length === 0) {
    return loadOnly(call, name, request.keepAliveMs, { message: { role: "assistant", content: "" } });
  }
  await call.admitted(async () => {
    const pieces = piecesOf(call, (using) => call.source.chat(request, using));
    if (body.stream ?? true) {
      return call.exchange.stream(linesOf(call, name, pieces), jsonLines);
    }
    const answer = await collect(pieces);
    const { text: content, toolCalls, done } = answer;
    call.exchange.json({
      model: name,
      created_at: now(),
      message: {
        role: "assistant",
        content,
        thinking: answer.thinking || undefined,
        tool_calls: toolCallsOf(toolCalls),
      },
      ...ending(call.exchange, done),
    });
  });
}

async function* linesOf(call: Call, name: string, pieces: AsyncIterable<Piece>): AsyncGenerator<object> {
  let calls = 0;
  for await (const { text: content, thinking, toolCalls, done } of pieces) {
    const said = { role: "assistant", content, thinking, tool_calls: toolCallsOf(toolCalls, calls) };
    calls += toolCalls?.length ?? 0;
    const line = { model: name, created_at: now(), message: said };
    yield done === undefined ? { ...line, done: false } : { ...line, ...ending(call.exchange, done) };
  }
}

function messageOf(given: z.output<typeof message>, index: number): ChatMessage {
  const at = `messages[${index}]`;
  requireShallow(given.tool_calls, `${at}.tool_calls`);
  return {
    role: given.role,
    content: given.content ?? "",
    thinking: given.thinking || undefined,
    images: given.images ?? undefined,
    toolCalls: given.tool_calls?.map(({ id, function: { name, arguments: values } }) => ({
      id: id ?? undefined,
      name,
      arguments: values ?? {},
    })),
    toolName: given.tool_name || undefined,
    toolCallId: given.tool_call_id || undefined,
  };
}

function toolOf({ function: { name, description, parameters } }: z.output<typeof tool>) {
  return {
    name,
    description: description ?? undefined,
    parameters: parameters ?? { type: "object", properties: {} },
  };
}
