import type { Fallback } from "./report.ts";

const warned = new Set<string>();

/** Makes a fallback visible once per operation, device and cause; every one of them is in the reports. */
export function warnOnce(operation: string, fallback: Fallback): void {
  const key = `${operation} ${fallback.device} ${fallback.code}`;
  if (warned.has(key)) return;
  warned.add(key);
  process.emitWarning(`${operation} runs on the CPU instead of ${fallback.device}: ${fallback.message}`, {
    type: "AikoRyuFallbackWarning",
    code: fallback.code,
    detail: 'Pass strict: true to make this an error, or placement: "cpu" to choose it.',
  });
}
