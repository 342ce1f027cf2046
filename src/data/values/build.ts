import { makeBitmap, setBit } from "../../core/bitmap.ts";
import type { HostColumn } from "../../core/column.ts";
import {
  elementCountOf,
  elementOf,
  fixedColumn,
  listColumn,
  textColumn,
  type Validity,
} from "../../core/column-make.ts";
import { type ColumnType, physicalOf } from "../../core/column-type.ts";
import { setWideInteger } from "../../core/decimal-text.ts";
import { dtypes } from "../../core/dtype.ts";
import { isTurnLong, nextTurn } from "../../core/turn.ts";
import { AikoError } from "../../errors.ts";
import { converterTo } from "./convert.ts";
import { arrayType, type ValueAt } from "./infer.ts";
import { TextWriter } from "./text-writer.ts";

const piece = 1 << 11;
const mostTextBytes = 2 ** 31 - 1;

/** A column of JavaScript's values; null and undefined are null. Rejects with INVALID_VALUE or OVERFLOW naming the row. */
export async function buildColumn(
  name: string,
  type: ColumnType,
  rows: number,
  valueAt: ValueAt,
): Promise<HostColumn> {
  const physical = physicalOf(type);
  if (physical === "text") return buildText(name, rows, valueAt);
  if (type.kind === "list") return buildList(name, type.item, rows, valueAt);
  const convert = converterTo(type, name);
  const values = new dtypes[elementOf(physical)].array(elementCountOf(physical, rows));
  const bits = values as Uint8Array;
  const numbers = values as unknown as (number | bigint)[];
  const nulls = await eachPresent(rows, valueAt, (value, row) => {
    const converted = convert(value, row);
    if (physical === "bits") {
      if (converted === 1) setBit(bits, row);
    } else if (physical === "i128") setWideInteger(values as BigInt64Array, row, converted as bigint);
    else numbers[row] = converted;
  });
  return fixedColumn(type, rows, values, nulls);
}

async function buildText(name: string, rows: number, valueAt: ValueAt): Promise<HostColumn> {
  const offsets = new Int32Array(rows + 1);
  const writer = new TextWriter();
  const nulls = await eachPresent(rows, valueAt, (value, row) => {
    if (typeof value !== "string" || !writer.append(value)) throw noText(name, row, value);
    if (writer.byteLength > mostTextBytes) throw tooLong(name, row);
    offsets[row + 1] = writer.byteLength;
  });
  for (let row = 1; row <= rows; row++) {
    if (row % (piece * 64) === 0) while (isTurnLong()) await nextTurn();
    offsets[row] = Math.max(offsets[row] ?? 0, offsets[row - 1] ?? 0);
  }
  return textColumn(offsets, await writer.finish(), nulls);
}

async function buildList(
  name: string,
  item: ColumnType,
  rows: number,
  valueAt: ValueAt,
): Promise<HostColumn> {
  const offsets = new Int32Array(rows + 1);
  const items: unknown[] = [];
  const nulls = await eachPresent(rows, valueAt, (value, row) => {
    if (!Array.isArray(value) && arrayType(value) === undefined) {
      throw new AikoError("INVALID_VALUE", { message: `Row ${row} of ${JSON.stringify(name)} is no array` });
    }
    const list = value as ArrayLike<unknown>;
    for (let at = 0; at < list.length; at++) items.push(list[at]);
    offsets[row + 1] = items.length;
  });
  for (let row = 1; row <= rows; row++) offsets[row] = Math.max(offsets[row] ?? 0, offsets[row - 1] ?? 0);
  const column = await buildColumn(`${name}[]`, item, items.length, (at) => items[at]);
  return listColumn({ kind: "list", item }, offsets, column, nulls);
}

/** Which rows have a value, each of which `each` was called with. */
async function eachPresent(
  rows: number,
  valueAt: ValueAt,
  each: (value: unknown, row: number) => void,
): Promise<Validity> {
  const validity = makeBitmap(rows);
  let nullCount = 0;
  for (let row = 0; row < rows; row++) {
    if (row % piece === 0) while (isTurnLong()) await nextTurn();
    const value = valueAt(row);
    if (value === null || value === undefined) nullCount++;
    else {
      setBit(validity, row);
      each(value, row);
    }
  }
  return { validity, nullCount };
}

function noText(name: string, row: number, value: unknown): AikoError {
  const what = typeof value === "string" ? "has half of a surrogate pair, which is no text" : "is no string";
  return new AikoError("INVALID_VALUE", { message: `Row ${row} of ${JSON.stringify(name)} ${what}` });
}

function tooLong(name: string, row: number): AikoError {
  return new AikoError("RESULT_TOO_LARGE", {
    message: `The texts of ${JSON.stringify(name)} are over 2 GiB from row ${row} on`,
    hint: "Split the rows into several tables.",
  });
}
