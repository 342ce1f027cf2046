const units: Readonly<Record<string, number>> = {
  ns: 1e-6,
  us: 1e-3,
  µs: 1e-3,
  μs: 1e-3,
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
};

/**
 * Milliseconds of Ollama's keep_alive: a number of seconds, or a duration as Go writes it ("1h30m"). Below zero means
 * for ever: Infinity. `undefined` for what is neither. https://pkg.go.dev/time#ParseDuration
 */
export function keepAliveMs(value: string | number): number | undefined {
  const ms = typeof value === "number" ? value * 1000 : durationMs(value);
  if (ms === undefined || Number.isNaN(ms)) return undefined;
  return ms < 0 ? Number.POSITIVE_INFINITY : ms;
}

function durationMs(text: string): number | undefined {
  if (/^[-+]?\d+(\.\d+)?$/.test(text)) return Number(text) * 1000;
  const sign = text.startsWith("-") ? -1 : 1;
  const rest = text.replace(/^[-+]/, "");
  if (!/^((\d+(\.\d*)?|\.\d+)(ns|us|µs|μs|ms|s|m|h))+$/.test(rest)) return undefined;
  let ms = 0;
  for (const [, amount, unit] of rest.matchAll(/([\d.]+)(ns|us|µs|μs|ms|s|m|h)/g)) {
    ms += Number(amount) * (units[unit ?? ""] ?? 0);
  }
  return sign * ms;
}
