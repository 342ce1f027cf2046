import { cpus } from "node:os";
import { readText } from "../read.ts";

/** Time since boot, in any unit. */
export interface CoreTimes {
  readonly busy: number;
  readonly total: number;
}

/** A line of /proc/stat: user, nice, system, idle, iowait, irq, softirq, steal. Guests' time is in user already. */
export function parseProcStat(text: string): CoreTimes[] {
  return text
    .split("\n")
    .filter((line) => /^cpu\d/.test(line))
    .map((line) => {
      const ticks = line.split(/\s+/).slice(1, 9).map(Number);
      const total = ticks.reduce((sum, one) => sum + one, 0);
      return { total, busy: total - (ticks[3] ?? 0) - (ticks[4] ?? 0) };
    });
}

/** Node's own list reads a file a core for clocks that nobody asked for: 10 ms and more on large machines. */
export async function coreTimes(): Promise<CoreTimes[]> {
  const text = process.platform === "linux" ? await readText("/proc/stat") : undefined;
  if (text !== undefined) return parseProcStat(text);
  return cpus().map(({ times }) => {
    const busy = times.user + times.nice + times.sys + times.irq;
    return { busy, total: busy + times.idle };
  });
}

/** Share of the time between two readings that each core was busy, 0 to 1; empty where no time has passed. */
export function coreUtilization(before: readonly CoreTimes[], after: readonly CoreTimes[]): number[] {
  if (before.length !== after.length) return [];
  const shares: number[] = [];
  for (const [at, { busy, total }] of after.entries()) {
    const earlier = before[at];
    if (earlier === undefined || total <= earlier.total) return [];
    shares.push(Math.min(1, Math.max(0, (busy - earlier.busy) / (total - earlier.total))));
  }
  return shares;
}
