import { type ColumnType, sameType, type TimeUnit, typeText } from "../../core/column-type.ts";
import { AikoError } from "../../errors.ts";
import { dateText, dayOfTicks, floorDivide, parseTime, timestampText } from "./calendar.ts";
import { integers, isFloat, isInteger, isTime, ticksPerSecond } from "./types.ts";

/**
 * A value that is not null as its column holds it: a boolean for bool, a bigint for int64, uint64, decimals (unscaled), timestamps and
 * durations (ticks), text for utf8, else a number; of dates, days.
 */
export type Value = boolean | number | bigint | string;

/** The value as another type holds it. Throws OVERFLOW or INVALID_VALUE where that type does not. */
export function castValue(value: Value, from: ColumnType, to: ColumnType): Value {
  if (sameType(from, to)) return value;
  if (to.kind === "utf8") return valueText(value, from);
  if (from.kind === "utf8") return fromText(String(value), to);
  if (to.kind === "bool") return typeof value === "bigint" ? value !== 0n : Number(value) !== 0;
  if (isFloat(to)) return toFloat(toNumber(value, from), value, from, to);
  if (isInteger(to)) return integerOf(toWhole(value, from), to, value, from);
  if (to.kind === "decimal") return toDecimal(value, from, to.precision, to.scale);
  if (to.kind === "date") return toDate(value, from);
  return toTicks(value, from, to);
}

function toNumber(value: Value, from: ColumnType): number {
  return from.kind === "decimal" ? scaledToNumber(BigInt(value), from.scale) : Number(value);
}

/** An unscaled decimal as the float64 that is nearest, or as near as one division of two floats gives. */
export function scaledToNumber(unscaled: bigint, scale: number): number {
  const size = unscaled < 0n ? -unscaled : unscaled;
  if (size < 2n ** 53n || scale === 0) return Number(unscaled) / 10 ** scale;
  const power = 10n ** BigInt(scale);
  return Number(unscaled / power) + Number(unscaled % power) / 10 ** scale;
}

function toFloat(number: number, value: Value, from: ColumnType, to: ColumnType): number {
  if (to.kind === "float64") return number;
  const rounded = Math.fround(number);
  if (Number.isFinite(number) && !Number.isFinite(rounded)) throw overflow(value, from, to);
  return rounded;
}

/** Halves to even for floats, away from zero for decimals: as DuckDB rounds. */
function toWhole(value: Value, from: ColumnType): bigint | undefined {
  if (isFloat(from)) {
    const number = Number(value);
    if (!Number.isFinite(number)) return undefined;
    const nearest = Math.round(number);
    return BigInt(nearest - number === 0.5 && nearest % 2 !== 0 ? nearest - 1 : nearest);
  }
  if (from.kind === "decimal") return roundedQuotient(BigInt(value), 10n ** BigInt(from.scale));
  return BigInt(value);
}

/** `a / b` to the nearest integer, halves away from zero; `b` is positive. */
export function roundedQuotient(a: bigint, b: bigint): bigint {
  const half = b / 2n;
  return a < 0n ? -((-a + half) / b) : (a + half) / b;
}

function integerOf(whole: bigint | undefined, to: ColumnType, value: Value, from: ColumnType): Value {
  if (!isInteger(to)) return whole ?? 0n;
  const { min, max, bits } = integers[to.kind];
  if (whole === undefined) throw invalid(value, from, to);
  if (whole < min || whole > max) throw overflow(value, from, to);
  return bits === 64 ? whole : Number(whole);
}

function toDecimal(value: Value, from: ColumnType, precision: number, scale: number): bigint {
  const to: ColumnType = { kind: "decimal", precision, scale };
  let unscaled: bigint;
  if (isFloat(from)) {
    const number = Number(value) * 10 ** scale;
    if (!Number.isFinite(number)) throw overflow(value, from, to);
    const whole = BigInt(Math.trunc(number));
    const rest = Math.abs(number - Math.trunc(number));
    unscaled = rest >= 0.5 ? whole + (number < 0 ? -1n : 1n) : whole;
  } else {
    const places = from.kind === "decimal" ? from.scale : 0;
    const whole = BigInt(value);
    unscaled =
      places <= scale
        ? whole * 10n ** BigInt(scale - places)
        : roundedQuotient(whole, 10n ** BigInt(places - scale));
  }
  return boundedDecimal(unscaled, to, value, from);
}

function boundedDecimal(unscaled: bigint, to: ColumnType, value: Value, from: ColumnType): bigint {
  const limit = 10n ** BigInt(to.kind === "decimal" ? to.precision : 0);
  if (unscaled >= limit || unscaled <= -limit) throw overflow(value, from, to);
  return unscaled;
}

function toDate(value: Value, from: ColumnType): number {
  const days = from.kind === "timestamp" ? dayOfTicks(BigInt(value), from.unit) : Number(value);
  if (days < -(2 ** 31) || days >= 2 ** 31) throw overflow(value, from, { kind: "date" });
  return days;
}

function toTicks(value: Value, from: ColumnType, to: ColumnType): bigint {
  if (to.kind !== "timestamp" && to.kind !== "duration") throw invalid(value, from, to);
  let ticks = BigInt(value);
  if (from.kind === "date") ticks *= 86_400n * ticksPerSecond[to.unit];
  else if (from.kind === "timestamp" || from.kind === "duration") ticks = rescaled(ticks, from.unit, to.unit);
  if (BigInt.asIntN(64, ticks) !== ticks) throw overflow(value, from, to);
  return ticks;
}

/** Coarser units round down: towards the past. */
export function rescaled(ticks: bigint, from: TimeUnit, to: TimeUnit): bigint {
  const [a, b] = [ticksPerSecond[from], ticksPerSecond[to]];
  return b >= a ? ticks * (b / a) : floorDivide(ticks, a / b);
}

