import type { TimeUnit } from "../../core/column-type.ts";
import { ticksPerSecond } from "./types.ts";

/**
 * The proleptic Gregorian calendar, from days since 1970-01-01 and back, for every day of 32 bits.
 * Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms": https://howardhinnant.github.io/date_algorithms.html
 */
export function civilFromDays(days: number): {
  readonly year: number;
  readonly month: number;
  readonly day: number;
} {
  const z = days + 719_468;
  const era = Math.floor(z / 146_097);
  const doe = z - era * 146_097;
  const yoe = Math.floor(
    (doe - Math.floor(doe / 1460) + Math.floor(doe / 36_524) - Math.floor(doe / 146_096)) / 365,
  );
  const doy = doe - (365 * yoe + Math.floor(yoe / 4) - Math.floor(yoe / 100));
  const mp = Math.floor((5 * doy + 2) / 153);
  const month = mp < 10 ? mp + 3 : mp - 9;
  return {
    year: yoe + era * 400 + (month <= 2 ? 1 : 0),
    month,
    day: doy - Math.floor((153 * mp + 2) / 5) + 1,
  };
}

export function daysFromCivil(year: number, month: number, day: number): number {
  const y = month <= 2 ? year - 1 : year;
  const era = Math.floor(y / 400);
  const yoe = y - era * 400;
  const doy = Math.floor((153 * (month > 2 ? month - 3 : month + 9) + 2) / 5) + day - 1;
  return era * 146_097 + yoe * 365 + Math.floor(yoe / 4) - Math.floor(yoe / 100) + doy - 719_468;
}

export function floorDivide(a: bigint, b: bigint): bigint {
  const q = a / b;
  return a % b !== 0n && a < 0n !== b < 0n ? q - 1n : q;
}

/** The day a number of ticks is in. */
export function dayOfTicks(ticks: bigint, unit: TimeUnit): number {
  return Number(floorDivide(ticks, 86_400n * ticksPerSecond[unit]));
}

/** Monday is 0; 1970-01-01 was a Thursday. */
export function weekday(days: number): number {
  return (((days + 3) % 7) + 7) % 7;
}

/** Of ISO 8601: the week of the Thursday next to a day, counted in the year of that Thursday. */
export function isoWeek(days: number): number {
  const thursday = days - weekday(days) + 3;
  const { year } = civilFromDays(thursday);
  return Math.floor((thursday - daysFromCivil(year, 1, 1)) / 7) + 1;
}

const pattern =
  /^\s*([+-]?\d{1,6})[-/](\d{1,2})[-/](\d{1,2})(?:[T ]+(\d{1,2}):(\d{2})(?::(\d{2})(?:\.(\d{1,9})\d*)?)?\s*(Z|[+-]\d{2}(?::?\d{2})?)?)?\s*$/i;

/** Nanoseconds since 1970 that an ISO 8601 text names, or undefined for what is no date and time. */
export function parseTime(text: string): bigint | undefined {
  const match = pattern.exec(text);
  if (match === null) return undefined;
  const [year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0] = match
    .slice(1, 7)
    .map((each) => Number(each ?? 0));
  if (month < 1 || month > 12 || day < 1 || hour > 24 || minute > 59 || second > 59) return undefined;
  if (hour === 24 && (minute > 0 || second > 0)) return undefined;
  const days = daysFromCivil(year, month, day);
  if (civilFromDays(days).month !== month) return undefined;
  const fraction = BigInt((match[7] ?? "").padEnd(9, "0"));
  const seconds = days * 86_400 + hour * 3600 + minute * 60 + second - offsetSeconds(match[8]);
  return BigInt(seconds) * 1_000_000_000n + fraction;
}

function offsetSeconds(zone: string | undefined): number {
  if (zone === undefined || zone.toUpperCase() === "Z") return 0;
  const size = Number(zone.slice(1, 3)) * 3600 + Number(zone.slice(3).replace(":", "") || 0) * 60;
  return zone.startsWith("-") ? -size : size;
}

const two = (value: number) => String(value).padStart(2, "0");

export function dateText(days: number): string {
  const { year, month, day } = civilFromDays(days);
  const shown = year > 0 ? String(year).padStart(4, "0") : String(1 - year).padStart(4, "0");
  return `${shown}-${two(month)}-${two(day)}${year > 0 ? "" : " (BC)"}`;
}

/** `2024-01-03 10:00:00.5`, as DuckDB writes timestamps. */
export function timestampText(ticks: bigint, unit: TimeUnit): string {
  const perSecond = ticksPerSecond[unit];
  const seconds = floorDivide(ticks, perSecond);
  const days = Number(floorDivide(seconds, 86_400n));
  const rest = Number(seconds - BigInt(days) * 86_400n);
  const fraction = ticks - seconds * perSecond;
  const digits = String(perSecond).length - 1;
  const shown = fraction === 0n ? "" : `.${String(fraction).padStart(digits, "0").replace(/0+$/, "")}`;
  const time = `${two(Math.floor(rest / 3600))}:${two(Math.floor(rest / 60) % 60)}:${two(rest % 60)}`;
  return `${dateText(days)} ${time}${shown}`;
}
