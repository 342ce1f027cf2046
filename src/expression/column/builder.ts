import type { ColumnType } from "../../core/column-type.ts";
import { AikoError } from "../../errors.ts";
import {
  type AggregateBuilder,
  aggregateOf,
  checkedFraction,
  type SortOptions,
} from "./aggregate-builder.ts";
import type { DatePart, KindOfTypeText, Operand, TypeText, ValueKind } from "./builder-types.ts";
import type { ColumnExpression, ColumnFunction, LiteralValue, SortKey } from "./expression.ts";
import { typeOf } from "./type-text.ts";

type Numbers = ColumnBuilder<"number" | "any">;
type Bools = ColumnBuilder<"bool" | "any">;
type Texts = ColumnBuilder<"utf8" | "any">;
type Times = ColumnBuilder<"timestamp" | "any">;
type Summable = ColumnBuilder<"number" | "timestamp" | "duration" | "any">;

/** What may be added to a column: a duration to a time, else the same kind. */
type Addend<K extends ValueKind> = K extends "timestamp" ? Operand<"duration"> : Operand<K>;
type Subtrahend<K extends ValueKind> = K extends "timestamp"
  ? Operand<"timestamp"> | Operand<"duration">
  : Operand<K>;

/**
 * A column, or what is computed from columns, row by row. Immutable. Methods have the names and meanings of
 * `ColumnFunction`; null in gives null out unless they say otherwise.
 */
export class ColumnBuilder<K extends ValueKind = "any"> {
  declare readonly kind: K;
  readonly expression: ColumnExpression;

  constructor(expression: ColumnExpression) {
    this.expression = expression;
  }

  /** Integers give int64 and throw OVERFLOW beyond it. A time plus a duration is a time. */
  add(this: Summable, other: Addend<K>): ColumnBuilder<K> {
    return call("add", this, other);
  }
  /** Two times give a duration. */
  subtract(this: Summable, other: Subtrahend<K>): ColumnBuilder<K extends "timestamp" ? "any" : K> {
    return call("subtract", this, other);
  }
  multiply(this: Numbers, other: Operand<"number">): ColumnBuilder<"number"> {
    return call("multiply", this, other);
  }
  /** Always a float; integers too. */
  divide(this: Numbers, other: Operand<"number">): ColumnBuilder<"number"> {
    return call("divide", this, other);
  }
  /** Rounded down; null where integers are divided by zero. */
  floorDivide(this: Numbers, other: Operand<"number">): ColumnBuilder<"number"> {
    return call("floorDivide", this, other);
  }
  /** With the sign of the divisor; null where integers are divided by zero. */
  modulo(this: Numbers, other: Operand<"number">): ColumnBuilder<"number"> {
    return call("modulo", this, other);
  }
  power(this: Numbers, other: Operand<"number">): ColumnBuilder<"number"> {
    return call("power", this, other);
  }
  negate(this: Numbers): ColumnBuilder<"number"> {
    return call("negate", this);
  }
  abs(this: Numbers): ColumnBuilder<"number"> {
    return call("abs", this);
  }
  /** -1, 0 or 1. */
  sign(this: Numbers): ColumnBuilder<"number"> {
    return call("sign", this);
  }
  floor(this: Numbers): ColumnBuilder<"number"> {
    return call("floor", this);
  }
  ceil(this: Numbers): ColumnBuilder<"number"> {
    return call("ceil", this);
  }
  /** Halves away from zero. */
  round(this: Numbers): ColumnBuilder<"number"> {
    return call("round", this);
  }
  truncate(this: Numbers): ColumnBuilder<"number"> {
    return call("truncate", this);
  }
  sqrt(this: Numbers): ColumnBuilder<"number"> {
    return call("sqrt", this);
  }
  exp(this: Numbers): ColumnBuilder<"number"> {
    return call("exp", this);
  }
  /** The natural logarithm. */
  log(this: Numbers): ColumnBuilder<"number"> {
    return call("log", this);
  }
  log2(this: Numbers): ColumnBuilder<"number"> {
    return call("log2", this);
  }
  log10(this: Numbers): ColumnBuilder<"number"> {
    return call("log10", this);
  }
  sin(this: Numbers): ColumnBuilder<"number"> {
    return call("sin", this);
  }
  cos(this: Numbers): ColumnBuilder<"number"> {
    return call("cos", this);
  }
  tan(this: Numbers): ColumnBuilder<"number"> {
    return call("tan", this);
  }
  asin(this: Numbers): ColumnBuilder<"number"> {
    return call("asin", this);
  }
  acos(this: Numbers): ColumnBuilder<"number"> {
    return call("acos", this);
  }
  atan(this: Numbers): ColumnBuilder<"number"> {
    return call("atan", this);
  }
  /** The angle of the point (x, this). */
  atan2(this: Numbers, x: Operand<"number">): ColumnBuilder<"number"> {
    return call("atan2", this, x);
  }
  isNan(this: Numbers): ColumnBuilder<"bool"> {
    return call("isNan", this);
  }
  isFinite(this: Numbers): ColumnBuilder<"bool"> {
    return call("isFinite", this);
  }
  /** The least that is not null. */
  least(...others: readonly Operand<K>[]): ColumnBuilder<K> {
    return call("least", this, ...others);
  }
  /** The greatest that is not null. */
  greatest(...others: readonly Operand<K>[]): ColumnBuilder<K> {
    return call("greatest", this, ...others);
  }
  bitAnd(this: Numbers, other: Operand<"number">): ColumnBuilder<"number"> {
    return call("bitAnd", this, other);
  }
  bitOr(this: Numbers, other: Operand<"number">): ColumnBuilder<"number"> {
    return call("bitOr", this, other);
  }
  bitXor(this: Numbers, other: Operand<"number">): ColumnBuilder<"number"> {
    return call("bitXor", this, other);
  }

