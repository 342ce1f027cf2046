import type { ChatRequest, Piece, ToolCall } from "#src/llm/index.js";

/** One answer of a model: a text in pieces, calls of tools, an error to throw on the way, or a function that says which. */
export interface ScriptedAnswer {
  readonly text?: string | readonly string[];
  readonly calls?: readonly ToolCall[];
  readonly throws?: unknown;
  /** Nothing comes until the signal fires. */
  readonly hangs?: boolean;
  /** Ends without saying so. */
  readonly cutOff?: boolean;
}

type Script =
  | readonly (ScriptedAnswer | string)[]
  | ((request: ChatRequest, call: number) => ScriptedAnswer | string);

export interface ScriptedSource {
  readonly name: string;
  readonly requests: ChatRequest[];
  /** Calls that were cancelled while they ran. */
  readonly cancelled: { count: number };
  chat(request: ChatRequest, options?: { readonly signal?: AbortSignal | undefined }): AsyncIterable<Piece>;
}

const usage = { promptTokens: 3, outputTokens: 2, loadMs: 0, promptMs: 1, outputMs: 1, totalMs: 2 };

/** A model that says what it is told to. A list is read from its beginning, and its last entry again and again. */
export function scripted(script: Script): ScriptedSource {
  const requests: ChatRequest[] = [];
  const cancelled = { count: 0 };
  return {
    name: "scripted",
    requests,
    cancelled,
    async *chat(request, { signal } = {}) {
      const at = requests.push(structuredClone(request)) - 1;
      const found = typeof script === "function" ? script(request, at) : (script[at] ?? script.at(-1) ?? "");
      const answer = typeof found === "string" ? { text: found } : found;
      const { text = "", calls, throws, hangs, cutOff } = answer;
      for (const piece of typeof text === "string" ? [text] : text) yield { text: piece };
      if (hangs) {
        await new Promise<void>((resolve) => signal?.addEventListener("abort", () => resolve()));
        cancelled.count++;
        return;
      }
      if (throws !== undefined) throw throws;
      if (cutOff) return;
      if (calls !== undefined) yield { text: "", toolCalls: calls };
      yield { text: "", done: { reason: calls === undefined ? "stop" : "tool", usage } };
    },
  };
}
