import { countBits, sliceBits } from "./bitmap.ts";
import type { HostColumn, HostTable } from "./column.ts";
import {
  dictionaryColumn,
  elementCountOf,
  fixedColumn,
  listColumn,
  textColumn,
  type Validity,
} from "./column-make.ts";
import { physicalOf } from "./column-type.ts";

/** `length` rows from row `first` on. Values stay where they are; bitmaps that would start within a byte are copied. */
export function sliceColumn(column: HostColumn, first: number, length: number): HostColumn {
  if (first === 0 && length === column.length) return column;
  const validity = sliceValidity(column, first, length);
  const end = first + length;
  switch (column.layout) {
    case "fixed": {
      const { type, values } = column;
      const physical = physicalOf(type);
      if (physical === "bits") {
        return fixedColumn(type, length, sliceBits(values as Uint8Array, first, length), validity);
      }
      const part = values.subarray(elementCountOf(physical, first), elementCountOf(physical, end));
      return fixedColumn(type, length, part, validity);
    }
    case "text":
      return textColumn(column.offsets.subarray(first, end + 1), column.bytes, validity);
    case "dictionary":
      return dictionaryColumn(column.codes.subarray(first, end), column.dictionary, validity);
    case "list":
      return listColumn(column.type, column.offsets.subarray(first, end + 1), column.items, validity);
  }
}

/** `length` rows from row `first` on, as far as there are any. */
export function sliceTable(table: HostTable, first: number, length = table.rows - first): HostTable {
  const start = Math.min(first, table.rows);
  const rows = Math.max(0, Math.min(length, table.rows - start));
  return {
    names: table.names,
    columns: table.columns.map((column) => sliceColumn(column, start, rows)),
    rows,
  };
}

function sliceValidity({ validity, nullCount }: HostColumn, first: number, length: number): Validity {
  if (validity === undefined || nullCount === 0) return { nullCount: 0 };
  const nulls = length - countBits(validity, first, length);
  return nulls === 0 ? { nullCount: 0 } : { validity: sliceBits(validity, first, length), nullCount: nulls };
}
