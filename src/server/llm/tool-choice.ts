import { z } from "zod";
import { AikoError } from "../../errors.ts";
import type { ChatMessage, JsonSchema, Piece, ToolCall, ToolDefinition } from "../../llm/index.ts";
import { badField } from "./fields.ts";

export const toolChoice = z
  .union([
    z.enum(["none", "auto", "required"]),
    z.object({ type: z.literal("function"), function: z.object({ name: z.string() }) }),
    z.object({ type: z.literal("function"), name: z.string() }),
  ])
  .nullish();

/** A call that has to be made: the answer is held to a schema, and becomes the call. */
export interface ForcedCall {
  readonly instruction: ChatMessage;
  readonly format: JsonSchema;
  callOf(text: string): ToolCall;
}

export interface Choice {
  readonly tools: readonly ToolDefinition[] | undefined;
  readonly forced: ForcedCall | undefined;
}

/** What `tool_choice` makes of the tools: a provider itself only knows "auto". */
export function choose(tools: readonly ToolDefinition[], choice: z.output<typeof toolChoice>): Choice {
  if (choice === undefined || choice === null || choice === "auto") {
    return { tools: tools.length > 0 ? tools : undefined, forced: undefined };
  }
  if (choice === "none") return { tools: undefined, forced: undefined };
  if (tools.length === 0) throw badField("tool_choice", "there are no tools to choose from");
  if (choice === "required") return { tools: undefined, forced: force(tools) };
  const name = "function" in choice ? choice.function.name : choice.name;
  const named = tools.filter((tool) => tool.name === name);
  if (named.length === 0) throw badField("tool_choice", `there is no tool "${name}"`);
  return { tools: undefined, forced: force(named) };
}

function force(tools: readonly ToolDefinition[]): ForcedCall {
  const shapes = tools.map(({ name, parameters }) => ({
    type: "object",
    properties: { name: { type: "string", enum: [name] }, arguments: parameters },
    required: ["name", "arguments"],
    additionalProperties: false,
  }));
  const [only] = shapes;
  const format = shapes.length === 1 && only !== undefined ? only : { anyOf: shapes };
  const listed = tools.map((tool) => JSON.stringify(tool)).join("\n");
  const content = `Answer with one call of a function, as JSON: {"name": ..., "arguments": ...}. The functions:\n${listed}`;
  return { instruction: { role: "system", content }, format, callOf };
}

function callOf(text: string): ToolCall {
  try {
    const { name, arguments: given } = shape.parse(JSON.parse(text));
    return { name, arguments: given };
  } catch (error) {
    throw new AikoError("INVALID_OUTPUT", {
      message: "the model did not make the call that tool_choice asks for",
      cause: error,
    });
  }
}

const shape = z.object({ name: z.string(), arguments: z.record(z.string(), z.unknown()) });

/** The pieces with the held-back text turned into the call. */
export async function* withForced(
  pieces: AsyncIterable<Piece>,
  forced: ForcedCall | undefined,
): AsyncGenerator<Piece> {
  if (forced === undefined) {
    yield* pieces;
    return;
  }
  let text = "";
  for await (const piece of pieces) {
    text += piece.text;
    if (piece.done === undefined) {
      if (piece.thinking !== undefined) yield { text: "", thinking: piece.thinking };
    } else if (piece.done.reason === "length") {
      yield { ...piece, text };
    } else {
      const done = { ...piece.done, reason: "tool" as const };
      yield { ...piece, text: "", toolCalls: [forced.callOf(text)], done };
    }
  }
}
