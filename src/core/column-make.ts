import { makeBitmap } from "./bitmap.ts";
import type {
  DictionaryColumn,
  FixedColumn,
  HostColumn,
  HostTable,
  ListColumn,
  TextColumn,
} from "./column.ts";
import { type ColumnType, type Field, type Physical, physicalOf, type Schema } from "./column-type.ts";
import { type DType, dtypes, type HostArray } from "./dtype.ts";

export interface Validity {
  readonly validity?: Uint8Array | undefined;
  readonly nullCount: number;
}

const noNulls: Validity = { nullCount: 0 };

const elements: Readonly<Partial<Record<Physical, DType>>> = {
  bits: "u8",
  i128: "i64",
  text: "u8",
  list: "i32",
};

/** The elements of the array that holds values on the host: bytes of bitmaps and text, offsets of lists. */
export function elementOf(physical: Physical): DType {
  return elements[physical] ?? (physical as DType);
}

/** Elements of that array for `rows` rows. */
export function elementCountOf(physical: Physical, rows: number): number {
  if (physical === "bits") return Math.ceil(rows / 8);
  return physical === "i128" ? rows * 2 : rows;
}

export function fixedColumn(
  type: ColumnType,
  length: number,
  values: HostArray,
  { validity, nullCount }: Validity = noNulls,
): FixedColumn {
  return { layout: "fixed", type, length, values, validity: nullCount > 0 ? validity : undefined, nullCount };
}

export function textColumn(
  offsets: Int32Array,
  bytes: Uint8Array,
  { validity, nullCount }: Validity = noNulls,
): TextColumn {
  return {
    layout: "text",
    type: { kind: "utf8" },
    length: offsets.length - 1,
    offsets,
    bytes,
    validity: nullCount > 0 ? validity : undefined,
    nullCount,
  };
}

export function dictionaryColumn(
  codes: Uint32Array,
  dictionary: TextColumn,
  { validity, nullCount }: Validity = noNulls,
): DictionaryColumn {
  return {
    layout: "dictionary",
    type: { kind: "utf8" },
    length: codes.length,
    codes,
    dictionary,
    validity: nullCount > 0 ? validity : undefined,
    nullCount,
  };
}

export function listColumn(
  type: ColumnType,
  offsets: Int32Array,
  items: HostColumn,
  { validity, nullCount }: Validity = noNulls,
): ListColumn {
  return {
    layout: "list",
    type,
    length: offsets.length - 1,
    offsets,
    items,
    validity: nullCount > 0 ? validity : undefined,
    nullCount,
  };
}

/** A column of nothing but nulls. */
export function nullColumn(type: ColumnType, rows: number): HostColumn {
  const nulls = { validity: makeBitmap(rows), nullCount: rows };
  const physical = physicalOf(type);
  if (physical === "text") return textColumn(new Int32Array(rows + 1), new Uint8Array(0), nulls);
  if (physical === "list") {
    const item = type.kind === "list" ? type.item : type;
    return listColumn(type, new Int32Array(rows + 1), nullColumn(item, 0), nulls);
  }
  const values = new dtypes[elementOf(physical)].array(elementCountOf(physical, rows));
  return fixedColumn(type, rows, values, nulls);
}

/** A column without rows. */
export function emptyColumn(type: ColumnType): HostColumn {
  return nullColumn(type, 0);
}

export function emptyTable(schema: Schema): HostTable {
  return {
    names: schema.map(({ name }) => name),
    columns: schema.map(({ type }) => emptyColumn(type)),
    rows: 0,
  };
}

export function schemaOf({ names, columns }: HostTable): Schema {
  return columns.map(({ type }, at): Field => ({ name: names[at] ?? "", type }));
}

/** Bytes that the rows of a column take: those of a slice, not of what it is a slice of. */
export function columnBytes(column: HostColumn): number {
  const validity = column.validity === undefined ? 0 : Math.ceil(column.length / 8);
  switch (column.layout) {
    case "fixed":
      return validity + column.values.byteLength;
    case "text":
      return validity + column.offsets.byteLength + spanOf(column.offsets);
    case "dictionary":
      return validity + column.codes.byteLength + columnBytes(column.dictionary);
    case "list":
      return validity + column.offsets.byteLength + columnBytes(column.items);
  }
}

export function tableBytes({ columns }: HostTable): number {
  return columns.reduce((sum, column) => sum + columnBytes(column), 0);
}

function spanOf(offsets: Int32Array): number {
  return (offsets[offsets.length - 1] ?? 0) - (offsets[0] ?? 0);
}
