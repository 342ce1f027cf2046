import type { Piece, ToolCall } from "../../../llm/index.ts";
import type { NamedEvent } from "../encoding.ts";
import { tokensOf } from "../pieces.ts";

interface Part {
  readonly type: "output_text";
  readonly text: string;
  readonly annotations: readonly never[];
  readonly logprobs: readonly never[];
}

/** A response as OpenAI writes it. */
export interface ResponseBody {
  readonly id: string;
  readonly object: "response";
  readonly status: "in_progress" | "completed" | "incomplete";
  readonly output: readonly object[];
  readonly [field: string]: unknown;
}

export interface ResponseEvent extends NamedEvent {
  readonly sequence_number: number;
  readonly response?: ResponseBody;
}

/** The events of a response; the last one has the whole of it. */
export async function* eventsOf(
  pieces: AsyncIterable<Piece>,
  body: ResponseBody,
  unique: string,
): AsyncGenerator<ResponseEvent> {
  let sequence = 0;
  const event = (type: string, fields: object): ResponseEvent => ({
    type,
    sequence_number: sequence++,
    ...fields,
  });
  const output: object[] = [];
  const message = { id: `msg_${unique}`, type: "message", role: "assistant" } as const;
  let text: string | undefined;
  let isFirst = true;
  for await (const piece of pieces) {
    if (isFirst) {
      yield event("response.created", { response: body });
      yield event("response.in_progress", { response: body });
      isFirst = false;
    }
    if (piece.text !== "") {
      const at = { item_id: message.id, output_index: 0, content_index: 0 };
      if (text === undefined) {
        const item = { ...message, status: "in_progress", content: [] };
        yield event("response.output_item.added", { output_index: 0, item });
        yield event("response.content_part.added", { ...at, part: partOf("") });
      }
      text = (text ?? "") + piece.text;
      yield event("response.output_text.delta", { ...at, delta: piece.text, logprobs: [] });
    }
    const calls = piece.toolCalls ?? [];
    if (text !== undefined && output.length === 0 && (calls.length > 0 || piece.done !== undefined)) {
      const at = { item_id: message.id, output_index: 0, content_index: 0 };
      const item = { ...message, status: "completed", content: [partOf(text)] };
      yield event("response.output_text.done", { ...at, text, logprobs: [] });
      yield event("response.content_part.done", { ...at, part: partOf(text) });
      yield event("response.output_item.done", { output_index: 0, item });
      output.push(item);
    }
    for (const call of calls) {
      const item = callItem(call, `${unique}_${output.length}`);
      const at = { item_id: item.id, output_index: output.length };
      const opened = { ...item, arguments: "", status: "in_progress" };
      yield event("response.output_item.added", { output_index: output.length, item: opened });
      yield event("response.function_call_arguments.delta", { ...at, delta: item.arguments });
      yield event("response.function_call_arguments.done", {
        ...at,
        name: item.name,
        arguments: item.arguments,
      });
      yield event("response.output_item.done", { output_index: output.length, item });
      output.push(item);
    }
    if (piece.done === undefined) continue;
    const isCut = piece.done.reason === "length";
    const { prompt, output: made, total } = tokensOf(piece.done.usage);
    const response: ResponseBody = {
      ...body,
      status: isCut ? "incomplete" : "completed",
      incomplete_details: isCut ? { reason: "max_output_tokens" } : null,
      output,
      usage: {
        input_tokens: prompt,
        input_tokens_details: { cached_tokens: 0 },
        output_tokens: made,
        output_tokens_details: { reasoning_tokens: 0 },
        total_tokens: total,
      },
    };
    yield event(isCut ? "response.incomplete" : "response.completed", { response });
  }
}

function partOf(text: string): Part {
  return { type: "output_text", text, annotations: [], logprobs: [] };
}

function callItem({ id, name, arguments: given }: ToolCall, unique: string) {
  return {
    id: `fc_${unique}`,
    type: "function_call",
    call_id: id ?? `call_${unique}`,
    name,
    arguments: JSON.stringify(given),
    status: "completed",
  };
}
