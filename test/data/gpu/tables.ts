import { bitAt } from "#src/core/bitmap.js";
import type { HostColumn, HostTable } from "#src/core/column.js";
import {
  dictionaryColumn,
  elementCountOf,
  elementOf,
  fixedColumn,
  textColumn,
} from "#src/core/column-make.js";
import { type ColumnType, physicalOf, type Schema } from "#src/core/column-type.js";
import { dtypes } from "#src/core/dtype.js";
import type { Value } from "#src/expression/column/cast-value.js";

export type Cells = readonly (Value | null)[];

/** A column of values as `cast-value` has them: decimals and times are integers. */
export function columnOf(type: ColumnType, cells: Cells): HostColumn {
  const rows = cells.length;
  const validity = new Uint8Array(Math.ceil(rows / 8));
  for (const [row, cell] of cells.entries()) if (cell !== null) setBit(validity, row);
  const nullCount = cells.filter((cell) => cell === null).length;
  const nulls = nullCount === 0 ? { nullCount } : { validity, nullCount };
  const physical = physicalOf(type);
  if (physical === "text") {
    const parts = cells.map((cell) => Buffer.from(cell === null ? "" : String(cell)));
    const offsets = new Int32Array(rows + 1);
    for (const [row, part] of parts.entries()) offsets[row + 1] = (offsets[row] ?? 0) + part.length;
    return textColumn(offsets, new Uint8Array(Buffer.concat(parts)), nulls);
  }
  const values = new dtypes[elementOf(physical)].array(elementCountOf(physical, rows));
  for (const [row, cell] of cells.entries()) {
    if (cell === null) continue;
    if (physical === "bits") {
      if (cell === true) setBit(values as Uint8Array, row);
    } else if (physical === "i128") {
      (values as BigInt64Array)[2 * row] = BigInt.asIntN(64, BigInt(cell));
      (values as BigInt64Array)[2 * row + 1] = BigInt(cell) >> 64n;
    } else Reflect.set(values, row, cell);
  }
  return fixedColumn(type, rows, values, nulls);
}

/** Text as codes into a sorted dictionary. */
export function encodedColumnOf(cells: Cells): HostColumn {
  const bytes = (text: string) => Buffer.from(text);
  const texts = [...new Set(cells.filter((cell) => cell !== null).map(String))].sort((a, b) =>
    Buffer.compare(bytes(a), bytes(b)),
  );
  const dictionary = columnOf({ kind: "utf8" }, texts);
  if (dictionary.layout !== "text") throw new Error("texts are not text");
  const codes = Uint32Array.from(cells, (cell) => (cell === null ? 0 : texts.indexOf(String(cell))));
  const { validity, nullCount } = columnOf({ kind: "utf8" }, cells);
  return dictionaryColumn(codes, dictionary, { validity, nullCount });
}

export function cellsOf(column: HostColumn): Cells {
  const { length, validity, nullCount } = column;
  return Array.from({ length }, (_, row) =>
    nullCount > 0 && validity !== undefined && !bitAt(validity, row) ? null : cellOf(column, row),
  );
}

function cellOf(column: HostColumn, row: number): Value {
  if (column.layout === "dictionary") return cellOf(column.dictionary, column.codes[row] ?? 0);
  if (column.layout === "text") {
    return Buffer.from(column.bytes.subarray(column.offsets[row], column.offsets[row + 1])).toString("utf8");
  }
  if (column.layout === "list") throw new Error("lists are not on devices");
  const { type, values } = column;
  const physical = physicalOf(type);
  if (physical === "bits") return bitAt(values as Uint8Array, row);
  if (physical !== "i128") return values[row] ?? 0;
  const words = values as BigInt64Array;
  return ((words[2 * row + 1] ?? 0n) << 64n) | BigInt.asUintN(64, words[2 * row] ?? 0n);
}

/** Texts are codes where `encoded`. */
export function tableOf(schema: Schema, columns: readonly Cells[], encoded = false): HostTable {
  return {
    names: schema.map(({ name }) => name),
    columns: schema.map(({ type }, at) =>
      encoded && type.kind === "utf8"
        ? encodedColumnOf(columns[at] ?? [])
        : columnOf(type, columns[at] ?? []),
    ),
    rows: columns[0]?.length ?? 0,
  };
}

function setBit(bits: Uint8Array, at: number): void {
  bits[at >> 3] = (bits[at >> 3] ?? 0) | (1 << (at & 7));
}
