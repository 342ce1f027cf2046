import { randomInt } from "node:crypto";
import type { SequenceEvaluateOptions, Token } from "node-llama-cpp";
import type { Sampling } from "../../provider.ts";

const punishedTokens = 64;

/** The contract's defaults, which are Ollama's. */
export function sampled(sampling: Sampling | undefined) {
  const { temperature = 0.8, topK = 40, topP = 0.9, minP = 0, seed } = sampling ?? {};
  return {
    temperature,
    topK: Math.max(0, topK),
    topP,
    minP,
    seed: seed === undefined ? randomInt(2 ** 32) : Number(BigInt.asUintN(32, BigInt(Math.trunc(seed)))),
  };
}

/** The most tokens to make, where there is room for `room`. */
export function mostTokens(sampling: Sampling | undefined, room: number): number {
  const { maxTokens = -1 } = sampling ?? {};
  return maxTokens < 0 ? room : Math.min(maxTokens, room);
}

export function evaluateOptions(
  sampling: Sampling | undefined,
  seen: () => readonly Token[],
): SequenceEvaluateOptions {
  const penalty = sampling?.repeatPenalty ?? 1;
  const punishTokens = () => seen().slice(-punishedTokens);
  return { ...sampled(sampling), ...(penalty === 1 ? {} : { repeatPenalty: { punishTokens, penalty } }) };
}
