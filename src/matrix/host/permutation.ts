import type { RandomSource } from "../../kernels/random.ts";
import { radixOrder } from "./radix.ts";
import { randomNumbers } from "./random.ts";

/** arrays: the result. The order of 64-bit keys, the low words first and then, stably, the high ones. */
export function permute([result]: readonly Int32Array[], source: RandomSource): void {
  if (result === undefined) return;
  const count = result.length;
  const words = new Uint32Array(2 * count);
  randomNumbers([words], { ...source, distribution: "bits" });
  const keys = new Uint32Array(count);
  for (let at = 0; at < count; at++) keys[at] = words[2 * at] as number;
  const byLow = radixOrder(keys, false);
  for (let at = 0; at < count; at++) keys[at] = words[2 * (byLow[at] as number) + 1] as number;
  const byHigh = radixOrder(keys, false);
  for (let at = 0; at < count; at++) result[at] = byLow[byHigh[at] as number] as number;
}
