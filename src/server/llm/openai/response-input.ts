import { z } from "zod";
import type { ChatMessage } from "../../../llm/index.ts";
import { badField, text } from "../fields.ts";
import { argumentsOf, imageOf } from "./options.ts";

const part = z.looseObject({ type: z.string(), text, refusal: text, image_url: z.unknown().optional() });
const content = z.union([z.string(), z.array(part)]);

export const item = z.looseObject({
  type: text,
  role: z.enum(["system", "developer", "user", "assistant"]).nullish(),
  content: content.nullish(),
  call_id: text,
  name: text,
  arguments: text,
  output: content.nullish(),
});

type Item = z.output<typeof item>;

/** The items of a response's input as the messages of a conversation. */
export function messagesOf(
  instructions: string | null | undefined,
  input: string | readonly Item[],
): ChatMessage[] {
  const system: ChatMessage[] = instructions ? [{ role: "system", content: instructions }] : [];
  if (typeof input === "string") return [...system, { role: "user", content: input }];
  const names = new Map(input.flatMap(({ call_id, name }) => (call_id && name ? [[call_id, name]] : [])));
  const messages = input.flatMap((one, index) => messageOf(one, `input[${index}]`, names));
  return [...system, ...joined(messages)];
}

function messageOf(one: Item, at: string, names: ReadonlyMap<string, string>): ChatMessage[] {
  const toolCallId = one.call_id ?? undefined;
  switch (one.type ?? "message") {
    case "message": {
      if (!one.role) throw badField(`${at}.role`, "is required");
      const { texts, images } = partsOf(one.content, `${at}.content`);
      const role = one.role === "developer" ? "system" : one.role;
      return [{ role, content: texts, images: images.length > 0 ? images : undefined }];
    }
    case "function_call": {
      if (!one.name) throw badField(`${at}.name`, "is required");
      const given = argumentsOf(one.arguments ?? "", `${at}.arguments`);
      return [
        { role: "assistant", content: "", toolCalls: [{ id: toolCallId, name: one.name, arguments: given }] },
      ];
    }
    case "function_call_output": {
      const { texts, images } = partsOf(one.output, `${at}.output`);
      return [
        {
          role: "tool",
          content: texts,
          images: images.length > 0 ? images : undefined,
          toolCallId,
          toolName: names.get(toolCallId ?? ""),
        },
      ];
    }
    // What a model thought before is its own.
    case "reasoning":
      return [];
    default:
      throw badField(
        `${at}.type`,
        `"${one.type}" is not supported: message, function_call and function_call_output are`,
      );
  }
}

/** Calls made at once are one message. */
function joined(messages: readonly ChatMessage[]): ChatMessage[] {
  const result: ChatMessage[] = [];
  for (const message of messages) {
    const last = result.at(-1);
    if (message.toolCalls !== undefined && last?.role === "assistant") {
      result[result.length - 1] = { ...last, toolCalls: [...(last.toolCalls ?? []), ...message.toolCalls] };
    } else result.push(message);
  }
  return result;
}

function partsOf(given: z.output<typeof content> | null | undefined, at: string) {
  if (given === undefined || given === null) return { texts: "", images: [] };
  if (typeof given === "string") return { texts: given, images: [] };
  const texts: string[] = [];
  const images: Uint8Array[] = [];
  for (const [index, one] of given.entries()) {
    const said = one.type === "refusal" ? one.refusal : one.type.endsWith("text") ? one.text : undefined;
    if (typeof said === "string") texts.push(said);
    else if (one.type === "input_image") images.push(imageOf(one.image_url, `${at}[${index}].image_url`));
    else
      throw badField(
        `${at}[${index}]`,
        `a part of type "${one.type}" is not supported: texts and input_image are`,
      );
  }
  return { texts: texts.join("\n"), images };
}
