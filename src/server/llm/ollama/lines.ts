import type { Piece, ToolCall, Usage } from "../../../llm/index.ts";
import type { Exchange } from "../exchange.ts";

/** The fields that the last line of an answer has. Durations in nanoseconds; what is not known is left out. */
export function ending(exchange: Exchange, done: NonNullable<Piece["done"]>): object {
  const { usage, reason } = done;
  return {
    done: true,
    done_reason: reason === "tool" ? "stop" : reason,
    ...durations(exchange, usage),
    prompt_eval_count: usage.promptTokens,
    prompt_eval_duration: nanoseconds(usage.promptMs),
    eval_count: usage.outputTokens,
    eval_duration: nanoseconds(usage.outputMs),
  };
}

export function durations(exchange: Exchange, usage: Usage) {
  return {
    total_duration: nanoseconds(exchange.elapsedMs),
    load_duration: nanoseconds(usage.loadMs),
  };
}

export function now(): string {
  return new Date().toISOString();
}

export function toolCallsOf(
  calls: readonly ToolCall[] | undefined,
  first = 0,
): readonly object[] | undefined {
  if (calls === undefined || calls.length === 0) return undefined;
  return calls.map(({ id, name, arguments: given }, at) => ({
    id,
    function: { index: first + at, name, arguments: given },
  }));
}

function nanoseconds(ms: number | undefined): number | undefined {
  return ms === undefined ? undefined : Math.round(ms * 1e6);
}
