import type { HostColumn } from "../../core/column.ts";
import { durationText } from "../../core/time-text.ts";
import { readerOf } from "./read.ts";
import type { CellValue } from "./types.ts";

export type JsonValue = boolean | number | string | null | readonly JsonValue[];

/** Values that JSON has: 64-bit integers beyond what a number holds exactly, decimals and times are text. */
export function jsonReader(column: HostColumn): (row: number) => JsonValue {
  const read = readerOf(column, "", { times: "text" });
  const { type } = column;
  const unit = type.kind === "duration" ? type.unit : undefined;
  return (row) => {
    const value = read(row);
    return unit !== undefined && typeof value === "bigint" ? durationText(value, unit) : plain(value);
  };
}

function plain(value: CellValue): JsonValue {
  if (typeof value === "bigint") {
    const number = Number(value);
    return Number.isSafeInteger(number) ? number : String(value);
  }
  if (typeof value === "number") return Number.isFinite(value) ? value : null;
  if (value === null || typeof value === "boolean" || typeof value === "string") return value;
  if (value instanceof Date) return value.toISOString();
  return value.map((item) => plain(item as CellValue));
}
