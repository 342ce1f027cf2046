import type { ColumnType } from "../../core/column-type.ts";
import { decimalBound } from "../../core/decimal-text.ts";
import { isTurnLong, nextTurn } from "../../core/turn.ts";
import { AikoError } from "../../errors.ts";

export type ValueAt = (row: number) => unknown;

type Sort = "boolean" | "number" | "bigint" | "string" | "Date" | "array";

const piece = 1 << 11;

/**
 * The type for JavaScript's values: numbers are float64, bigints int64, or uint64 or decimal(38, 0) where they need it, Dates
 * timestamp(ms), arrays lists; int32 where all are null. Rejects with INVALID_ARGUMENT for values of different sorts.
 */
export async function inferType(name: string, rows: number, valueAt: ValueAt): Promise<ColumnType> {
  let sort: Sort | undefined;
  let least = 0n;
  let most = 0n;
  const lists: ArrayLike<unknown>[] = [];
  for (let row = 0; row < rows; row++) {
    if (row % piece === 0) while (isTurnLong()) await nextTurn();
    const value = valueAt(row);
    if (value === null || value === undefined) continue;
    const found = sortOf(value);
    if (found === undefined) throw unusable(name, row, value);
    if (sort !== undefined && found !== sort) throw mixed(name, row, sort, found);
    sort = found;
    if (typeof value === "bigint") {
      if (value < least) least = value;
      if (value > most) most = value;
    } else if (found === "array") lists.push(value as ArrayLike<unknown>);
  }
  if (sort === "bigint") return integerType(name, least, most);
  if (sort === "array") return { kind: "list", item: await itemType(name, lists) };
  return scalarTypes[sort ?? "none"];
}

const scalarTypes: Readonly<Record<"boolean" | "number" | "string" | "Date" | "none", ColumnType>> = {
  boolean: { kind: "bool" },
  number: { kind: "float64" },
  string: { kind: "utf8" },
  Date: { kind: "timestamp", unit: "ms" },
  none: { kind: "int32" },
};

const arrayTypes: Readonly<Record<string, ColumnType>> = {
  Int8Array: { kind: "int8" },
  Int16Array: { kind: "int16" },
  Int32Array: { kind: "int32" },
  BigInt64Array: { kind: "int64" },
  Uint8Array: { kind: "uint8" },
  Uint8ClampedArray: { kind: "uint8" },
  Uint16Array: { kind: "uint16" },
  Uint32Array: { kind: "uint32" },
  BigUint64Array: { kind: "uint64" },
  Float32Array: { kind: "float32" },
  Float64Array: { kind: "float64" },
};

/** The type of a typed array's elements; undefined for other values. */
export function arrayType(value: unknown): ColumnType | undefined {
  if (!ArrayBuffer.isView(value)) return undefined;
  const name = Object.prototype.toString.call(value).slice(8, -1);
  return Object.hasOwn(arrayTypes, name) ? arrayTypes[name] : undefined;
}

async function itemType(name: string, lists: readonly ArrayLike<unknown>[]): Promise<ColumnType> {
  const types = lists.map(arrayType);
  const [first] = types;
  if (first !== undefined && types.every((type) => type?.kind === first.kind)) return first;
  const items: unknown[] = [];
  for (const [at, list] of lists.entries()) {
    if (at % piece === 0) while (isTurnLong()) await nextTurn();
    for (let item = 0; item < list.length; item++) items.push(list[item]);
  }
  return inferType(`${name}[]`, items.length, (at) => items[at]);
}

function sortOf(value: unknown): Sort | undefined {
  switch (typeof value) {
    case "boolean":
    case "number":
    case "bigint":
    case "string":
      return typeof value as Sort;
    default:
      if (Array.isArray(value) || arrayType(value) !== undefined) return "array";
      return value instanceof Date ? "Date" : undefined;
  }
}

function integerType(name: string, least: bigint, most: bigint): ColumnType {
  if (least >= -(2n ** 63n) && most < 2n ** 63n) return { kind: "int64" };
  if (least >= 0n && most < 2n ** 64n) return { kind: "uint64" };
  const bound = decimalBound(38);
  if (least > -bound && most < bound) return { kind: "decimal", precision: 38, scale: 0 };
  throw new AikoError("OVERFLOW", {
    message: `${JSON.stringify(name)} has the bigint ${most >= bound ? most : least}, which has more than 38 digits`,
    hint: "Give it as text.",
  });
}

function mixed(name: string, row: number, before: Sort, found: Sort): AikoError {
  return new AikoError("INVALID_ARGUMENT", {
    message: `Row ${row} of ${JSON.stringify(name)} is a ${found} where the rows before are of the sort ${before}`,
    hint: "Give every row of a column one type, or say which: { schema: { ... } }.",
  });
}

function unusable(name: string, row: number, value: unknown): AikoError {
  const what = typeof value === "object" ? "an object" : `a ${typeof value}`;
  return new AikoError("INVALID_ARGUMENT", {
    message: `Row ${row} of ${JSON.stringify(name)} is ${what}, which no column holds`,
    hint: "Columns hold booleans, numbers, bigints, strings, Dates, null, and arrays of these.",
  });
}
