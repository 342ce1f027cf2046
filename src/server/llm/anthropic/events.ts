import type { DoneReason, Piece } from "../../../llm/index.ts";
import type { NamedEvent } from "../encoding.ts";
import { tokensOf } from "../pieces.ts";

/** A block of an answer that is whole. */
export type Block =
  | { readonly type: "text"; readonly text: string }
  | { readonly type: "thinking"; readonly thinking: string; readonly signature: "" }
  | { readonly type: "tool_use"; readonly id: string; readonly name: string; readonly input: object };

export interface MessageBody {
  readonly id: string;
  readonly type: "message";
  readonly role: "assistant";
  readonly model: string;
}

/** A message as it is made, block after block. */
export async function* eventsOf(
  pieces: AsyncIterable<Piece>,
  body: MessageBody,
  unique: string,
): AsyncGenerator<NamedEvent> {
  let index = -1;
  let open: Block["type"] | undefined;
  let isFirst = true;
  let calls = 0;
  const event = (type: string, fields: object): NamedEvent => ({ type, ...fields });
  const close = () => (open === undefined ? [] : [event("content_block_stop", { index })]);
  function* start(block: Block): Generator<NamedEvent> {
    if (open === block.type && block.type !== "tool_use") return;
    yield* close();
    open = block.type;
    index++;
    yield event("content_block_start", { index, content_block: block });
  }
  for await (const { text, thinking, toolCalls = [], done } of pieces) {
    if (isFirst) {
      const usage = { input_tokens: 0, output_tokens: 0 };
      yield event("message_start", {
        message: { ...body, content: [], stop_reason: null, stop_sequence: null, usage },
      });
      isFirst = false;
    }
    if (thinking) {
      yield* start({ type: "thinking", thinking: "", signature: "" });
      yield event("content_block_delta", { index, delta: { type: "thinking_delta", thinking } });
    }
    if (text !== "") {
      yield* start({ type: "text", text: "" });
      yield event("content_block_delta", { index, delta: { type: "text_delta", text } });
    }
    for (const { id = `toolu_${unique}_${calls}`, name, arguments: given } of toolCalls) {
      calls++;
      yield* start({ type: "tool_use", id, name, input: {} });
      const partial_json = JSON.stringify(given);
      yield event("content_block_delta", { index, delta: { type: "input_json_delta", partial_json } });
    }
    if (done === undefined) continue;
    yield* close();
    const { prompt, output } = tokensOf(done.usage);
    yield event("message_delta", {
      delta: { stop_reason: stopReason(done.reason, calls), stop_sequence: null },
      usage: { input_tokens: prompt, output_tokens: output },
    });
    yield event("message_stop", {});
  }
}

export function stopReason(reason: DoneReason, calls: number): "tool_use" | "max_tokens" | "end_turn" {
  if (calls > 0 || reason === "tool") return "tool_use";
  return reason === "length" ? "max_tokens" : "end_turn";
}
