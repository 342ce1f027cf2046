import { type ColumnType, typeText } from "../../core/column-type.ts";
import { AikoError, isAikoError } from "../../errors.ts";
import { parseTime } from "./calendar.ts";
import { castValue, type Value } from "./cast-value.ts";
import type { LiteralValue, ResolvedExpression } from "./expression.ts";
import {
  bool,
  date,
  float64,
  int64,
  integers,
  isFloat,
  isInteger,
  isTime,
  mostDigits,
  uint64,
  utf8,
} from "./types.ts";

export type Literal = Extract<ResolvedExpression, { readonly kind: "literal" }>;

/** A literal's value as its column would hold it: see `Value`. */
export function heldValue(literal: Literal): Value | null {
  const { value } = literal;
  return value instanceof Date ? BigInt(value.getTime()) : value;
}

export function literalOf(value: Value | null, type: ColumnType): Literal {
  return { kind: "literal", value, type };
}

/** What a literal is that nothing around it gives a type. Null is int64. Throws INVALID_ARGUMENT for what no type holds. */
export function naturalLiteral(value: LiteralValue): Literal {
  if (value === null) return literalOf(null, int64);
  if (value instanceof Date) {
    return literalOf(BigInt(checkedTime(value)), { kind: "timestamp", unit: "ms" });
  }
  if (typeof value === "boolean") return literalOf(value, bool);
  if (typeof value === "string") return literalOf(checkedText(value), utf8);
  if (typeof value === "number" && !Number.isSafeInteger(value)) return literalOf(value, float64);
  if (Object.is(value, -0)) return literalOf(value, float64);
  const whole = BigInt(value);
  if (BigInt.asIntN(64, whole) === whole) return literalOf(whole, int64);
  if (BigInt.asUintN(64, whole) === whole) return literalOf(whole, uint64);
  const digits = String(whole).replace("-", "").length;
  if (digits <= mostDigits) return literalOf(whole, { kind: "decimal", precision: digits, scale: 0 });
  throw new AikoError("INVALID_ARGUMENT", {
    message: `The literal ${whole} has more than ${mostDigits} digits`,
  });
}

function checkedTime(value: Date): number {
  const time = value.getTime();
  if (!Number.isNaN(time)) return time;
  throw new AikoError("INVALID_ARGUMENT", { message: "A literal is an invalid Date" });
}

function checkedText(text: string): string {
  if (!/\p{Surrogate}/u.test(text)) return text;
  throw new AikoError("INVALID_ARGUMENT", {
    message: `The text ${JSON.stringify(text)} has half a surrogate pair`,
    hint: "Pass well-formed Unicode.",
  });
}

/** A literal of a named type. Numbers stand for days of dates and ticks of times. Throws INVALID_ARGUMENT where it does not fit. */
export function typedLiteral(value: LiteralValue, type: ColumnType): Literal {
  if (value === null) return literalOf(null, type);
  const natural = naturalLiteral(value);
  const exact = decimalLiteral(value, type) ?? natural;
  try {
    return literalOf(castValue(heldValue(exact) ?? 0, exact.type, type), type);
  } catch (cause) {
    if (!isAikoError(cause)) throw cause;
    throw new AikoError("INVALID_ARGUMENT", {
      message: `A literal of type ${typeText(type)}: ${cause.message}`,
      cause,
    });
  }
}

function decimalLiteral(value: LiteralValue, type: ColumnType): Literal | undefined {
  return typeof value === "number" && type.kind === "decimal" ? exactDecimal(value) : undefined;
}

/** A number as people write it, as a decimal: 0.05 is decimal(2, 2). */
function exactDecimal(value: number): Literal | undefined {
  const match = /^(-?)(\d+)(?:\.(\d+))?$/.exec(String(value));
  if (match === null) return undefined;
  const [, sign = "", whole = "", fraction = ""] = match;
  const precision = Math.max(1, whole.replace(/^0+/, "").length + fraction.length);
  if (precision > 18) return undefined;
  return literalOf(BigInt(sign + whole + fraction), { kind: "decimal", precision, scale: fraction.length });
}

/**
 * An untyped literal beside an operand of type `beside`, with that type where it fits it, else with the nearest one that
 * holds it: `int32 column > 3` compares int32, `> 2.5` float64, and text stands for dates and timestamps.
 */
export function literalBeside(value: LiteralValue, beside: ColumnType): Literal {
  if (value === null) return literalOf(null, beside);
  const natural = naturalLiteral(value);
  if (typeof value === "string" && isTime(beside)) return timeLiteral(value, beside);
  if (value instanceof Date && isTime(beside)) return timeLiteral(value.toISOString(), beside);
  if (typeof value !== "number" && typeof value !== "bigint") return natural;
  if (isInteger(beside) && natural.type.kind !== "float64") {
    const { min, max, bits } = integers[beside.kind];
    const whole = BigInt(value);
    if (whole >= min && whole <= max) return literalOf(bits === 64 ? whole : Number(whole), beside);
  }
  if (isFloat(beside)) {
    if (beside.kind === "float64") return literalOf(Number(value), beside);
    const rounded = Math.fround(Number(value));
    const isKept = Number.isInteger(value)
      ? rounded === value
      : Number.isFinite(rounded) || !Number.isFinite(value);
    return isKept ? literalOf(rounded, beside) : literalOf(Number(value), float64);
  }
  if (beside.kind === "decimal") {
    if (typeof value === "number") return exactDecimal(value) ?? natural;
    return wholeDecimal(natural);
  }
  return natural;
}

function wholeDecimal(natural: Literal): Literal {
  const whole = BigInt(heldValue(natural) ?? 0);
  const precision = String(whole).replace("-", "").length;
  return literalOf(whole, { kind: "decimal", precision, scale: 0 });
}

function timeLiteral(text: string, beside: ColumnType): Literal {
  const nanoseconds = parseTime(text);
  if (nanoseconds === undefined) {
    throw new AikoError("INVALID_ARGUMENT", {
      message: `"${text}" is no date or time to compare a ${typeText(beside)} with`,
      hint: "Write 2024-01-31 or 2024-01-31T12:00:00Z.",
    });
  }
  if (beside.kind !== "timestamp") {
    if (nanoseconds % 86_400_000_000_000n === 0n) return typedLiteral(text, date);
    return typedLiteral(text, { kind: "timestamp", unit: unitFor(nanoseconds, "s") });
  }
  return typedLiteral(text, { ...beside, unit: unitFor(nanoseconds, beside.unit) });
}

function unitFor(nanoseconds: bigint, least: "s" | "ms" | "us" | "ns"): "s" | "ms" | "us" | "ns" {
  const units = ["s", "ms", "us", "ns"] as const;
  const needs = [1_000_000_000n, 1_000_000n, 1000n, 1n].findIndex((step) => nanoseconds % step === 0n);
  return units[Math.max(needs, units.indexOf(least))] ?? "ns";
}
