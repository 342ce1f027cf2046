import { type ColumnType, physicalOf, sameType } from "../../../core/column-type.ts";
import type { Expression, ScalarType } from "../../expression.ts";
import { integers, isFloat, isInteger, ticksPerSecond } from "../types.ts";
import { checked, outside, roundedByPower } from "./integers.ts";
import {
  and,
  binary,
  by,
  cast,
  choose,
  failing,
  type Lowered,
  not,
  or,
  type Range,
  unary,
  whole,
  withErrors,
  within,
} from "./lowered.ts";
import { wideConstant, wideLess, wideNegate, widened, wideScale } from "./wide.ts";

/** The scalar type that values of a column type are computed with. */
export function scalarOf(type: ColumnType): ScalarType {
  const physical = physicalOf(type);
  switch (physical) {
    case "bits":
      return "bool";
    case "i8":
    case "i16":
      return "i32";
    case "u8":
    case "u16":
      return "u32";
    case "i128":
      return "u64";
    case "text":
    case "list":
      return "u32";
    default:
      return physical;
  }
}

/** From the least to the greatest value of a type that integers hold. */
export function typeRange(type: ColumnType): Range | undefined {
  if (isInteger(type)) return [integers[type.kind].min, integers[type.kind].max];
  if (type.kind === "decimal") return digitsRange(type.precision);
  return type.kind === "date" ? [-(2n ** 31n), 2n ** 31n - 1n] : undefined;
}

const digitsRange = (digits: number): Range => [-(10n ** BigInt(digits)) + 1n, 10n ** BigInt(digits) - 1n];

/** The cast of a value; where it fails, an error of the row. A reason where kernels have no such cast. */
export function loweredCast(operand: Lowered, from: ColumnType, to: ColumnType): Lowered | string {
  if (sameType(from, to)) return operand;
  if (from.kind === "utf8" || to.kind === "utf8") return "casts between text and other types";
  if (to.kind === "bool") return toBool(operand);
  if (isFloat(to)) return toFloat(operand, from, to.kind === "float32");
  if (from.kind === "bool") return fromBool(operand, to);
  if (to.kind === "decimal")
    return isFloat(from) ? floatToDecimal(operand, to) : toDecimal(operand, from, to);
  if (isInteger(to)) return isFloat(from) ? floatToInteger(operand, to) : toInteger(operand, from, to);
  if (to.kind === "date") return toDate(operand, from);
  return toTicks(operand, from, to);
}

const kept = (operand: Lowered, value: Expression, range?: Range): Lowered => ({
  ...operand,
  value,
  high: undefined,
  range,
});

function toBool(operand: Lowered): Lowered {
  if (operand.high === undefined) return kept(operand, cast(operand.value, "bool"));
  return kept(operand, or(by("notEqual", operand.value, 0n), by("notEqual", operand.high, 0n)));
}

function fromBool(operand: Lowered, to: ColumnType): Lowered | string {
  if (to.kind !== "decimal") return kept(operand, cast(operand.value, scalarOf(to)), [0n, 1n]);
  const scaled = kept(operand, cast(operand.value, "i64"), [0n, 1n]);
  return toDecimal(scaled, { kind: "int64" }, to);
}

function toFloat(operand: Lowered, from: ColumnType, isSingle: boolean): Lowered {
  if (from.kind === "decimal") {
    const value = decimalToFloat(operand, from.scale);
    return kept(operand, isSingle ? cast(value, "f32") : value);
  }
  const made = kept(operand, cast(operand.value, isSingle ? "f32" : "f64"));
  if (!isSingle || from.kind !== "float64") return made;
  const lost = and(unary("isInfinite", made.value), not(unary("isInfinite", operand.value)));
  return failing(made, { overflow: lost });
}

