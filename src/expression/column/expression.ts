import type { ColumnType } from "../../core/column-type.ts";

/** A value that a program writes down. Dates are timestamps in milliseconds, UTC. */
export type LiteralValue = null | boolean | number | bigint | string | Date;

/** Functions of the values of one row, by name. Null in gives null out where `nullRules` does not say otherwise. */
export type ColumnFunction =
  // numbers
  | "add"
  | "subtract"
  | "multiply"
  | "divide"
  | "floorDivide"
  | "modulo"
  | "power"
  | "negate"
  | "abs"
  | "sign"
  | "floor"
  | "ceil"
  | "round"
  | "truncate"
  | "sqrt"
  | "exp"
  | "log"
  | "log2"
  | "log10"
  | "sin"
  | "cos"
  | "tan"
  | "asin"
  | "acos"
  | "atan"
  | "atan2"
  | "isNan"
  | "isFinite"
  | "least"
  | "greatest"
  | "bitAnd"
  | "bitOr"
  | "bitXor"
  // tests
  | "equal"
  | "notEqual"
  | "less"
  | "lessEqual"
  | "greater"
  | "greaterEqual"
  | "isDistinctFrom"
  | "isNotDistinctFrom"
  | "isNull"
  | "isNotNull"
  | "and"
  | "or"
  | "not"
  | "isIn"
  // nulls
  | "coalesce"
  | "nullIf"
  // text
  | "length"
  | "byteLength"
  | "lower"
  | "upper"
  | "trim"
  | "substring"
  | "concat"
  | "replace"
  | "startsWith"
  | "endsWith"
  | "contains"
  | "like"
  | "ilike"
  | "matches"
  // time
  | "year"
  | "quarter"
  | "month"
  | "week"
  | "day"
  | "dayOfWeek"
  | "dayOfYear"
  | "hour"
  | "minute"
  | "second"
  | "millisecond"
  | "epoch"
  | "dateTrunc"
  | "dateDiff";

/**
 * What a program says of a row: columns by name, types not yet known. Immutable. Made by `column`, `literal` and the methods
 * of `ColumnBuilder`, by `parseExpression` from text, or from a SQL plan; `resolve` gives it types.
 */
export type ColumnExpression =
  | { readonly kind: "column"; readonly name: string }
  | { readonly kind: "literal"; readonly value: LiteralValue; readonly type?: ColumnType | undefined }
  | {
      readonly kind: "call";
      readonly name: ColumnFunction;
      readonly operands: readonly ColumnExpression[];
    }
  | {
      readonly kind: "case";
      readonly branches: readonly { readonly when: ColumnExpression; readonly then: ColumnExpression }[];
      readonly otherwise?: ColumnExpression | undefined;
    }
  | {
      readonly kind: "cast";
      readonly operand: ColumnExpression;
      readonly to: ColumnType;
      /** Null where the value does not fit, instead of an error. */
      readonly orNull: boolean;
    };

/** The same with columns by position and a type everywhere; operands have the types their function takes. */
export type ResolvedExpression =
  | { readonly kind: "column"; readonly index: number; readonly type: ColumnType }
  | { readonly kind: "literal"; readonly value: LiteralValue; readonly type: ColumnType }
  | {
      readonly kind: "call";
      readonly name: ColumnFunction;
      readonly operands: readonly ResolvedExpression[];
      readonly type: ColumnType;
    }
  | {
      readonly kind: "case";
      readonly branches: readonly { readonly when: ResolvedExpression; readonly then: ResolvedExpression }[];
      readonly otherwise: ResolvedExpression;
      readonly type: ColumnType;
    }
  | {
      readonly kind: "cast";
      readonly operand: ResolvedExpression;
      readonly orNull: boolean;
      readonly type: ColumnType;
    };

/** Functions of the values of many rows. Nulls do not count; of no values they give null, `count` and `countRows` 0. */
export type AggregateFunction =
  | "count"
  | "countRows"
  | "countDistinct"
  | "sum"
  | "mean"
  | "min"
  | "max"
  | "first"
  | "last"
  | "any"
  | "all"
  | "variance"
  | "stddev"
  | "median"
  | "quantile";

export interface Aggregate<E = ColumnExpression> {
  readonly function: AggregateFunction;
  /** Absent for `countRows`. */
  readonly operand?: E | undefined;
  /** Of `quantile`: from 0 to 1, interpolated linearly. */
  readonly fraction?: number | undefined;
}

export interface SortKey<E = ColumnExpression> {
  readonly expression: E;
  readonly descending: boolean;
  /** Default last, in both directions. NaN comes after all numbers, and -0 equals 0. */
  readonly nullsFirst: boolean;
}
