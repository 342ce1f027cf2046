import type { ColumnType, IntegerKind } from "../../core/column-type.ts";
import type { ColumnBuilder } from "./builder.ts";

/**
 * What TypeScript knows of a column's values: numbers of every type are one kind, dates and timestamps another. `any` is a
 * column of which nothing is known before it is read, and takes everything.
 */
export type ValueKind = "number" | "bool" | "utf8" | "timestamp" | "duration" | "list" | "any";

interface ValueOfKind {
  number: number | bigint;
  bool: boolean;
  utf8: string;
  timestamp: Date | string;
  duration: never;
  list: never;
  any: number | bigint | boolean | string | Date;
}

/** What a method takes beside its column: another column, or a value. Text stands for dates and timestamps too. */
export type Operand<K extends ValueKind> =
  | null
  | ValueOfKind[K]
  | ColumnBuilder<K | "any">
  | ("any" extends K ? ColumnBuilder<ValueKind> : never);

/** The kind of a JavaScript value. */
export type KindOfValue<V> = [Exclude<V, null | undefined>] extends [never]
  ? "any"
  : Exclude<V, null | undefined> extends number | bigint
    ? "number"
    : Exclude<V, null | undefined> extends boolean
      ? "bool"
      : Exclude<V, null | undefined> extends string
        ? "utf8"
        : Exclude<V, null | undefined> extends Date
          ? "timestamp"
          : "any";

/** The kind of what an operand gives. */
export type KindOfOperand<V> = V extends ColumnBuilder<infer K> ? K : KindOfValue<V>;

/** The kind of a column type. */
export type KindOfType<T extends ColumnType["kind"]> = T extends
  | IntegerKind
  | "float32"
  | "float64"
  | "decimal"
  ? "number"
  : T extends "date"
    ? "timestamp"
    : T extends ValueKind
      ? T
      : "any";

/** A type as `parseType` reads it: names alone are known to TypeScript. */
export type TypeText = Exclude<ColumnType["kind"], "decimal" | "list"> | (string & {});

export type KindOfTypeText<T> = T extends ColumnType["kind"]
  ? KindOfType<T>
  : T extends { readonly kind: infer N extends ColumnType["kind"] }
    ? KindOfType<N>
    : "any";

/** What a typed frame knows of its columns, by name. */
export type RowKinds = Readonly<Record<string, ValueKind>>;

/** The columns of a row, by name. */
export type Row<C extends RowKinds = Readonly<Record<string, "any">>> = {
  readonly [N in keyof C]: ColumnBuilder<C[N]>;
};

/** The kinds of the columns of plain objects: `RowKindsOf<{ city: string; speed: number }>`. */
export type RowKindsOf<T> = { readonly [N in keyof T]: KindOfValue<T[N]> };

export type DatePart =
  | "year"
  | "quarter"
  | "month"
  | "week"
  | "day"
  | "hour"
  | "minute"
  | "second"
  | "millisecond"
  | "microsecond";