function decimalToFloat({ value, high, range }: Lowered, scale: number): Expression {
  const divided = (x: Expression) => (scale === 0 ? x : by("divide", x, 10 ** scale));
  if (high !== undefined) {
    const minus = wideNegate({ low: value, high });
    const isNegative = by("less", high, 0n);
    const low = cast(choose(isNegative, minus.low, value), "f64");
    const top = cast(choose(isNegative, minus.high, high), "f64");
    const size = divided(binary("add", by("multiply", top, 2 ** 64), low));
    return choose(isNegative, unary("negate", size), size);
  }
  const near = divided(cast(value, "f64"));
  const limit = 2n ** 53n;
  if (scale === 0 || (range !== undefined && range[1] < limit && range[0] > -limit)) return near;
  const power = 10n ** BigInt(scale);
  const far = binary(
    "add",
    cast(by("divide", value, power), "f64"),
    divided(cast(by("remainder", value, power), "f64")),
  );
  return choose(by("less", unary("abs", value), limit), near, far);
}

function toInteger(operand: Lowered, from: ColumnType, to: ColumnType): Lowered | string {
  let source = operand;
  if (from.kind === "decimal") {
    const narrow = operand.high === undefined ? operand : narrowed(operand);
    if (from.scale > 18) return "casts of decimals with more than 18 places";
    if (operand.high !== undefined && from.scale > 0) return "rounding of 128-bit decimals";
    source = from.scale === 0 ? narrow : kept(narrow, roundedByPower(narrow.value, from.scale));
  }
  const limits = typeRange(to) ?? [0n, 0n];
  const range = within(source.range, limits) ? source.range : limits;
  const made = kept(source, cast(source.value, scalarOf(to)), range);
  return failing(made, { overflow: outside(source.value, source.range, limits) });
}

/** A 128-bit integer in 64 bits, OVERFLOW where it does not fit. */
function narrowed(operand: Lowered): Lowered {
  const value = cast(operand.value, "i64");
  const fits = binary("equal", operand.high ?? whole(0), binary("shiftRight", value, whole(63)));
  return failing(kept(operand, value), { overflow: not(fits) });
}

function floatToInteger(operand: Lowered, to: ColumnType): Lowered {
  const x = unary("round", operand.value);
  const [low, high] = typeRange(to) ?? [0n, 0n];
  const bad = or(unary("isNan", x), unary("isInfinite", x));
  const out = or(by("less", x, Number(low)), by("greaterEqual", x, Number(high + 1n)));
  return failing(kept(operand, cast(x, scalarOf(to)), [low, high]), {
    invalid: bad,
    overflow: and(out, not(bad)),
  });
}

function floatToDecimal(operand: Lowered, to: ColumnType): Lowered | string {
  if (to.kind !== "decimal" || physicalOf(to) === "i128") return "casts of floats to 128-bit decimals";
  const scaled = by("multiply", cast(operand.value, "f64"), 10 ** to.scale);
  const rest = unary("abs", binary("subtract", scaled, unary("truncate", scaled)));
  const step = choose(by("less", scaled, 0), whole(-1), whole(1));
  const truncated = cast(scaled, "i64");
  const value = binary("add", truncated, choose(by("greaterEqual", rest, 0.5), step, whole(0)));
  const range = digitsRange(to.precision);
  const far = or(unary("isNan", scaled), by("greaterEqual", unary("abs", scaled), 1e18));
  return failing(kept(operand, value, range), { overflow: or(far, outside(value, undefined, range)) });
}

