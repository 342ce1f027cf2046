import { fallbackChannel } from "./channels.ts";
import type { Fallback } from "./report.ts";

const warned = new Set<string>();

/** Publishes a fallback, and warns of it once per operation, device and cause. */
export function warnOnce(operation: string, fallback: Fallback): void {
  if (fallbackChannel.hasSubscribers) fallbackChannel.publish({ operation, ...fallback });
  const key = `${operation} ${fallback.device} ${fallback.code}`;
  if (warned.has(key)) return;
  warned.add(key);
  process.emitWarning(`${operation} runs on the CPU instead of ${fallback.device}: ${fallback.message}`, {
    type: "AikoRyuFallbackWarning",
    code: fallback.code,
    detail: 'Pass strict: true to make this an error, or placement: "cpu" to choose it.',
  });
}
