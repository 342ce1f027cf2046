import type { HostColumn } from "../../core/column.ts";
import { isSet } from "./validity-reader.ts";

const decoder = new TextDecoder();

/** One value of a column of texts, numbers or bools; `undefined` where it is null. */
export function columnValue(
  column: HostColumn | undefined,
  row: number,
): string | number | bigint | boolean | undefined {
  if (column === undefined || (column.validity !== undefined && !isSet(column.validity, row)))
    return undefined;
  if (column.layout === "text") {
    return decoder.decode(column.bytes.subarray(column.offsets[row], column.offsets[row + 1]));
  }
  if (column.layout !== "fixed") return undefined;
  if (column.type.kind !== "bool") return column.values[row];
  return ((Number(column.values[row >>> 3]) >>> (row & 7)) & 1) === 1;
}
