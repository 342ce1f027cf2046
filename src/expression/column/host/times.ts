import type { ColumnType, TimeUnit } from "../../../core/column-type.ts";
import { AikoError } from "../../../errors.ts";
import { civilFromDays, dayOfTicks, daysFromCivil, floorDivide, isoWeek, weekday } from "../calendar.ts";
import type { Value } from "../cast-value.ts";
import type { ColumnFunction } from "../expression.ts";
import { ticksPerSecond } from "../types.ts";
import type { HostFunction } from "./compile.ts";

interface Moment {
  readonly days: number;
  /** Since midnight. */
  readonly ticks: bigint;
  readonly unit: TimeUnit;
  readonly perSecond: bigint;
}

function momentOf(value: Value, type: ColumnType): Moment {
  if (type.kind !== "timestamp") return { days: Number(value), ticks: 0n, unit: "s", perSecond: 1n };
  if (type.timeZone !== undefined && type.timeZone !== "UTC" && type.timeZone !== "Etc/UTC") {
    throw new AikoError("UNSUPPORTED", {
      message: `The host takes no parts of times in ${type.timeZone}`,
      hint: "The CPU engine does.",
    });
  }
  const perSecond = ticksPerSecond[type.unit];
  const days = dayOfTicks(BigInt(value), type.unit);
  return { days, ticks: BigInt(value) - BigInt(days) * 86_400n * perSecond, unit: type.unit, perSecond };
}

function part(compute: (moment: Moment) => number | bigint): HostFunction {
  return ([a = 0], [type = { kind: "date" }]) => BigInt(compute(momentOf(a, type)));
}

const seconds = ({ ticks, perSecond }: Moment) => ticks / perSecond;

/** How many whole parts lie before a moment, counted from a fixed start. */
function partsBefore(name: string, value: Value, type: ColumnType): bigint {
  const { days, ticks, perSecond } = momentOf(value, type);
  const { year, month } = civilFromDays(days);
  switch (name) {
    case "year":
      return BigInt(year);
    case "quarter":
      return BigInt(year * 4 + Math.floor((month - 1) / 3));
    case "month":
      return BigInt(year * 12 + month - 1);
    case "week":
      return BigInt(Math.floor((days + 3) / 7));
    case "day":
      return BigInt(days);
    default: {
      const all = BigInt(days) * 86_400n * perSecond + ticks;
      const [many, one] = smallParts[name] ?? [1n, 1n];
      return floorDivide(all * many, one * perSecond);
    }
  }
}

/** So many of a part are so many seconds. */
const smallParts: Readonly<Record<string, readonly [bigint, bigint]>> = {
  hour: [1n, 3600n],
  minute: [1n, 60n],
  second: [1n, 1n],
  millisecond: [1000n, 1n],
  microsecond: [1_000_000n, 1n],
};

function firstDay(name: string, days: number): number {
  const { year, month, day } = civilFromDays(days);
  switch (name) {
    case "year":
      return daysFromCivil(year, 1, 1);
    case "quarter":
      return daysFromCivil(year, month - ((month - 1) % 3), 1);
    case "month":
      return days - day + 1;
    case "week":
      return days - weekday(days);
    default:
      return days;
  }
}

const dateTrunc: HostFunction = ([part = "", value = 0], [, type = { kind: "date" }]) => {
  const { days, ticks, perSecond } = momentOf(value, type);
  if (type.kind !== "timestamp") return firstDay(String(part), days);
  const small = smallParts[String(part)];
  if (small === undefined) return inRange(BigInt(firstDay(String(part), days)) * 86_400n * perSecond);
  const step = (small[1] * perSecond) / small[0];
  return BigInt(value) - (step === 0n ? 0n : ticks % step);
};

function inRange(ticks: bigint): bigint {
  if (BigInt.asIntN(64, ticks) === ticks) return ticks;
  throw new AikoError("OVERFLOW", { message: "dateTrunc gives a time out of range" });
}

export const timeFunctions: Readonly<Partial<Record<ColumnFunction, HostFunction>>> = {
  year: part(({ days }) => civilFromDays(days).year),
  quarter: part(({ days }) => Math.floor((civilFromDays(days).month + 2) / 3)),
  month: part(({ days }) => civilFromDays(days).month),
  week: part(({ days }) => isoWeek(days)),
  day: part(({ days }) => civilFromDays(days).day),
  dayOfWeek: part(({ days }) => weekday(days) + 1),
  dayOfYear: part(({ days }) => days - daysFromCivil(civilFromDays(days).year, 1, 1) + 1),
  hour: part((moment) => seconds(moment) / 3600n),
  minute: part((moment) => (seconds(moment) / 60n) % 60n),
  second: part((moment) => seconds(moment) % 60n),
  millisecond: part(({ ticks, perSecond }) => ((ticks % (60n * perSecond)) * 1000n) / perSecond),
  epoch: ([a = 0], [type = { kind: "date" }]) => {
    if (type.kind !== "timestamp" && type.kind !== "duration") return Number(a) * 86_400;
    return Number(a) / Number(ticksPerSecond[type.unit]);
  },
  dateTrunc,
  dateDiff: ([name = "", a = 0, b = 0], [, type = { kind: "date" }]) =>
    partsBefore(String(name), b, type) - partsBefore(String(name), a, type),
};
