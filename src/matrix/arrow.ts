import { readFile } from "node:fs/promises";
import type { Data, Table } from "apache-arrow";
import { type DType, dtypes, type HostArray } from "../core/dtype.ts";
import { elementCount, formatShape } from "../core/shape.ts";
import { suggest } from "../core/suggest.ts";
import { isTurnLong, nextTurn } from "../core/turn.ts";
import { AikoError, toAikoError } from "../errors.ts";
import { loadArrow } from "../runtime/arrow-library.ts";
import { type ArrowVector, type NumericColumn, numericColumn } from "./arrow-columns.ts";
import { arrowType, fillFrom, flatData, listData } from "./arrow-convert.ts";
import { allocateHostArray } from "./host-memory.ts";
import { type AnyMatrix, Matrix } from "./matrix.ts";
import { invalidFile } from "./npy-header.ts";
import { Storage } from "./storage.ts";
import { append, type FileOptions, openFile, writeWhole } from "./whole-file.ts";

export interface FromArrowOptions {
  /** Which columns of a table, in this order. Default: all. */
  readonly columns?: readonly string[] | undefined;
  /** "f32", the default, converts; "stored" keeps the type, which all columns must have then. */
  readonly dtype?: "f32" | "stored" | undefined;
}

export interface ToArrowOptions {
  /** The columns' names. Default: c0, c1, ... */
  readonly columns?: readonly string[] | undefined;
  /** One column of this name, with the matrix's rows as lists of fixed size. */
  readonly rows?: string | undefined;
}

/** What apache-arrow's Table, RecordBatch and Vector have in common with those of another copy of it. */
export interface ArrowTable {
  readonly numRows: number;
  readonly schema: { readonly fields: readonly { readonly name: string }[] };
  getChildAt(index: number): unknown;
}

const piece = 1 << 15;

/**
 * A matrix of an Arrow table, record batch or vector: a column of it for each column of numbers or truth values; or, of a
 * single column of lists of fixed size, a row for each list. Rejects with INVALID_ARGUMENT naming a column that has nulls,
 * another type, or an integer without an exact f32.
 */
export async function fromArrow(
  source: ArrowTable | ArrowVector,
  options: FromArrowOptions & { readonly dtype: "stored" },
): Promise<AnyMatrix>;
export async function fromArrow(
  source: ArrowTable | ArrowVector,
  options?: FromArrowOptions,
): Promise<Matrix>;
export async function fromArrow(
  source: ArrowTable | ArrowVector,
  options: FromArrowOptions = {},
): Promise<AnyMatrix> {
  const columns = columnsOf(source, options.columns);
  const [first] = columns;
  if (first === undefined)
    throw new AikoError("INVALID_ARGUMENT", { message: "The Arrow table has no column" });
  const lists = columns.find(({ row }) => row.length > 0);
  if (lists !== undefined && columns.length > 1) {
    throw new AikoError("INVALID_ARGUMENT", {
      message: `The Arrow column ${JSON.stringify(lists.name)} holds lists, which are the rows of a matrix by themselves`,
      hint: `Take it alone: { columns: [${JSON.stringify(lists.name)}] }.`,
    });
  }
  const dtype = typeFor(columns, options.dtype ?? "f32");
  const shape = lists === undefined ? [first.rows, columns.length] : [first.rows, ...first.row];
  const data = allocateHostArray(dtype, elementCount(shape));
  const stride = lists === undefined ? columns.length : first.width;
  for (const [first, column] of columns.entries()) await fillFrom(column, data, { dtype, first, stride });
  return new Matrix(Storage.onHost(data, dtype), shape);
}

/**
 * An Arrow table of a matrix: a column for each of its columns, or one column of lists with its rows. Rejects with
 * ENGINE_MISSING without apache-arrow, INVALID_ARGUMENT for other numbers of names, UNSUPPORTED for bf16.
 */
export async function toArrow(matrix: AnyMatrix, options: ToArrowOptions = {}): Promise<Table> {
  const arrow = await loadArrow();
  const { shape, dtype } = matrix;
  if (shape.length === 0 || (shape.length > 2 && options.rows === undefined)) {
    throw new AikoError("INVALID_ARGUMENT", {
      message: `A matrix of the shape [${shape}] has no columns`,
      hint: 'Write its rows as lists: { rows: "name" }.',
    });
  }
  const values = await matrix.read();
  const type = arrowType(arrow, dtype);
  if (options.rows !== undefined) {
    return new arrow.Table({ [options.rows]: arrow.makeVector(listData(arrow, type, values, shape)) });
  }
  const [rows = 0, width = 1] = shape;
  const names = options.columns ?? Array.from({ length: width }, (_, at) => `c${at}`);
  if (names.length !== width || new Set(names).size !== width) {
    throw new AikoError("INVALID_ARGUMENT", {
      message: `${names.length} names${new Set(names).size < names.length ? ", some of them twice," : ""} for the ${width} columns of a ${formatShape(shape)} matrix`,
    });
  }
  const columns: [string, Data][] = [];
  for (const [at, name] of names.entries()) {
    const column = new dtypes[dtype].array(rows) as unknown as (number | bigint)[];
    for (let row = 0; row < rows; row++) {
      if (row % piece === 0) while (isTurnLong()) await nextTurn();
      column[row] = values[row * width + at] ?? 0;
    }
    columns.push([name, flatData(arrow, type, column as unknown as HostArray)]);
  }
  return new arrow.Table(Object.fromEntries(columns.map(([name, data]) => [name, arrow.makeVector(data)])));
}