function fromText(text: string, to: ColumnType): Value {
  const type: ColumnType = { kind: "utf8" };
  if (to.kind === "bool") {
    const word = text.trim().toLowerCase();
    if (["true", "t", "yes", "y", "1"].includes(word)) return true;
    if (["false", "f", "no", "n", "0"].includes(word)) return false;
    throw invalid(text, type, to);
  }
  if (isTime(to)) {
    const nanoseconds = parseTime(text);
    if (nanoseconds === undefined) throw invalid(text, type, to);
    if (to.kind === "date") return dayOfTicks(nanoseconds, "ns");
    if (to.kind !== "timestamp") throw invalid(text, type, to);
    const ticks = rescaled(nanoseconds, "ns", to.unit);
    if (BigInt.asIntN(64, ticks) !== ticks) throw overflow(text, type, to);
    return ticks;
  }
  if (isFloat(to)) return toFloat(floatOfText(text, to), text, type, to);
  if (isInteger(to)) return integerOf(unscaledOfText(text, 0), to, text, type);
  const unscaled = unscaledOfText(text, to.kind === "decimal" ? to.scale : 0);
  if (unscaled === undefined) throw invalid(text, type, to);
  return boundedDecimal(unscaled, to, text, type);
}

const numberPattern = /^([+-]?)(\d(?:_?\d)*)?(?:\.(\d(?:_?\d)*)?)?(?:e([+-]?\d{1,4}))?$/i;

function floatOfText(text: string, to: ColumnType): number {
  const word = text.trim().replaceAll("_", "").toLowerCase();
  if (/^[+-]?(inf|infinity)$/.test(word)) return word.startsWith("-") ? -Infinity : Infinity;
  if (/^[+-]?nan$/.test(word)) return Number.NaN;
  if (!numberPattern.test(word) || !/\d/.test(word)) throw invalid(text, { kind: "utf8" }, to);
  return Number(word);
}

/** Digits times 10 ** scale, the rest rounded, halves away from zero; undefined for what is no number. */
function unscaledOfText(text: string, scale: number): bigint | undefined {
  const match = numberPattern.exec(text.trim());
  const [, sign = "", whole = "", fraction = "", exponent = "0"] = match ?? [];
  const digits = (whole + fraction).replaceAll("_", "");
  if (match === null || digits === "") return undefined;
  const shift = Number(exponent) - fraction.replaceAll("_", "").length + scale;
  if (shift > 80 && /[1-9]/.test(digits)) return (sign === "-" ? -1n : 1n) * 10n ** 80n;
  const size = BigInt(digits);
  const scaled =
    shift >= 0
      ? size * 10n ** BigInt(Math.min(shift, 80))
      : roundedQuotient(size, 10n ** BigInt(Math.min(-shift, 5000)));
  return sign === "-" ? -scaled : scaled;
}

/** A value as DuckDB writes it. */
export function valueText(value: Value, type: ColumnType): string {
  switch (type.kind) {
    case "float32":
    case "float64":
      return floatText(Number(value), type.kind === "float32");
    case "decimal":
      return decimalText(BigInt(value), type.scale);
    case "date":
      return dateText(Number(value));
    case "timestamp":
      return `${timestampText(BigInt(value), type.unit)}${type.timeZone === undefined ? "" : "+00"}`;
    default:
      return String(value);
  }
}

export function decimalText(unscaled: bigint, scale: number): string {
  const digits = String(unscaled < 0n ? -unscaled : unscaled).padStart(scale + 1, "0");
  const sign = unscaled < 0n ? "-" : "";
  if (scale === 0) return sign + digits;
  return `${sign}${digits.slice(0, -scale)}.${digits.slice(-scale)}`;
}

function floatText(value: number, isSingle: boolean): string {
  if (Number.isNaN(value)) return "nan";
  if (!Number.isFinite(value)) return value > 0 ? "inf" : "-inf";
  if (value === 0) return Object.is(value, -0) ? "-0.0" : "0.0";
  const [mantissa = "", power = "0"] = (isSingle ? shortestSingle(value) : value.toExponential()).split("e");
  const exponent = Number(power);
  if (exponent < -4 || exponent >= 16) {
    const size = String(Math.abs(exponent)).padStart(2, "0");
    return `${mantissa}e${exponent < 0 ? "-" : "+"}${size}`;
  }
  const digits = mantissa.replace(/[-.]/g, "");
  const sign = value < 0 ? "-" : "";
  if (exponent < 0) return `${sign}0.${"0".repeat(-exponent - 1)}${digits}`;
  const whole = digits.slice(0, exponent + 1).padEnd(exponent + 1, "0");
  return `${sign}${whole}.${digits.slice(exponent + 1) || "0"}`;
}

function shortestSingle(value: number): string {
  for (let digits = 0; digits < 9; digits++) {
    const text = value.toExponential(digits);
    if (Math.fround(Number(text)) === value) return text;
  }
  return value.toExponential();
}

function shown(value: Value, from: ColumnType): string {
  const text = valueText(value, from);
  return from.kind === "utf8" ? JSON.stringify(text.length > 60 ? `${text.slice(0, 60)}...` : text) : text;
}

function overflow(value: Value, from: ColumnType, to: ColumnType): AikoError {
  return new AikoError("OVERFLOW", {
    message: `${shown(value, from)} does not fit ${typeText(to)}`,
    hint: "Cast to a wider type, or use tryCast, which gives null.",
  });
}

function invalid(value: Value, from: ColumnType, to: ColumnType): AikoError {
  return new AikoError("INVALID_VALUE", {
    message: `${shown(value, from)} cannot be cast to ${typeText(to)}`,
    hint: "Use tryCast, which gives null.",
  });
}
