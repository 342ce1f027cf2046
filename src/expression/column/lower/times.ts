import type { ColumnType } from "../../../core/column-type.ts";
import type { Expression } from "../../expression.ts";
import type { ColumnFunction } from "../expression.ts";
import { ticksPerSecond } from "../types.ts";
import { type Civil, civil, firstDay, isoWeek, quarter, weekday } from "./calendar.ts";
import { and, binary, by, cast, constant, failing, type Lowered, withErrors } from "./lowered.ts";

interface Moment {
  readonly days: Expression;
  /** Since midnight, in i64. */
  readonly ticks: Expression;
  readonly perSecond: bigint;
}

function momentOf({ value }: Lowered, type: ColumnType): Moment {
  if (type.kind !== "timestamp") return { days: value, ticks: constant(0n, "i64"), perSecond: 1n };
  const perSecond = ticksPerSecond[type.unit];
  const day = 86_400n * perSecond;
  return { days: cast(by("floorDivide", value, day), "i32"), ticks: by("modulo", value, day), perSecond };
}

const ofCalendar = (part: (at: Civil) => Expression) => (moment: Moment) => part(civil(moment.days));
const seconds = ({ ticks, perSecond }: Moment) => by("divide", ticks, perSecond);

const parts: Readonly<Partial<Record<ColumnFunction, (moment: Moment) => Expression>>> = {
  year: ofCalendar(({ year }) => year),
  quarter: ofCalendar(quarter),
  month: ofCalendar(({ month }) => month),
  day: ofCalendar(({ day }) => day),
  dayOfYear: ofCalendar(({ dayOfYear }) => dayOfYear),
  week: ({ days }) => isoWeek(days),
  dayOfWeek: ({ days }) => by("add", weekday(days), 1),
  hour: (moment) => by("divide", seconds(moment), 3600n),
  minute: (moment) => by("remainder", by("divide", seconds(moment), 60n), 60n),
  second: (moment) => by("remainder", seconds(moment), 60n),
  millisecond: ({ ticks, perSecond }) => {
    const inMinute = by("remainder", ticks, 60n * perSecond);
    return perSecond >= 1000n
      ? by("divide", inMinute, perSecond / 1000n)
      : by("multiply", inMinute, 1000n / perSecond);
  },
};

/** So many of a part are so many seconds. */
const smallParts: Readonly<Record<string, readonly [bigint, bigint]>> = {
  hour: [1n, 3600n],
  minute: [1n, 60n],
  second: [1n, 1n],
  millisecond: [1000n, 1n],
  microsecond: [1_000_000n, 1n],
};

/** Functions of times, in UTC. A reason where the zone is another. */
export function timeFunction(
  name: ColumnFunction,
  part: string,
  operands: readonly Lowered[],
  type: ColumnType,
): Lowered | string | undefined {
  const [a, b] = operands;
  if (a === undefined) return undefined;
  if (
    type.kind === "timestamp" &&
    type.timeZone !== undefined &&
    !/^(Etc\/)?UTC$/.test(type.timeZone) &&
    name !== "epoch"
  ) {
    return `parts of times in ${type.timeZone}`;
  }
  const made = (value: Expression) =>
    withErrors({ value, valid: and(...operands.map(({ valid }) => valid)) }, operands);
  const of = parts[name];
  if (of !== undefined)
    return { ...made(cast(of(momentOf(a, type)), "i64")), range: [-10_000_000n, 10_000_000n] };
  if (name === "epoch") return made(epoch(a.value, type));
  if (name === "dateTrunc") return truncated(part, a, type, made);
  if (name !== "dateDiff" || b === undefined) return undefined;
  const [from, to] = [before(part, a, type), before(part, b, type)];
  if (typeof from === "string" || typeof to === "string") return String(from);
  return made(binary("subtract", to, from));
}

function epoch(value: Expression, type: ColumnType): Expression {
  const real = cast(value, "f64");
  if (type.kind !== "timestamp" && type.kind !== "duration") return by("multiply", real, 86_400);
  return by("divide", real, Number(ticksPerSecond[type.unit]));
}

function truncated(
  part: string,
  operand: Lowered,
  type: ColumnType,
  made: (value: Expression) => Lowered,
): Lowered {
  const { days, perSecond } = momentOf(operand, type);
  const small = smallParts[part];
  if (type.kind !== "timestamp") return small === undefined ? made(firstDay(part, days)) : operand;
  if (small === undefined) {
    const value = by("multiply", cast(firstDay(part, days), "i64"), 86_400n * perSecond);
    return failing(made(value), { overflow: binary("greater", value, operand.value) });
  }
  const step = (small[1] * perSecond) / small[0];
  if (step <= 1n) return operand;
  const value = binary("subtract", operand.value, by("modulo", operand.value, step));
  return failing(made(value), { overflow: binary("greater", value, operand.value) });
}

function before(part: string, operand: Lowered, type: ColumnType): Expression | string {
  const { days, perSecond } = momentOf(operand, type);
  const whole = (value: Expression) => cast(value, "i64");
  const small = smallParts[part];
  if (small !== undefined) {
    if (type.kind !== "timestamp") {
      const [many, one] = small;
      return by("multiply", whole(days), (86_400n * many) / one);
    }
    const [many, one] = [small[0], small[1] * perSecond];
    if (many > one) return "differences finer than the times";
    return by("floorDivide", operand.value, one / many);
  }
  if (part === "day") return whole(days);
  if (part === "week") return by("floorDivide", by("add", whole(days), 3n), 7n);
  const at = civil(days);
  if (part === "year") return whole(at.year);
  const year = whole(at.year);
  if (part === "month") return binary("add", by("multiply", year, 12n), whole(at.month));
  return binary("add", by("multiply", year, 4n), whole(quarter(at)));
}
