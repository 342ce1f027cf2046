import { isAikoError } from "../errors.ts";
import type { Usage } from "./provider.ts";
import type { LlmReport } from "./request.ts";

export interface ReportParts {
  readonly kind: LlmReport["kind"];
  readonly provider: string;
  readonly model: string;
  readonly attempts: number;
  readonly merged?: number;
  readonly firstPieceMs: number | undefined;
  /** Of `performance.now()`. */
  readonly started: number;
  readonly usage: Usage | undefined;
  readonly error: unknown;
}

export function reportOf({ merged = 1, started, usage, error, ...parts }: ReportParts): LlmReport {
  return {
    ...parts,
    merged,
    totalMs: performance.now() - started,
    promptTokens: usage?.promptTokens,
    outputTokens: usage?.outputTokens,
    promptTokensPerSecond: perSecond(usage?.promptTokens, usage?.promptMs),
    outputTokensPerSecond: perSecond(usage?.outputTokens, usage?.outputMs),
    error: error === undefined ? undefined : isAikoError(error) ? error.code : "INTERNAL",
  };
}

function perSecond(tokens: number | undefined, ms: number | undefined): number | undefined {
  return tokens === undefined || ms === undefined || ms <= 0 ? undefined : (tokens / ms) * 1_000;
}
