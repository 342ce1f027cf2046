import { bitAt } from "../../core/bitmap.ts";
import type { HostColumn } from "../../core/column.ts";
import { sliceColumn } from "../../core/column-slice.ts";
import { harmless } from "../../core/display-text.ts";
import { durationText, timestampText } from "../../core/time-text.ts";
import { readerOf } from "./read.ts";

/** Longer texts are cut before they are looked at. */
const mostCharacters = 200;
const mostItems = 8;

/** A value for people: what hostile text would do to a terminal is spelled out. */
export function displayValue(column: HostColumn, row: number): string {
  if (column.validity !== undefined && column.nullCount > 0 && !bitAt(column.validity, row)) return "null";
  const { type } = column;
  if (column.layout === "list") {
    const [start, end] = [column.offsets[row] ?? 0, column.offsets[row + 1] ?? 0];
    const count = Math.min(mostItems, end - start);
    const items = sliceColumn(column.items, start, count);
    const texts = Array.from({ length: count }, (_, at) => displayValue(items, at));
    return `[${texts.join(", ")}${end - start > count ? ", …" : ""}]`;
  }
  if (column.layout === "text" && (column.offsets[row + 1] ?? 0) - (column.offsets[row] ?? 0) > 4096) {
    const start = column.offsets[row] ?? 0;
    const head = Buffer.from(column.bytes.subarray(start, start + 4096)).toString("utf8");
    return `${harmless(head.slice(0, mostCharacters))}…`;
  }
  if (type.kind === "timestamp" && column.layout === "fixed") {
    return timestampText((column.values as BigInt64Array)[row] ?? 0n, type.unit, type.timeZone);
  }
  const value = readerOf(column, "", { times: "text" })(row);
  if (type.kind === "duration" && typeof value === "bigint") return durationText(value, type.unit);
  if (typeof value === "number") return numberText(value, type.kind === "float32");
  const text = String(value);
  return harmless(text.length > mostCharacters ? `${text.slice(0, mostCharacters)}…` : text);
}

/** The shortest text that means the number; -0 is shown as such. */
function numberText(value: number, isFloat32: boolean): string {
  if (Object.is(value, -0)) return "-0";
  if (!isFloat32 || !Number.isFinite(value)) return String(value);
  for (let digits = 6; digits < 9; digits++) {
    const short = Number(value.toPrecision(digits));
    if (Math.fround(short) === value) return String(short);
  }
  return String(Number(value.toPrecision(9)));
}
