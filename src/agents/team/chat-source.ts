import type { ChatRequest, Piece, ProviderOptions } from "../../llm/index.ts";

/** What answers for a model: a `Provider`, `gpu.llm`, or anything with their `chat`. */
export interface ChatSource {
  /** For reports. */
  readonly name?: string | undefined;
  chat(request: ChatRequest, options?: ProviderOptions): AsyncIterable<Piece>;
}