  /** NaN equals NaN, -0 equals 0. */
  equal(other: Operand<K>): ColumnBuilder<"bool"> {
    return call("equal", this, other);
  }
  notEqual(other: Operand<K>): ColumnBuilder<"bool"> {
    return call("notEqual", this, other);
  }
  /** NaN is greater than every number; text compares by its UTF-8 bytes. */
  less(other: Operand<K>): ColumnBuilder<"bool"> {
    return call("less", this, other);
  }
  lessEqual(other: Operand<K>): ColumnBuilder<"bool"> {
    return call("lessEqual", this, other);
  }
  greater(other: Operand<K>): ColumnBuilder<"bool"> {
    return call("greater", this, other);
  }
  greaterEqual(other: Operand<K>): ColumnBuilder<"bool"> {
    return call("greaterEqual", this, other);
  }
  /** From `low` to `high`, both included. */
  between(low: Operand<K>, high: Operand<K>): ColumnBuilder<"bool"> {
    return call("and", call("greaterEqual", this, low), call("lessEqual", this, high));
  }
  /** Null equals null, and nothing else: never null. */
  isNotDistinctFrom(other: Operand<K>): ColumnBuilder<"bool"> {
    return call("isNotDistinctFrom", this, other);
  }
  isDistinctFrom(other: Operand<K>): ColumnBuilder<"bool"> {
    return call("isDistinctFrom", this, other);
  }
  /** Null where it is none of the values and one of them is null. */
  isIn(values: Iterable<Operand<K>>): ColumnBuilder<"bool"> {
    return call("isIn", this, ...values);
  }
  isNull(): ColumnBuilder<"bool"> {
    return call("isNull", this);
  }
  isNotNull(): ColumnBuilder<"bool"> {
    return call("isNotNull", this);
  }
  /** False where one side is, even if the other is null. */
  and(this: Bools, ...others: readonly Operand<"bool">[]): ColumnBuilder<"bool"> {
    return call("and", this, ...others);
  }
  /** True where one side is, even if the other is null. */
  or(this: Bools, ...others: readonly Operand<"bool">[]): ColumnBuilder<"bool"> {
    return call("or", this, ...others);
  }
  not(this: Bools): ColumnBuilder<"bool"> {
    return call("not", this);
  }