/**
 * Reads an Arrow IPC file or stream (a Feather file, version 2, without compression). Rejects as `fromArrow` does, with
 * FILE_NOT_FOUND, and with INVALID_FILE for what is damaged or compressed.
 */
export async function readArrow(
  path: string,
  options: FromArrowOptions & FileOptions & { readonly dtype: "stored" },
): Promise<AnyMatrix>;
export async function readArrow(path: string, options?: FromArrowOptions & FileOptions): Promise<Matrix>;
export async function readArrow(
  path: string,
  options: FromArrowOptions & FileOptions = {},
): Promise<AnyMatrix> {
  const { tableFromIPC } = await loadArrow();
  let table: Table;
  {
    await using file = await openFile(path);
    const bytes = await readFile(file, { signal: options.signal });
    try {
      table = tableFromIPC(bytes);
    } catch (cause) {
      throw invalidFile(path, `not an Arrow file or stream that can be read: ${toAikoError(cause).message}`);
    }
  }
  if (table.schema.fields.length === 0) throw invalidFile(path, "not an Arrow file, or one without columns");
  return fromArrow(
    table as unknown as ArrowTable,
    options as FromArrowOptions & { readonly dtype: "stored" },
  );
}

/** Writes an Arrow IPC file, or a stream, whole or not at all. Rejects as `toArrow` does, and with FILE_NOT_FOUND. */
export async function writeArrow(
  path: string,
  matrix: AnyMatrix,
  options: ToArrowOptions & FileOptions & { readonly format?: "file" | "stream" | undefined } = {},
): Promise<void> {
  const { tableToIPC } = await loadArrow();
  const bytes = tableToIPC(await toArrow(matrix, options), options.format ?? "file");
  await writeWhole(path, (file) => append(file, bytes, path, options));
}

function columnsOf(
  source: ArrowTable | ArrowVector,
  names: readonly string[] | undefined,
): readonly NumericColumn[] {
  if (isVector(source)) return [numericColumn("values", source)];
  if (!isTable(source)) {
    throw new AikoError("INVALID_ARGUMENT", {
      message: "Expected a table, a record batch or a vector of apache-arrow",
      hint: "Read a file with readArrow; make a table of plain arrays with apache-arrow's tableFromArrays.",
    });
  }
  const present = source.schema.fields.map(({ name }) => name);
  const columns = (names ?? present).map((name, at) => {
    const index = names === undefined ? at : present.indexOf(name);
    const vector = index < 0 ? undefined : source.getChildAt(index);
    if (!isVector(vector)) throw noSuchColumn(name, present);
    return numericColumn(name, vector);
  });
  const other = columns.find(({ rows }) => rows !== columns[0]?.rows);
  if (other === undefined) return columns;
  throw new AikoError("INVALID_ARGUMENT", {
    message: `The Arrow column ${JSON.stringify(other.name)} has ${other.rows} rows where ${JSON.stringify(columns[0]?.name)} has ${columns[0]?.rows}`,
  });
}

function typeFor(columns: readonly NumericColumn[], wanted: "f32" | "stored"): DType {
  const [first] = columns;
  if (wanted === "f32" || first === undefined) return "f32";
  const other = columns.find(({ dtype }) => dtype !== first.dtype);
  if (other === undefined) return first.dtype;
  throw new AikoError("INVALID_ARGUMENT", {
    message: `The Arrow column ${JSON.stringify(other.name)} is ${other.dtype} where ${JSON.stringify(first.name)} is ${first.dtype}`,
    hint: 'Take columns of one type, or have them converted: { dtype: "f32" }.',
  });
}

function isVector(value: unknown): value is ArrowVector {
  const vector = value as Partial<ArrowVector> | null | undefined;
  return (
    Array.isArray(vector?.data) &&
    typeof vector.type?.typeId === "number" &&
    typeof vector.length === "number"
  );
}

function isTable(value: unknown): value is ArrowTable {
  const table = value as Partial<ArrowTable> | null | undefined;
  return Array.isArray(table?.schema?.fields) && typeof table.getChildAt === "function";
}

function noSuchColumn(name: string, present: readonly string[]): AikoError {
  const near = suggest(name, present);
  return new AikoError("INVALID_ARGUMENT", {
    message: `The Arrow table has no column ${JSON.stringify(name)}`,
    hint:
      near === undefined
        ? `It has: ${present.slice(0, 20).join(", ")}.`
        : `Did you mean ${JSON.stringify(near)}?`,
  });
}
