import type { ChatHistoryItem, ChatModelFunctionCall, ChatModelResponse } from "node-llama-cpp";
import type { ChatMessage } from "../../provider.ts";

/** Messages as the engine's templates take them: what tools answered belongs to the message that called them. */
export function toHistory(messages: readonly ChatMessage[]): ChatHistoryItem[] {
  const history: ChatHistoryItem[] = [];
  const open: { call: ChatModelFunctionCall; id: string | undefined }[] = [];
  for (const message of messages) {
    if (message.role === "system") history.push({ type: "system", text: message.content });
    if (message.role === "user") history.push({ type: "user", text: message.content });
    if (message.role === "assistant") {
      const response = modelResponse(history);
      if (message.thinking !== undefined && message.thinking !== "") {
        response.push({ type: "segment", segmentType: "thought", text: message.thinking, ended: true });
      }
      if (message.content !== "") response.push(message.content);
      (message.toolCalls ?? []).forEach(({ id, name, arguments: params }, at) => {
        const call = { type: "functionCall", name, params, result: "", startsNewChunk: at === 0 } as const;
        const entry = { call: { ...call }, id };
        open.push(entry);
        response.push(entry.call);
      });
    }
    if (message.role === "tool") {
      const { toolCallId, toolName, content } = message;
      const at = open.findIndex(({ call, id }) =>
        toolCallId !== undefined && id !== undefined
          ? id === toolCallId
          : toolName === undefined || call.name === toolName,
      );
      const [answered] = open.splice(at, at < 0 ? 0 : 1);
      if (answered !== undefined) answered.call.result = content;
      else history.push({ type: "user", text: content });
    }
  }
  return history;
}

/** The response that a message of the assistant continues, or a new one. */
function modelResponse(history: ChatHistoryItem[]): ChatModelResponse["response"] {
  const last = history.at(-1);
  if (last?.type === "model") return last.response;
  const item: ChatModelResponse = { type: "model", response: [] };
  history.push(item);
  return item.response;
}
