import type { Usage } from "../../llm/index.ts";

/** What all model calls of a run took together. */
export interface UsageTotal {
  readonly requests: number;
  /** Of the calls whose provider tells. */
  readonly promptTokens: number;
  readonly outputTokens: number;
  readonly modelMs: number;
}

export const noUsage: UsageTotal = { requests: 0, promptTokens: 0, outputTokens: 0, modelMs: 0 };

export function addUsage(total: UsageTotal, usage: Usage): UsageTotal {
  return {
    requests: total.requests + 1,
    promptTokens: total.promptTokens + (usage.promptTokens ?? 0),
    outputTokens: total.outputTokens + (usage.outputTokens ?? 0),
    modelMs: total.modelMs + usage.totalMs,
  };
}
