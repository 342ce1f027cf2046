import { z } from "zod";
import type { ChatMessage } from "../../../llm/index.ts";
import { badField, text } from "../fields.ts";
import { argumentsOf, imageOf } from "./options.ts";

const part = z.looseObject({
  type: z.string(),
  text,
  refusal: text,
  image_url: z.unknown().optional(),
});

export const message = z.object({
  role: z.enum(["system", "developer", "user", "assistant", "tool"]),
  content: z.union([z.string(), z.array(part)]).nullish(),
  name: text,
  reasoning: text,
  tool_calls: z
    .array(
      z.object({
        id: text,
        type: z.literal("function").nullish(),
        function: z.object({ name: z.string(), arguments: z.string() }),
      }),
    )
    .nullish(),
  tool_call_id: text,
});

type Message = z.output<typeof message>;

export function messagesOf(given: readonly Message[]): ChatMessage[] {
  const names = new Map<string, string>();
  return given.map((one, index) => {
    const at = `messages[${index}]`;
    for (const call of one.tool_calls ?? []) if (call.id) names.set(call.id, call.function.name);
    const { content, images } = contentOf(one.content, `${at}.content`);
    return {
      role: one.role === "developer" ? "system" : one.role,
      content,
      images: images.length > 0 ? images : undefined,
      thinking: one.reasoning || undefined,
      toolCalls: one.tool_calls?.map(({ id, function: { name, arguments: values } }, which) => ({
        id: id ?? undefined,
        name,
        arguments: argumentsOf(values, `${at}.tool_calls[${which}].function.arguments`),
      })),
      toolCallId: one.tool_call_id || undefined,
      toolName: one.role === "tool" ? one.name || names.get(one.tool_call_id ?? "") : undefined,
    };
  });
}

function contentOf(given: Message["content"], at: string): { content: string; images: Uint8Array[] } {
  if (given === undefined || given === null) return { content: "", images: [] };
  if (typeof given === "string") return { content: given, images: [] };
  const texts: string[] = [];
  const images: Uint8Array[] = [];
  for (const [index, one] of given.entries()) {
    const where = `${at}[${index}]`;
    const said = one.type === "text" ? one.text : one.type === "refusal" ? one.refusal : undefined;
    if (typeof said === "string") texts.push(said);
    else if (one.type === "image_url") images.push(imageOf(one.image_url, `${where}.image_url`));
    else throw badField(where, `a part of type "${one.type}" is not supported: text and image_url are`);
  }
  return { content: texts.join("\n"), images };
}
