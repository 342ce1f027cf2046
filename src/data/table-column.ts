import { bitAt } from "../core/bitmap.ts";
import type { HostColumn } from "../core/column.ts";
import type { ColumnType } from "../core/column-type.ts";
import type { HostArray } from "../core/dtype.ts";
import { AikoError } from "../errors.ts";
import { type Reader, readerOf } from "./values/read.ts";
import type { CellValue, KindName, ValueOf, ValueOptions } from "./values/types.ts";

/** A column of a table. `K` is the kind of its type where TypeScript knows it. */
export class Column<K extends KindName = "any"> {
  readonly name: string;
  /** Its memory, in Apache Arrow's layout. */
  readonly data: HostColumn;
  #read: Reader | undefined;

  constructor(name: string, data: HostColumn) {
    this.name = name;
    this.data = data;
  }

  get type(): ColumnType {
    return this.data.type;
  }

  get length(): number {
    return this.data.length;
  }

  get nullCount(): number {
    return this.data.nullCount;
  }

  /** A bitmap, least significant bit first: 1 where there is a value. Undefined where no row is null. */
  get validity(): Uint8Array | undefined {
    return this.data.nullCount > 0 ? this.data.validity : undefined;
  }

  /**
   * The column's own memory: a bitmap for bool, codes for text in a dictionary, two 64-bit words a row, the low one first, for
   * decimals of more than 18 digits. What null rows have there means nothing. Throws INVALID_ARGUMENT for other text and lists.
   */
  get values(): HostArray {
    if (this.data.layout === "fixed") return this.data.values;
    if (this.data.layout === "dictionary") return this.data.codes;
    throw new AikoError("INVALID_ARGUMENT", {
      message: `The values of ${JSON.stringify(this.name)} are of varying size, which no typed array holds`,
      hint: "Use at(row) or toArray(), or the offsets and bytes in data.",
    });
  }

  isNull(row: number): boolean {
    const { validity } = this;
    return validity !== undefined && !bitAt(validity, row);
  }

  /** The value of a row, counted from the end where negative; undefined where there is no such row. */
  at(row: number): ValueOf<K> | null | undefined {
    const place = row < 0 ? row + this.length : row;
    if (!Number.isInteger(place) || place < 0 || place >= this.length) return undefined;
    this.#read ??= readerOf(this.data, this.name);
    return this.#read(place) as ValueOf<K> | null;
  }

  /** All values at once, which takes long for millions of them; `values` takes no time. Throws as `ValueOptions` says. */
  toArray(): (ValueOf<K> | null)[];
  toArray(options: ValueOptions): CellValue[];
  toArray(options?: ValueOptions): CellValue[] {
    const read = readerOf(this.data, this.name, options);
    const values = new Array<CellValue>(this.length);
    for (let row = 0; row < values.length; row++) values[row] = read(row);
    return values;
  }

  *[Symbol.iterator](): Generator<ValueOf<K> | null, void, undefined> {
    const read = readerOf(this.data, this.name);
    for (let row = 0; row < this.length; row++) yield read(row) as ValueOf<K> | null;
  }
}