  /** The first that is not null. */
  coalesce(...others: readonly Operand<K>[]): ColumnBuilder<K> {
    return call("coalesce", this, ...others);
  }
  fillNull(value: Operand<K>): ColumnBuilder<K> {
    return call("coalesce", this, value);
  }
  /** Null where it equals the other. */
  nullIf(other: Operand<K>): ColumnBuilder<K> {
    return call("nullIf", this, other);
  }
  /** Throws OVERFLOW or INVALID_VALUE for a value that the type does not hold. Takes `"decimal(12, 2)"`, or a `ColumnType`. */
  cast<const T extends TypeText | ColumnType>(to: T): ColumnBuilder<KindOfTypeText<T>> {
    return new ColumnBuilder({ kind: "cast", operand: this.expression, to: typeOf(to), orNull: false });
  }
  /** Null for a value that the type does not hold. */
  tryCast<const T extends TypeText | ColumnType>(to: T): ColumnBuilder<KindOfTypeText<T>> {
    return new ColumnBuilder({ kind: "cast", operand: this.expression, to: typeOf(to), orNull: true });
  }

  /** Unicode code points. */
  length(this: Texts): ColumnBuilder<"number"> {
    return call("length", this);
  }
  byteLength(this: Texts): ColumnBuilder<"number"> {
    return call("byteLength", this);
  }
  lower(this: Texts): ColumnBuilder<"utf8"> {
    return call("lower", this);
  }
  upper(this: Texts): ColumnBuilder<"utf8"> {
    return call("upper", this);
  }
  /** Without spaces at both ends. */
  trim(this: Texts): ColumnBuilder<"utf8"> {
    return call("trim", this);
  }
  /** `length` code points from number `start`, which counts from 1 as in SQL; from the end where it is negative. */
  substring(this: Texts, start: Operand<"number">, length?: Operand<"number">): ColumnBuilder<"utf8"> {
    return length === undefined ? call("substring", this, start) : call("substring", this, start, length);
  }
  /** Nulls count as empty. */
  concat(...others: readonly Operand<"any">[]): ColumnBuilder<"utf8"> {
    return call("concat", this, ...others);
  }
  /** Every occurrence. */
  replace(this: Texts, what: Operand<"utf8">, by: Operand<"utf8">): ColumnBuilder<"utf8"> {
    return call("replace", this, what, by);
  }
  startsWith(this: Texts, prefix: Operand<"utf8">): ColumnBuilder<"bool"> {
    return call("startsWith", this, prefix);
  }
  endsWith(this: Texts, suffix: Operand<"utf8">): ColumnBuilder<"bool"> {
    return call("endsWith", this, suffix);
  }
  contains(this: Texts, part: Operand<"utf8">): ColumnBuilder<"bool"> {
    return call("contains", this, part);
  }
  /** `%` is any text, `_` one code point, a backslash takes the next as it is. */
  like(this: Texts, pattern: Operand<"utf8">): ColumnBuilder<"bool"> {
    return call("like", this, pattern);
  }
  /** `like` without regard to case. */
  ilike(this: Texts, pattern: Operand<"utf8">): ColumnBuilder<"bool"> {
    return call("ilike", this, pattern);
  }
  /** Whether a part matches a regular expression of RE2's syntax. */
  matches(this: Texts, expression: Operand<"utf8">): ColumnBuilder<"bool"> {
    return call("matches", this, expression);
  }

