import type { ColumnKind } from "../../core/column-type.ts";

/** Any value that a table gives. */
export type CellValue = boolean | number | bigint | string | Date | readonly unknown[] | null;

/** What JavaScript gets for a value of each kind; null where there is none. */
export interface KindValues {
  readonly bool: boolean;
  readonly int8: number;
  readonly int16: number;
  readonly int32: number;
  readonly int64: bigint;
  readonly uint8: number;
  readonly uint16: number;
  readonly uint32: number;
  readonly uint64: bigint;
  readonly float32: number;
  readonly float64: number;
  /** All its digits: "12.50". */
  readonly decimal: string;
  /** Midnight, UTC. */
  readonly date: Date;
  readonly timestamp: Date;
  /** In the column's unit. */
  readonly duration: bigint;
  readonly utf8: string;
  readonly list: readonly unknown[];
  /** Where TypeScript does not know. */
  readonly any: CellValue;
}

export type KindName = ColumnKind | "any";

/** The kinds of columns by name. */
export type ColumnKinds = Readonly<Record<string, KindName>>;

export type AnyKinds = Readonly<Record<string, "any">>;

export type ValueOf<K extends KindName> = KindValues[K];

export type RowOf<S extends ColumnKinds> = { readonly [Name in keyof S]: ValueOf<S[Name]> | null };

/** How values reach JavaScript, where there is a choice. */
export interface ValueOptions {
  /** "text", the default, keeps every digit; "number" rounds to the nearest float64. */
  readonly decimals?: "text" | "number" | undefined;
  /** int64 and uint64. "bigint" is the default; "number" throws INVALID_VALUE where a number is not exact. */
  readonly integers?: "bigint" | "number" | undefined;
  /**
   * Dates and timestamps. "date", the default, is a Date; throws INVALID_VALUE where it would drop part of a millisecond or
   * is out of a Date's range. "bigint" is the count of units, "text" as ISO 8601 writes it.
   */
  readonly times?: "date" | "bigint" | "text" | undefined;
}
