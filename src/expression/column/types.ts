import {
  type ColumnKind,
  type ColumnType,
  type IntegerKind,
  sameType,
  type TimeUnit,
} from "../../core/column-type.ts";

export const mostDigits = 38;

interface IntegerFacts {
  readonly bits: number;
  readonly signed: boolean;
  /** Decimal digits that hold every value. */
  readonly digits: number;
  readonly min: bigint;
  readonly max: bigint;
}

function facts(bits: number, signed: boolean): IntegerFacts {
  const max = (1n << BigInt(signed ? bits - 1 : bits)) - 1n;
  return { bits, signed, digits: String(max).length, min: signed ? -max - 1n : 0n, max };
}

export const integers: Readonly<Record<IntegerKind, IntegerFacts>> = {
  int8: facts(8, true),
  int16: facts(16, true),
  int32: facts(32, true),
  int64: facts(64, true),
  uint8: facts(8, false),
  uint16: facts(16, false),
  uint32: facts(32, false),
  uint64: facts(64, false),
};

export type DecimalType = Extract<ColumnType, { readonly kind: "decimal" }>;
export type TimestampType = Extract<ColumnType, { readonly kind: "timestamp" }>;
export type DurationType = Extract<ColumnType, { readonly kind: "duration" }>;
export type IntegerType = { readonly kind: IntegerKind };
type DateType = Exclude<ColumnType, DecimalType | TimestampType | DurationType | { readonly kind: "list" }>;

export function isInteger(type: ColumnType): type is IntegerType {
  return Object.hasOwn(integers, type.kind);
}

export function isFloat(type: ColumnType): type is { readonly kind: "float32" | "float64" } {
  return type.kind === "float32" || type.kind === "float64";
}

export function isNumber(type: ColumnType): boolean {
  return isInteger(type) || isFloat(type) || type.kind === "decimal";
}

/** A date or a timestamp. */
export function isTime(type: ColumnType): type is TimestampType | DateType {
  return type.kind === "date" || type.kind === "timestamp";
}

export const bool: ColumnType = { kind: "bool" };
export const int8: ColumnType = { kind: "int8" };
export const int32: ColumnType = { kind: "int32" };
export const int64: ColumnType = { kind: "int64" };
export const uint64: ColumnType = { kind: "uint64" };
export const float32: ColumnType = { kind: "float32" };
export const float64: ColumnType = { kind: "float64" };
export const utf8: ColumnType = { kind: "utf8" };
export const date: ColumnType = { kind: "date" };

export const ticksPerSecond: Readonly<Record<TimeUnit, bigint>> = {
  s: 1n,
  ms: 1000n,
  us: 1_000_000n,
  ns: 1_000_000_000n,
};

export function finer(a: TimeUnit, b: TimeUnit): TimeUnit {
  return ticksPerSecond[a] > ticksPerSecond[b] ? a : b;
}

/** A decimal type, or undefined where it would have more digits than there are. */
export function decimalOf(precision: number, scale: number): DecimalType | undefined {
  return precision > mostDigits ? undefined : { kind: "decimal", precision, scale };
}

/** The decimal type that holds all values of a number type that is no float. */
export function asDecimal(type: ColumnType): DecimalType | undefined {
  if (type.kind === "decimal") return type;
  return isInteger(type) ? { kind: "decimal", precision: integers[type.kind].digits, scale: 0 } : undefined;
}

/** The type that values of both are compared or mixed as, or undefined where there is none. */
export function commonType(a: ColumnType, b: ColumnType): ColumnType | undefined {
  if (sameType(a, b)) return a;
  if (isInteger(a) && isInteger(b)) return commonInteger(a, b);
  if (isNumber(a) && isNumber(b)) {
    if (isFloat(a) || isFloat(b)) return float64;
    const [x, y] = [asDecimal(a), asDecimal(b)];
    return x === undefined || y === undefined ? undefined : commonDecimal(x, y);
  }
  if (isTime(a) && isTime(b)) return commonTime(a, b);
  if (a.kind === "duration" && b.kind === "duration")
    return { kind: "duration", unit: finer(a.unit, b.unit) };
  return undefined;
}

function commonInteger(a: IntegerType, b: IntegerType): ColumnType {
  const [x, y] = [integers[a.kind], integers[b.kind]];
  const low = x.min < y.min ? x.min : y.min;
  const high = x.max > y.max ? x.max : y.max;
  const order: readonly IntegerKind[] = [
    "uint8",
    "int8",
    "uint16",
    "int16",
    "uint32",
    "int32",
    "uint64",
    "int64",
  ];
  const kind = order.find((each) => integers[each].min <= low && integers[each].max >= high);
  return kind === undefined ? { kind: "decimal", precision: 20, scale: 0 } : { kind };
}

function commonDecimal(a: DecimalType, b: DecimalType): ColumnType {
  const scale = Math.max(a.scale, b.scale);
  const whole = Math.max(a.precision - a.scale, b.precision - b.scale);
  return { kind: "decimal", precision: Math.min(mostDigits, whole + scale), scale };
}

function commonTime(a: ColumnType, b: ColumnType): ColumnType {
  if (a.kind !== "timestamp") return b;
  if (b.kind !== "timestamp") return a;
  const timeZone = a.timeZone ?? b.timeZone;
  return { kind: "timestamp", unit: finer(a.unit, b.unit), ...(timeZone === undefined ? {} : { timeZone }) };
}

/** What sums and products of two number types are computed as; undefined for other types. Decimals: `decimalResult`. */
export function arithmeticType(a: ColumnType, b: ColumnType = a): ColumnType | undefined {
  if (!isNumber(a) || !isNumber(b)) return undefined;
  if (isInteger(a) && isInteger(b)) {
    const [x, y] = [integers[a.kind], integers[b.kind]];
    const isWideUnsigned = !x.signed && !y.signed && Math.max(x.bits, y.bits) === 64;
    return isWideUnsigned ? uint64 : int64;
  }
  if (a.kind === "float32" && b.kind === "float32") return float32;
  if (isFloat(a) || isFloat(b)) return float64;
  return commonType(asDecimal(a) ?? a, asDecimal(b) ?? b);
}

const texts = new Set<ColumnKind>(["utf8"]);

/** Whether values of one type can be cast to another at all. */
export function castable(from: ColumnType, to: ColumnType): boolean {
  if (sameType(from, to)) return true;
  if (from.kind === "list" || to.kind === "list") return false;
  const numeric = (type: ColumnType) => isNumber(type) || type.kind === "bool";
  if (numeric(from) && numeric(to)) return true;
  if (texts.has(to.kind)) return from.kind !== "duration";
  if (texts.has(from.kind)) return to.kind !== "duration";
  if (isTime(from) && isTime(to)) return true;
  if (from.kind === "duration" && to.kind === "duration") return true;
  const counted = (type: ColumnType) => isTime(type) || type.kind === "duration";
  return (counted(from) && isInteger(to)) || (isInteger(from) && counted(to));
}
