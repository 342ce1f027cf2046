import { AikoError } from "../../errors.ts";
import type { ChatRequest, GenerateRequest, Sampling } from "../provider.ts";
import { assertKeepAlive } from "./options.ts";

const ranges: Readonly<Partial<Record<keyof Sampling, readonly [least: number, most: number]>>> = {
  temperature: [0, 100],
  topK: [-1, 2 ** 31 - 1],
  topP: [0, 1],
  minP: [0, 1],
  repeatPenalty: [0, 100],
  seed: [-(2 ** 53), 2 ** 53],
  maxTokens: [-(2 ** 31), 2 ** 31 - 1],
  contextLength: [1, 2 ** 31 - 1],
};

/** Throws INVALID_ARGUMENT naming what is wrong. */
export function assertText({ sampling, keepAliveMs }: GenerateRequest | ChatRequest): void {
  if (keepAliveMs !== undefined) assertKeepAlive(keepAliveMs);
  for (const [name, range] of Object.entries(ranges)) {
    const value = sampling?.[name as keyof typeof ranges];
    if (value === undefined || range === undefined) continue;
    const [least, most] = range;
    if (typeof value === "number" && value >= least && value <= most) continue;
    throw new AikoError("INVALID_ARGUMENT", {
      message: `The sampling option ${name} is ${String(value)}; it is a number from ${least} to ${most}`,
    });
  }
}
