import type { HostColumn, HostTable } from "../../core/column.ts";
import { fixedColumn } from "../../core/column-make.ts";
import { type ColumnType, sameType } from "../../core/column-type.ts";
import type { HostArray } from "../../core/dtype.ts";
import { isTurnLong, nextTurn } from "../../core/turn.ts";
import { AikoError } from "../../errors.ts";
import { buildColumn } from "./build.ts";
import { arrayType, inferType, type ValueAt } from "./infer.ts";

export type DataRow = Readonly<Record<string, unknown>>;

export interface FromValuesOptions {
  /** Types of columns by name; those left out are inferred. */
  readonly schema?: Readonly<Record<string, ColumnType>> | undefined;
}

const piece = 1 << 11;

/**
 * A table of objects: a column for each of their keys, in the order met, null where an object lacks it. Rejects with
 * INVALID_ARGUMENT naming row and column for values of different sorts, and as `buildColumn` does for those that do not fit.
 */
export async function tableFromRows(
  rows: readonly DataRow[],
  { schema = {} }: FromValuesOptions = {},
): Promise<HostTable> {
  const names = new Set<string>();
  for (const [at, row] of rows.entries()) {
    if (at % piece === 0) while (isTurnLong()) await nextTurn();
    if (typeof row !== "object" || row === null || Array.isArray(row)) {
      throw new AikoError("INVALID_ARGUMENT", {
        message: `Row ${at} is ${row === null ? "null" : Array.isArray(row) ? "an array" : `a ${typeof row}`}, not an object`,
        hint: "Pass objects with a key a column: [{ name: value }, ...].",
      });
    }
    for (const name of Object.keys(row)) names.add(name);
  }
  for (const name of Object.keys(schema)) names.add(name);
  const columns: HostColumn[] = [];
  for (const name of names) {
    const valueAt: ValueAt = (at) => {
      const row = rows[at];
      return row !== undefined && Object.hasOwn(row, name) ? row[name] : undefined;
    };
    columns.push(
      await columnOf(name, rows.length, valueAt, Object.hasOwn(schema, name) ? schema[name] : undefined),
    );
  }
  return { names: [...names], columns, rows: rows.length };
}

/**
 * A table of columns: typed arrays, whose memory it keeps and which must not be changed any more, or arrays of values.
 * Rejects with INVALID_ARGUMENT for lengths that differ, and as `tableFromRows` does.
 */
export async function tableFromArrays(
  arrays: Readonly<Record<string, ArrayLike<unknown>>>,
  { schema = {} }: FromValuesOptions = {},
): Promise<HostTable> {
  const entries = Object.entries(arrays);
  for (const [name, values] of entries) {
    if (!Array.isArray(values) && arrayType(values) === undefined) {
      throw new AikoError("INVALID_ARGUMENT", {
        message: `The column ${JSON.stringify(name)} is neither an array nor a typed array`,
      });
    }
  }
  const [first] = entries;
  const rows = first?.[1].length ?? 0;
  const other = entries.find(([, values]) => values.length !== rows);
  if (other !== undefined) {
    throw new AikoError("INVALID_ARGUMENT", {
      message: `The column ${JSON.stringify(other[0])} has ${other[1].length} rows where ${JSON.stringify(first?.[0])} has ${rows}`,
    });
  }
  const unknown = Object.keys(schema).find((name) => !Object.hasOwn(arrays, name));
  if (unknown !== undefined) {
    throw new AikoError("INVALID_ARGUMENT", {
      message: `The schema names ${JSON.stringify(unknown)}, which is none of the columns`,
    });
  }
  const columns: HostColumn[] = [];
  for (const [name, values] of entries) {
    const stored = arrayType(values);
    const type = Object.hasOwn(schema, name) ? schema[name] : undefined;
    columns.push(
      stored !== undefined && (type === undefined || sameType(type, stored))
        ? fixedColumn(stored, rows, plainArray(values as HostArray))
        : await columnOf(name, rows, (row) => values[row], type ?? stored),
    );
  }
  return { names: entries.map(([name]) => name), columns, rows };
}

async function columnOf(
  name: string,
  rows: number,
  valueAt: ValueAt,
  type: ColumnType | undefined,
): Promise<HostColumn> {
  return buildColumn(name, type ?? (await inferType(name, rows, valueAt)), rows, valueAt);
}

/** Buffers and clamped arrays are bytes like others. */
function plainArray(values: HostArray | Uint8ClampedArray): HostArray {
  if (!(values instanceof Uint8ClampedArray) && !Buffer.isBuffer(values)) return values;
  return new Uint8Array(values.buffer, values.byteOffset, values.length);
}
