import { civilFromDays, daysFromCivil, isCivil } from "./calendar.ts";
import type { TimeUnit } from "./column-type.ts";
import { offsetText, secondsOf, zoneOffset } from "./time-zone.ts";

export const unitsPerSecond: Readonly<Record<TimeUnit, number>> = {
  s: 1,
  ms: 1e3,
  us: 1e6,
  ns: 1e9,
};

const daySeconds = 86_400;

/** Whole seconds, rounded down, and the units left. */
export function splitSeconds(value: bigint, unit: TimeUnit): { seconds: number; rest: number } {
  const units = unitsPerSecond[unit];
  const number = Number(value);
  if (Number.isSafeInteger(number)) {
    const seconds = Math.floor(number / units);
    return { seconds, rest: number - seconds * units };
  }
  const divisor = BigInt(units);
  const rest = ((value % divisor) + divisor) % divisor;
  return { seconds: Number((value - rest) / divisor), rest: Number(rest) };
}

/** Whole days, rounded down, seconds of the day, and the units left. */
function splitDays(value: bigint, unit: TimeUnit, aheadSeconds = 0) {
  const { seconds, rest } = splitSeconds(value, unit);
  if (Number.isSafeInteger(seconds + aheadSeconds)) {
    const days = Math.floor((seconds + aheadSeconds) / daySeconds);
    return { days, seconds: seconds + aheadSeconds - days * daySeconds, rest };
  }
  const units = BigInt(unitsPerSecond[unit]);
  const whole = (value - BigInt(rest)) / units + BigInt(aheadSeconds);
  const day = BigInt(daySeconds);
  const left = ((whole % day) + day) % day;
  return { days: Number((whole - left) / day), seconds: Number(left), rest };
}

/** "2024-02-29"; years before 0 or after 9999 with a sign and six digits, as ISO 8601 and JavaScript have them. */
export function dateText(days: number): string {
  const { year, month, day } = civilFromDays(days);
  const years =
    year >= 0 && year <= 9999
      ? String(year).padStart(4, "0")
      : `${year < 0 ? "-" : "+"}${String(Math.abs(year)).padStart(6, "0")}`;
  return `${years}-${two(month)}-${two(day)}`;
}

/** "2024-02-29 12:34:56.789"; with a zone its local time and offset: "2024-02-29 13:34:56.789+01:00". */
export function timestampText(
  value: bigint,
  unit: TimeUnit,
  timeZone?: string,
  separator: " " | "T" = " ",
): string {
  const epochMs = splitSeconds(value, unit).seconds * 1000;
  const offset = timeZone === undefined ? undefined : (zoneOffset(timeZone, epochMs) ?? 0);
  const { days, seconds, rest } = splitDays(value, unit, offset);
  const time = clockText(seconds, rest, unit);
  return `${dateText(days)}${separator}${time}${offset === undefined ? "" : offsetText(offset)}`;
}

/** "1d 02:03:04.5", "-00:00:01". */
export function durationText(value: bigint, unit: TimeUnit): string {
  const { days, seconds, rest } = splitDays(value < 0n ? -value : value, unit);
  const clock = clockText(seconds, rest, unit);
  return `${value < 0n ? "-" : ""}${days === 0 ? "" : `${days}d `}${clock}`;
}

/** Days since 1970-01-01 of an ISO 8601 date; undefined where there is no such date. */
export function parseDate(text: string): number | undefined {
  const match = /^([+-]\d{4,7}|\d{4})-(\d\d)-(\d\d)$/.exec(text.trim());
  if (match === null) return undefined;
  const date = { year: Number(match[1]), month: Number(match[2]), day: Number(match[3]) };
  return isCivil(date) ? daysFromCivil(date) : undefined;
}

const timePattern = /^(\d\d):(\d\d)(?::(\d\d)(?:[.,](\d{1,18}))?)?\s*(Z|z|[+-]\d\d(?::?\d\d(?::?\d\d)?)?)?$/;

/**
 * Units since 1970-01-01T00:00:00 of an ISO 8601 date and time; UTC where it names no offset. Undefined where it is none, or
 * is finer than the unit.
 */
export function parseTimestamp(text: string, unit: TimeUnit): bigint | undefined {
  const match = /^([+-]?\d{4,7}-\d\d-\d\d)(?:[T ](.+))?$/.exec(text.trim());
  const days = match === null ? undefined : parseDate(match[1] ?? "");
  if (match === null || days === undefined) return undefined;
  const units = BigInt(unitsPerSecond[unit]);
  if (match[2] === undefined) return BigInt(days) * BigInt(daySeconds) * units;
  const time = timePattern.exec(match[2]);
  if (time === null) return undefined;
  const [, hours, minutes, seconds = "0", fraction = "", offset = "Z"] = time;
  const [hour, minute, second] = [Number(hours), Number(minutes), Number(seconds)];
  if (hour > 23 || minute > 59 || second > 59) return undefined;
  const ahead = /^z$/i.test(offset) ? 0 : (secondsOf(offset) ?? 0);
  const rest = fractionUnits(fraction, unit);
  if (rest === undefined) return undefined;
  const whole = days * daySeconds + hour * 3600 + minute * 60 + second - ahead;
  return BigInt(whole) * units + rest;
}

const durationPattern = /^([+-]?)(?:(\d{1,15})d\s*)?(?:(\d{1,9}):(\d\d):(\d\d)(?:\.(\d{1,18}))?)?$/;

/** Units of a duration as `durationText` writes it; undefined where it is none, or is finer than the unit. */
export function parseDuration(text: string, unit: TimeUnit): bigint | undefined {
  const match = durationPattern.exec(text.trim());
  if (match === null) return undefined;
  const [, sign, days, hours, minutes = "0", seconds = "0", fraction = ""] = match;
  if (days === undefined && hours === undefined) return undefined;
  if (Number(minutes) > 59 || Number(seconds) > 59) return undefined;
  const rest = fractionUnits(fraction, unit);
  if (rest === undefined) return undefined;
  const whole =
    BigInt(days ?? 0) * BigInt(daySeconds) +
    BigInt(Number(hours ?? 0) * 3600 + Number(minutes) * 60 + Number(seconds));
  const value = whole * BigInt(unitsPerSecond[unit]) + rest;
  return sign === "-" ? -value : value;
}

function fractionUnits(fraction: string, unit: TimeUnit): bigint | undefined {
  const digits = fractionDigits[unit];
  if (/[1-9]/.test(fraction.slice(digits))) return undefined;
  return BigInt(fraction.slice(0, digits).padEnd(digits, "0") || "0");
}

const fractionDigits: Readonly<Record<TimeUnit, number>> = { s: 0, ms: 3, us: 6, ns: 9 };

function clockText(seconds: number, rest: number, unit: TimeUnit): string {
  const clock = `${two(Math.floor(seconds / 3600))}:${two(Math.floor(seconds / 60) % 60)}:${two(seconds % 60)}`;
  if (rest === 0) return clock;
  return `${clock}.${String(rest).padStart(fractionDigits[unit], "0").replace(/0+$/, "")}`;
}

function two(value: number): string {
  return String(value).padStart(2, "0");
}
