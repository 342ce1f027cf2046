import type { ColumnType } from "./column-type.ts";
import type { HostArray } from "./dtype.ts";

interface ColumnBase {
  readonly type: ColumnType;
  readonly length: number;
  /** A bitmap that starts at its first bit: 1 where there is a value. Absent where no row is null. */
  readonly validity?: Uint8Array | undefined;
  readonly nullCount: number;
}

/** Values of a fixed size. */
export interface FixedColumn extends ColumnBase {
  readonly layout: "fixed";
  /** A bitmap for bool, two BigInt64 a row for `i128`, else one element a row. Undefined where the row is null. */
  readonly values: HostArray;
}

/** Row i is the UTF-8 bytes from `offsets[i]` to `offsets[i + 1]`. */
export interface TextColumn extends ColumnBase {
  readonly layout: "text";
  /** `length + 1`; the first may be above 0. */
  readonly offsets: Int32Array;
  readonly bytes: Uint8Array;
}

/** Text that repeats: row i is `dictionary[codes[i]]`. */
export interface DictionaryColumn extends ColumnBase {
  readonly layout: "dictionary";
  /** 0 where the row is null. */
  readonly codes: Uint32Array;
  /** Different texts in ascending order of their bytes, none null: codes compare as the texts do. */
  readonly dictionary: TextColumn;
}

/** Row i is the items from `offsets[i]` to `offsets[i + 1]`. */
export interface ListColumn extends ColumnBase {
  readonly layout: "list";
  readonly offsets: Int32Array;
  readonly items: HostColumn;
}

/** A column in the host's memory, in Apache Arrow's layout: https://arrow.apache.org/docs/format/Columnar.html */
export type HostColumn = FixedColumn | TextColumn | DictionaryColumn | ListColumn;

/** Columns of one length in the host's memory. Names differ. */
export interface HostTable {
  readonly names: readonly string[];
  readonly columns: readonly HostColumn[];
  readonly rows: number;
}
