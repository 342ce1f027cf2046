import { bitAt } from "../../core/bitmap.ts";
import type { DictionaryColumn, FixedColumn, HostColumn, ListColumn, TextColumn } from "../../core/column.ts";
import { narrowDecimalDigits } from "../../core/column-type.ts";
import { decimalText, wideInteger } from "../../core/decimal-text.ts";
import { dateText, splitSeconds, timestampText, unitsPerSecond } from "../../core/time-text.ts";
import { AikoError } from "../../errors.ts";
import type { CellValue, ValueOptions } from "./types.ts";

export type Reader = (row: number) => CellValue;

const dayMs = 86_400_000;
const furthestMs = 8.64e15;

/** The value of a row. Throws INVALID_VALUE for one that the chosen form does not hold exactly. */
export function readerOf(column: HostColumn, name: string, options: ValueOptions = {}): Reader {
  const read = presentReader(column, name, options);
  const { validity, nullCount } = column;
  if (validity === undefined || nullCount === 0) return read;
  return (row) => (bitAt(validity, row) ? read(row) : null);
}

function presentReader(column: HostColumn, name: string, options: ValueOptions): Reader {
  switch (column.layout) {
    case "text":
      return textReader(column);
    case "dictionary":
      return dictionaryReader(column);
    case "list":
      return listReader(column, name, options);
    case "fixed":
      return fixedReader(column, name, options);
  }
}

function textReader({ offsets, bytes }: TextColumn): (row: number) => string {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return (row) => buffer.toString("utf8", offsets[row], offsets[row + 1]);
}

function dictionaryReader({ codes, dictionary }: DictionaryColumn): Reader {
  const read = textReader(dictionary);
  const texts: (string | undefined)[] = [];
  return (row) => {
    const code = codes[row] ?? 0;
    let text = texts[code];
    if (text === undefined) {
      text = read(code);
      texts[code] = text;
    }
    return text;
  };
}

function listReader({ offsets, items }: ListColumn, name: string, options: ValueOptions): Reader {
  const read = readerOf(items, name, options);
  return (row) => {
    const list: CellValue[] = [];
    const end = offsets[row + 1] ?? 0;
    for (let at = offsets[row] ?? 0; at < end; at++) list.push(read(at));
    return list;
  };
}

function fixedReader(column: FixedColumn, name: string, options: ValueOptions): Reader {
  const { type, values } = column;
  switch (type.kind) {
    case "bool":
      return (row) => bitAt(values as Uint8Array, row);
    case "int64":
    case "uint64":
      return options.integers === "number"
        ? exactReader(values as BigInt64Array, name)
        : (row) => values[row] ?? 0n;
    case "decimal": {
      const { precision, scale } = type;
      const wide = values as BigInt64Array;
      const integer =
        precision <= narrowDecimalDigits
          ? (row: number) => wide[row] ?? 0n
          : (row: number) => wideInteger(wide, row);
      if (options.decimals === "number") return (row) => Number(decimalText(integer(row), scale));
      return (row) => decimalText(integer(row), scale);
    }
    case "date":
      return dateReader(values as Int32Array, name, options);
    case "timestamp":
      return timestampReader(column, name, options);
    case "duration":
      return (row) => values[row] ?? 0n;
    default:
      return (row) => values[row] ?? 0;
  }
}

function exactReader(values: BigInt64Array, name: string): Reader {
  return (row) => {
    const number = Number(values[row] ?? 0n);
    if (Number.isSafeInteger(number)) return number;
    throw inexact(name, row, `${values[row]} is beyond the integers that a number holds exactly`, {
      integers: "bigint",
    });
  };
}

function dateReader(days: Int32Array, name: string, { times = "date" }: ValueOptions): Reader {
  if (times === "bigint") return (row) => BigInt(days[row] ?? 0);
  if (times === "text") return (row) => dateText(days[row] ?? 0);
  return (row) => {
    const ms = (days[row] ?? 0) * dayMs;
    if (Math.abs(ms) <= furthestMs) return new Date(ms);
    throw inexact(name, row, `${dateText(days[row] ?? 0)} is out of the range of a Date`, { times: "text" });
  };
}

function timestampReader(
  { type, values }: FixedColumn,
  name: string,
  { times = "date" }: ValueOptions,
): Reader {
  if (type.kind !== "timestamp" || times === "bigint") return (row) => values[row] ?? 0n;
  const { unit, timeZone } = type;
  const stamps = values as BigInt64Array;
  if (times === "text") return (row) => timestampText(stamps[row] ?? 0n, unit, timeZone, "T");
  const unitsPerMs = unitsPerSecond[unit] / 1000;
  return (row) => {
    const value = stamps[row] ?? 0n;
    const { seconds, rest } = splitSeconds(value, unit);
    const ms = seconds * 1000 + rest / unitsPerMs;
    if (Number.isInteger(rest / unitsPerMs) && Math.abs(ms) <= furthestMs) return new Date(ms);
    throw inexact(name, row, `a Date does not hold ${timestampText(value, unit, timeZone)} exactly`, {
      times: "bigint",
    });
  };
}

function inexact(name: string, row: number, what: string, instead: ValueOptions): AikoError {
  const [option] = Object.entries(instead);
  return new AikoError("INVALID_VALUE", {
    message: `Row ${row} of ${JSON.stringify(name)}: ${what}`,
    hint: `Take it in another form: { ${option?.[0]}: "${option?.[1]}" }.`,
  });
}
