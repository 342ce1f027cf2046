import { secondsOf } from "../../../core/time-zone.ts";
import { quoteText } from "./names.ts";

/** What the clock of a zone shows at a moment: a TIMESTAMP. The engine knows zones by name, and no offsets. */
export function clockOf(moment: string, timeZone: string): string {
  const seconds = secondsOf(timeZone);
  const instant = `CAST(${moment} AS TIMESTAMPTZ)`;
  if (seconds === undefined) return `timezone(${quoteText(timeZone)}, ${instant})`;
  return `(timezone('UTC', ${instant}) + INTERVAL '${seconds} seconds')`;
}

/** The moment at which the clock of a zone shows this. */
export function instantOf(clock: string, timeZone: string): string {
  const seconds = secondsOf(timeZone);
  if (seconds === undefined) return `timezone(${quoteText(timeZone)}, ${clock})`;
  return `timezone('UTC', ${clock} - INTERVAL '${seconds} seconds')`;
}
