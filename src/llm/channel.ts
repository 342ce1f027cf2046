import { channel } from "node:diagnostics_channel";
import type { LlmReport } from "./request.ts";

/** Every request for a language model, as it ends: `LlmReport`. */
export const llmChannel = channel("aikoryu:llm");

export function publishLlm(report: LlmReport): void {
  if (llmChannel.hasSubscribers) llmChannel.publish(report);
}
