import { z } from "zod";
import type { ChatRequest, OutputFormat } from "../../../llm/index.ts";
import { type Call, piecesWith, useModel } from "../call.ts";
import { namedEvents } from "../encoding.ts";
import { badField, count, flag, number, object, parseBody, samplingOf, text } from "../fields.ts";
import { choose, toolChoice, withForced } from "../tool-choice.ts";
import { definitionOf, functionShape, implied, schemaFormat, seconds } from "./options.ts";
import { eventsOf, type ResponseBody } from "./response-events.ts";
import { item, messagesOf } from "./response-input.ts";

const format = z.discriminatedUnion("type", [
  z.object({ type: z.literal("text") }),
  z.object({ type: z.literal("json_object") }),
  z.object({ type: z.literal("json_schema"), schema: object }),
]);

const schema = z.object({
  model: z.string().min(1),
  input: z.union([z.string(), z.array(item)]),
  instructions: text,
  stream: flag,
  temperature: z.number().min(0).nullish(),
  top_p: number,
  max_output_tokens: count,
  tools: z
    .array(
      z.object({
        type: z.literal("function", { error: "only functions are supported" }),
        ...functionShape.shape,
      }),
    )
    .nullish(),
  tool_choice: toolChoice,
  text: z.object({ format: format.nullish() }).nullish(),
  reasoning: z.object({ effort: text }).nullish(),
  metadata: object.nullish(),
  previous_response_id: text,
  conversation: z.unknown().optional(),
  background: flag,
});

type Body = z.output<typeof schema>;

/** Nothing is stored: a conversation is sent whole. */
export async function responses(call: Call): Promise<void> {
  const body = parseBody(schema, call.body);
  const name = useModel(call, body.model);
  if (body.previous_response_id)
    throw badField("previous_response_id", "responses are not stored: send all of the input");
  if (body.conversation)
    throw badField("conversation", "conversations are not stored: send all of the input");
  if (body.background) throw badField("background", "not supported");
  const defined = (body.tools ?? []).map((tool, at) => definitionOf(tool, `tools[${at}]`));
  const { tools, forced } = choose(defined, body.tool_choice);
  const messages = messagesOf(body.instructions, body.input);
  if (messages.length === 0) throw badField("input", "is empty");
  const request: ChatRequest = {
    model: name,
    messages: forced === undefined ? messages : [forced.instruction, ...messages],
    tools,
    format: forced?.format ?? formatOf(body),
    think: body.reasoning?.effort ? body.reasoning.effort !== "none" : undefined,
    sampling: samplingOf({
      temperature: body.temperature,
      topP: body.top_p,
      maxTokens: body.max_output_tokens,
    }),
    keepAliveMs: call.keepAliveMs,
  };
  await call.admitted(async () => {
    const { id } = call.exchange;
    const pieces = piecesWith(call, implied, request, (asked, using) => call.source.chat(asked, using));
    const events = eventsOf(withForced(pieces, forced), emptyResponse(body, id), id);
    if (body.stream) return call.exchange.stream(events, namedEvents("openai"));
    let last: ResponseBody | undefined;
    for await (const { response } of events) last = response;
    call.exchange.json(last);
  });
}

function emptyResponse(body: Body, id: string): ResponseBody {
  return {
    id: `resp_${id}`,
    object: "response",
    created_at: seconds(),
    status: "in_progress",
    error: null,
    incomplete_details: null,
    instructions: body.instructions ?? null,
    max_output_tokens: body.max_output_tokens ?? null,
    metadata: body.metadata ?? {},
    model: body.model,
    output: [],
    parallel_tool_calls: true,
    previous_response_id: null,
    reasoning: { effort: body.reasoning?.effort ?? null, summary: null },
    store: false,
    temperature: body.temperature ?? 1,
    text: { format: body.text?.format ?? { type: "text" } },
    tool_choice: body.tool_choice ?? "auto",
    tools: body.tools ?? [],
    top_p: body.top_p ?? 1,
    truncation: "disabled",
    usage: null,
  };
}

function formatOf({ text: wanted }: Body): OutputFormat | undefined {
  const given = wanted?.format;
  if (given?.type === "json_object") return "json";
  return given?.type === "json_schema" ? schemaFormat(given.schema, "text.format.schema") : undefined;
}
