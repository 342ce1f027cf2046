import { z } from "zod";
import type { ChatRequest } from "../../../llm/index.ts";
import { type Call, piecesWith, useModel } from "../call.ts";
import { namedEvents } from "../encoding.ts";
import { count, flag, number, object, parseBody, requireShallow, samplingOf, text } from "../fields.ts";
import { collect, tokensOf } from "../pieces.ts";
import { choose, withForced } from "../tool-choice.ts";
import { type Block, eventsOf, type MessageBody, stopReason } from "./events.ts";
import { blocks, message, messagesOf, textOf } from "./input.ts";

const tool = z.object({
  type: z.literal("custom", { error: "only tools of your own are supported" }).nullish(),
  name: z.string().min(1),
  description: text,
  input_schema: object,
});

const schema = z.object({
  model: z.string().min(1),
  max_tokens: z.int().min(1),
  messages: z.array(message).min(1, { error: "at least one is required" }),
  system: blocks.nullish(),
  tools: z.array(tool).nullish(),
  tool_choice: z
    .discriminatedUnion("type", [
      z.object({ type: z.literal("auto") }),
      z.object({ type: z.literal("any") }),
      z.object({ type: z.literal("none") }),
      z.object({ type: z.literal("tool"), name: z.string() }),
    ])
    .nullish(),
  thinking: z.object({ type: z.string() }).nullish(),
  temperature: z.number().min(0).nullish(),
  top_p: number,
  top_k: count,
  stop_sequences: z.array(z.string()).nullish(),
  stream: flag,
});

type Body = z.output<typeof schema>;

/** https://docs.anthropic.com/en/api/messages */
export async function messages(call: Call): Promise<void> {
  const body = parseBody(schema, call.body);
  const name = useModel(call, body.model);
  const { tools, forced } = choose((body.tools ?? []).map(definitionOf), choiceOf(body.tool_choice));
  const system = body.system ? textOf(body.system, "system") : "";
  const request: ChatRequest = {
    model: name,
    messages: [
      ...(system === "" ? [] : [{ role: "system" as const, content: system }]),
      ...(forced === undefined ? [] : [forced.instruction]),
      ...messagesOf(body.messages),
    ],
    tools,
    format: forced?.format,
    think: body.thinking ? body.thinking.type !== "disabled" : undefined,
    sampling: samplingOf({
      temperature: body.temperature,
      topP: body.top_p,
      topK: body.top_k,
      maxTokens: body.max_tokens,
      stop: body.stop_sequences,
    }),
    keepAliveMs: call.keepAliveMs,
  };
  const { id } = call.exchange;
  const head: MessageBody = { id: `msg_${id}`, type: "message", role: "assistant", model: name };
  await call.admitted(async () => {
    const pieces = withForced(
      piecesWith(call, { temperature: 1 }, request, (asked, using) => call.source.chat(asked, using)),
      forced,
    );
    if (body.stream) return call.exchange.stream(eventsOf(pieces, head, id), namedEvents("anthropic"));
    const { text: said, thinking, toolCalls, done } = await collect(pieces);
    const content: Block[] = [];
    if (thinking !== "") content.push({ type: "thinking", thinking, signature: "" });
    if (said !== "") content.push({ type: "text", text: said });
    for (const [at, one] of toolCalls.entries()) {
      content.push({
        type: "tool_use",
        id: one.id ?? `toolu_${id}_${at}`,
        name: one.name,
        input: one.arguments,
      });
    }
    const { prompt, output } = tokensOf(done.usage);
    call.exchange.json({
      ...head,
      content,
      stop_reason: stopReason(done.reason, toolCalls.length),
      stop_sequence: null,
      usage: { input_tokens: prompt, output_tokens: output },
    });
  });
}

function definitionOf({ name, description, input_schema }: z.output<typeof tool>, index: number) {
  requireShallow(input_schema, `tools[${index}].input_schema`);
  return { name, description: description ?? undefined, parameters: input_schema };
}

function choiceOf(choice: Body["tool_choice"]) {
  if (choice === undefined || choice === null) return undefined;
  if (choice.type === "tool") return { type: "function" as const, name: choice.name };
  return choice.type === "any" ? ("required" as const) : choice.type;
}
