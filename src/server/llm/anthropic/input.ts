import { z } from "zod";
import type { ChatMessage } from "../../../llm/index.ts";
import { badField, object, requireShallow, text } from "../fields.ts";

const block = z.looseObject({
  type: z.string(),
  text,
  thinking: text,
  id: text,
  name: text,
  input: object.nullish(),
  tool_use_id: text,
  content: z.unknown().optional(),
  source: z.looseObject({ type: z.string(), data: z.unknown().optional() }).nullish(),
});

export const blocks = z.union([z.string(), z.array(block)]);
export const message = z.object({ role: z.enum(["user", "assistant"]), content: blocks });

type Block = z.output<typeof block>;

export function textOf(given: z.output<typeof blocks>, at: string): string {
  if (typeof given === "string") return given;
  return given
    .map((one, index) => {
      if (one.type === "text" && typeof one.text === "string") return one.text;
      throw badField(`${at}[${index}]`, `a block of type "${one.type}" is not supported here: text is`);
    })
    .join("\n");
}

export function messagesOf(given: readonly z.output<typeof message>[]): ChatMessage[] {
  const names = new Map<string, string>();
  return given.flatMap(({ role, content }, index) => {
    if (typeof content === "string") return [{ role, content }];
    return messagesOfBlocks(role, content, `messages[${index}].content`, names);
  });
}

/** Answers of tools are messages of their own, before what the user says with them. */
function messagesOfBlocks(
  role: "user" | "assistant",
  given: readonly Block[],
  at: string,
  names: Map<string, string>,
): ChatMessage[] {
  const answers: ChatMessage[] = [];
  const texts: string[] = [];
  const thoughts: string[] = [];
  const images: Uint8Array[] = [];
  const toolCalls: NonNullable<ChatMessage["toolCalls"]>[number][] = [];
  for (const [index, one] of given.entries()) {
    const where = `${at}[${index}]`;
    const id = one.id ?? undefined;
    if (one.type === "text" && typeof one.text === "string") texts.push(one.text);
    else if (one.type === "thinking") thoughts.push(one.thinking ?? "");
    else if (one.type === "image") images.push(imageOf(one, where));
    else if (one.type === "tool_use" && one.name) {
      if (id !== undefined) names.set(id, one.name);
      requireShallow(one.input, `${where}.input`);
      toolCalls.push({ id, name: one.name, arguments: one.input ?? {} });
    } else if (one.type === "tool_result") answers.push(answerOf(one, where, names));
    else throw badField(where, `a block of type "${one.type}" is not supported, or incomplete`);
  }
  if (texts.length + images.length + toolCalls.length === 0) return answers;
  const said: ChatMessage = {
    role,
    content: texts.join("\n"),
    thinking: thoughts.join("") || undefined,
    images: images.length > 0 ? images : undefined,
    toolCalls: toolCalls.length > 0 ? toolCalls : undefined,
  };
  return [...answers, said];
}

function answerOf(one: Block, at: string, names: ReadonlyMap<string, string>): ChatMessage {
  const toolCallId = one.tool_use_id ?? "";
  const content = blocks.safeParse(one.content ?? "");
  if (!content.success) throw badField(`${at}.content`, "expected a text or blocks of text");
  return {
    role: "tool",
    content: textOf(content.data, `${at}.content`),
    toolCallId,
    toolName: names.get(toolCallId),
  };
}

function imageOf({ source }: Block, at: string): Uint8Array {
  if (source?.type === "base64" && source.data instanceof Uint8Array) return source.data;
  throw badField(`${at}.source`, "expected base64; no URL is fetched");
}