  year(this: Times): ColumnBuilder<"number"> {
    return call("year", this);
  }
  quarter(this: Times): ColumnBuilder<"number"> {
    return call("quarter", this);
  }
  month(this: Times): ColumnBuilder<"number"> {
    return call("month", this);
  }
  /** Of ISO 8601: 1 to 53. */
  week(this: Times): ColumnBuilder<"number"> {
    return call("week", this);
  }
  day(this: Times): ColumnBuilder<"number"> {
    return call("day", this);
  }
  /** Monday is 1. */
  dayOfWeek(this: Times): ColumnBuilder<"number"> {
    return call("dayOfWeek", this);
  }
  dayOfYear(this: Times): ColumnBuilder<"number"> {
    return call("dayOfYear", this);
  }
  hour(this: Times): ColumnBuilder<"number"> {
    return call("hour", this);
  }
  minute(this: Times): ColumnBuilder<"number"> {
    return call("minute", this);
  }
  second(this: Times): ColumnBuilder<"number"> {
    return call("second", this);
  }
  /** Of the minute, as in SQL: 0 to 59,999. */
  millisecond(this: Times): ColumnBuilder<"number"> {
    return call("millisecond", this);
  }
  /** Seconds since 1970-01-01T00:00:00 UTC, with a fraction. */
  epoch(this: Times | ColumnBuilder<"duration">): ColumnBuilder<"number"> {
    return call("epoch", this);
  }
  /** The start of the year, week, hour ... it is in. */
  dateTrunc(this: Times, part: DatePart): ColumnBuilder<"timestamp"> {
    return call("dateTrunc", part, this);
  }
  /** How many starts of a year, week, hour ... lie after this and not after `end`. */
  dateDiff(this: Times, part: DatePart, end: Operand<"timestamp">): ColumnBuilder<"number"> {
    return call("dateDiff", part, this, end);
  }

  sum(this: Numbers | ColumnBuilder<"duration">): AggregateBuilder<K> {
    return aggregateOf("sum", this);
  }
  mean(this: Numbers): AggregateBuilder<"number"> {
    return aggregateOf("mean", this);
  }
  min(): AggregateBuilder<K> {
    return aggregateOf("min", this);
  }
  max(): AggregateBuilder<K> {
    return aggregateOf("max", this);
  }
  /** How many are not null. */
  count(): AggregateBuilder<"number"> {
    return aggregateOf("count", this);
  }
  /** How many different values there are, without null. */
  countDistinct(): AggregateBuilder<"number"> {
    return aggregateOf("countDistinct", this);
  }
  /** Of the first row that is not null. */
  first(): AggregateBuilder<K> {
    return aggregateOf("first", this);
  }
  last(): AggregateBuilder<K> {
    return aggregateOf("last", this);
  }
  any(this: Bools): AggregateBuilder<"bool"> {
    return aggregateOf("any", this);
  }
  all(this: Bools): AggregateBuilder<"bool"> {
    return aggregateOf("all", this);
  }
  /** Of a sample: divided by n - 1; null below 2 values. */
  variance(this: Numbers): AggregateBuilder<"number"> {
    return aggregateOf("variance", this);
  }
  stddev(this: Numbers): AggregateBuilder<"number"> {
    return aggregateOf("stddev", this);
  }
  median(this: Numbers): AggregateBuilder<"number"> {
    return aggregateOf("median", this);
  }
  /** Interpolated linearly; `fraction` from 0 to 1. Throws INVALID_ARGUMENT for another. */
  quantile(this: Numbers, fraction: number): AggregateBuilder<"number"> {
    return aggregateOf("quantile", this, checkedFraction(fraction));
  }

  asc(options: SortOptions = {}): SortKey {
    return { expression: this.expression, descending: false, nullsFirst: options.nulls === "first" };
  }
  desc(options: SortOptions = {}): SortKey {
    return { expression: this.expression, descending: true, nullsFirst: options.nulls === "first" };
  }
}

type AnyOperand = LiteralValue | { readonly expression: ColumnExpression };

function call<K extends ValueKind>(
  name: ColumnFunction,
  ...operands: readonly AnyOperand[]
): ColumnBuilder<K> {
  return new ColumnBuilder({ kind: "call", name, operands: operands.map(expressionOf) });
}

/** What an operand says, as an expression. Throws INVALID_ARGUMENT for what is neither a value nor a column. */
export function expressionOf(operand: unknown): ColumnExpression {
  if (isLiteral(operand)) return { kind: "literal", value: operand };
  if (operand instanceof ColumnBuilder) return operand.expression;
  throw new AikoError("INVALID_ARGUMENT", {
    message: `${operand === undefined ? "undefined" : `A value of type ${typeof operand}`} is no operand of a column's method`,
    hint: "Pass a column, number, bigint, string, boolean, Date or null.",
  });
}

export function isLiteral(value: unknown): value is LiteralValue {
  if (value === null || value instanceof Date) return true;
  return ["number", "bigint", "string", "boolean"].includes(typeof value);
}