function toDecimal(operand: Lowered, from: ColumnType, to: ColumnType): Lowered | string {
  if (to.kind !== "decimal") return "such casts";
  const places = from.kind === "decimal" ? from.scale : 0;
  const up = to.scale - places;
  const range = operand.range ?? typeRange(from);
  if (physicalOf(to) === "i128") return toWideDecimal(operand, range, to, up);
  const limits = digitsRange(to.precision);
  const narrow = operand.high === undefined ? operand : narrowed(operand);
  if (up < 0) {
    if (operand.high !== undefined) return "rounding of 128-bit decimals";
    const rounded = roundedByPower(narrow.value, -up);
    const power = 10n ** BigInt(-up);
    const bounds: Range | undefined = range && [range[0] / power - 1n, range[1] / power + 1n];
    return failing(kept(narrow, rounded, limits), { overflow: outside(rounded, bounds, limits) });
  }
  const power = 10n ** BigInt(up);
  const most: Range = [limits[0] / power, limits[1] / power];
  const value = by("multiply", cast(narrow.value, "i64"), power);
  const made = kept(narrow, value, range === undefined ? limits : scaledRange(range, power, limits));
  return failing(made, {
    overflow: outside(narrow.value, narrow.high === undefined ? range : undefined, most),
  });
}

function scaledRange([low, high]: Range, power: bigint, [least, most]: Range): Range {
  const [a, b] = [low * power, high * power];
  return [a < least ? least : a, b > most ? most : b];
}

function toWideDecimal(
  operand: Lowered,
  range: Range | undefined,
  to: ColumnType,
  up: number,
): Lowered | string {
  if (up < 0) return "rounding of 128-bit decimals";
  if (to.kind !== "decimal") return "such casts";
  const source =
    operand.high === undefined ? widened(operand.value) : { low: operand.value, high: operand.high };
  const first = Math.min(up, 18);
  let scaled = up === 0 ? source : wideScale(source, 10n ** BigInt(first));
  if (up > 18) scaled = wideScale(scaled, 10n ** BigInt(up - first > 18 ? 18 : up - first));
  if (up > 36) return "casts to more than 36 further places";
  const made: Lowered = { ...operand, value: scaled.low, high: scaled.high, range: undefined };
  const limit = 10n ** BigInt(to.precision - up);
  if (range !== undefined && range[1] < limit && range[0] > -limit) return made;
  const bound = wideConstant(limit);
  const inside = and(wideLess(source, bound), wideLess(wideNegate(bound), source));
  return failing(made, { overflow: not(inside) });
}

function toDate(operand: Lowered, from: ColumnType): Lowered {
  if (from.kind !== "timestamp") {
    const limits: Range = [-(2n ** 31n), 2n ** 31n - 1n];
    const made = kept(operand, cast(operand.value, "i32"), limits);
    return failing(made, { overflow: outside(operand.value, operand.range ?? typeRange(from), limits) });
  }
  const days = by("floorDivide", operand.value, 86_400n * ticksPerSecond[from.unit]);
  const limits: Range = [-(2n ** 31n), 2n ** 31n - 1n];
  const made = kept(operand, cast(days, "i32"), limits);
  return from.unit === "s" ? failing(made, { overflow: outside(days, undefined, limits) }) : made;
}

function toTicks(operand: Lowered, from: ColumnType, to: ColumnType): Lowered | string {
  if (to.kind !== "timestamp" && to.kind !== "duration") return "such casts";
  if (isInteger(from)) return toInteger(operand, from, { kind: "int64" });
  const ticks = ticksPerSecond[to.unit];
  if (from.kind === "date")
    return scaledTicks(kept(operand, cast(operand.value, "i64"), typeRange(from)), 86_400n * ticks);
  if (from.kind !== "timestamp" && from.kind !== "duration") return "such casts";
  const before = ticksPerSecond[from.unit];
  if (before === ticks) return operand;
  return ticks > before
    ? scaledTicks(operand, ticks / before)
    : kept(operand, by("floorDivide", operand.value, before / ticks));
}

function scaledTicks(operand: Lowered, factor: bigint): Lowered {
  const times: Lowered = {
    ...withErrors({ value: whole(factor), valid: operand.valid }, []),
    range: [factor, factor],
  };
  const { range } = operand;
  const most = 2n ** 63n - 1n;
  const value = by("multiply", operand.value, factor);
  if (range !== undefined) return checked("multiply", operand, times, (made) => kept(operand, made));
  return failing(kept(operand, value), {
    overflow: outside(operand.value, range, [-most / factor, most / factor]),
  });
}
