import type { Expression } from "../../expression.ts";
import { and, binary, by, cast, choose, or } from "./lowered.ts";

export interface Civil {
  readonly year: Expression;
  readonly month: Expression;
  readonly day: Expression;
  /** From 1. */
  readonly dayOfYear: Expression;
  readonly isLeap: Expression;
}

/**
 * The calendar of days since 1970-01-01, in i32. Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms",
 * https://howardhinnant.github.io/date_algorithms.html; eras are split off first, so that no day overflows.
 */
export function civil(days: Expression): Civil {
  const rest = by("add", by("modulo", days, 146_097), 135_080);
  const next = by("greaterEqual", rest, 146_097);
  const era = binary("add", by("add", by("floorDivide", days, 146_097), 4), cast(next, "i32"));
  const doe = binary("subtract", rest, choose(next, by("add", zero(days), 146_097), zero(days)));
  const leapYears = binary(
    "subtract",
    binary("add", binary("subtract", doe, by("divide", doe, 1460)), by("divide", doe, 36_524)),
    by("divide", doe, 146_096),
  );
  const yoe = by("divide", leapYears, 365);
  const before = binary(
    "add",
    by("multiply", yoe, 365),
    binary("subtract", by("divide", yoe, 4), by("divide", yoe, 100)),
  );
  const doy = binary("subtract", doe, before);
  const mp = by("divide", by("add", by("multiply", doy, 5), 2), 153);
  const day = by("add", binary("subtract", doy, by("divide", by("add", by("multiply", mp, 153), 2), 5)), 1);
  const isLate = by("greaterEqual", mp, 10);
  const month = choose(isLate, by("subtract", mp, 9), by("add", mp, 3));
  const year = binary("add", binary("add", yoe, by("multiply", era, 400)), cast(isLate, "i32"));
  const isLeap = and(
    divides(year, 4),
    or(binary("equal", cast(divides(year, 100), "i32"), zero(days)), divides(year, 400)),
  );
  const dayOfYear = choose(
    isLate,
    by("subtract", doy, 305),
    binary("add", by("add", doy, 60), cast(isLeap, "i32")),
  );
  return { year, month, day, dayOfYear, isLeap };
}

function zero(like: Expression): Expression {
  return { kind: "constant", value: 0, type: like.type };
}

function divides(x: Expression, n: number): Expression {
  return by("equal", by("modulo", x, n), 0);
}

/** Monday is 0. */
export function weekday(days: Expression): Expression {
  return by("remainder", by("add", by("modulo", days, 7), 3), 7);
}

export function isoWeek(days: Expression): Expression {
  const thursday = by("add", binary("subtract", days, weekday(days)), 3);
  return by("add", by("divide", by("subtract", civil(thursday).dayOfYear, 1), 7), 1);
}

export function quarter({ month }: Civil): Expression {
  return by("divide", by("add", month, 2), 3);
}

/** The first day of the year, quarter, month or week a day is in. */
export function firstDay(part: string, days: Expression): Expression {
  if (part === "week") return binary("subtract", days, weekday(days));
  if (part === "day") return days;
  const at = civil(days);
  if (part === "month") return binary("subtract", days, by("subtract", at.day, 1));
  const january = binary("subtract", days, by("subtract", at.dayOfYear, 1));
  if (part === "year") return january;
  const leap = cast(at.isLeap, "i32");
  const past = (least: number, length: number, extra: boolean) => {
    const steps = extra ? by("add", leap, length) : by("add", zero(days), length);
    return choose(by("greater", at.month, least), steps, zero(days));
  };
  return [past(3, 90, true), past(6, 91, false), past(9, 92, false)].reduce(
    (a, b) => binary("add", a, b),
    january,
  );
}
