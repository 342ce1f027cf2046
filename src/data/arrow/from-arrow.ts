import type { HostColumn, HostTable } from "../../core/column.ts";
import { emptyColumn } from "../../core/column-make.ts";
import { suggest } from "../../core/suggest.ts";
import { AikoError } from "../../errors.ts";
import { concatColumns } from "../concat.ts";
import { type ArrowTableLike, type ArrowVector, columnTypeOf } from "./arrow-types.ts";
import { chunkColumn } from "./chunk.ts";

export interface FromArrowOptions {
  /** Which columns of a table, in this order. Default: all. */
  readonly columns?: readonly string[] | undefined;
}

/**
 * A table of apache-arrow's Table, RecordBatch or Vector, over the same memory where the layout is the same; chunks are
 * joined. Rejects with INVALID_ARGUMENT for duplicate names and other values, UNSUPPORTED naming a column of a type that
 * columns do not have, and INVALID_VALUE for damaged data.
 */
export async function tableFromArrow(
  source: ArrowTableLike | ArrowVector,
  { columns: names }: FromArrowOptions = {},
): Promise<HostTable> {
  if (isArrowVector(source)) {
    const column = await columnFromArrow("values", source);
    return { names: ["values"], columns: [column], rows: column.length };
  }
  if (!isArrowTable(source)) {
    throw new AikoError("INVALID_ARGUMENT", {
      message: "Expected a table, a record batch or a vector of apache-arrow",
      hint: "Make a table of plain arrays with apache-arrow's tableFromArrays, or pass rows.",
    });
  }
  const present = source.schema.fields.map(({ name }) => name);
  const repeated = present.find((name, at) => present.indexOf(name) !== at);
  if (repeated !== undefined) {
    throw new AikoError("INVALID_ARGUMENT", {
      message: `Two columns of the Arrow table are named ${JSON.stringify(repeated)}`,
      hint: "Rename one of them first.",
    });
  }
  const columns: HostColumn[] = [];
  for (const name of names ?? present) {
    const vector = source.getChildAt(present.indexOf(name));
    if (!present.includes(name) || !isArrowVector(vector)) throw noSuchColumn(name, present);
    columns.push(await columnFromArrow(name, vector));
  }
  const rows = columns[0]?.length ?? source.numRows;
  const other = columns.findIndex(({ length }) => length !== rows);
  if (other < 0) return { names: names ?? present, columns, rows };
  throw new AikoError("INVALID_ARGUMENT", {
    message: `The Arrow column ${JSON.stringify((names ?? present)[other])} has ${columns[other]?.length} rows where ${JSON.stringify((names ?? present)[0])} has ${rows}`,
  });
}

/** A column of a vector, as `tableFromArrow` takes it. */
export async function columnFromArrow(name: string, vector: ArrowVector): Promise<HostColumn> {
  const type = columnTypeOf(name, vector.type);
  const chunks: HostColumn[] = [];
  for (const data of vector.data) chunks.push(await chunkColumn(name, type, data));
  return concatColumns(chunks.length === 0 ? [emptyColumn(type)] : chunks);
}

export function isArrowVector(value: unknown): value is ArrowVector {
  const vector = value as Partial<ArrowVector> | null | undefined;
  return (
    Array.isArray(vector?.data) &&
    typeof vector.type?.typeId === "number" &&
    typeof vector.length === "number"
  );
}

export function isArrowTable(value: unknown): value is ArrowTableLike {
  const table = value as Partial<ArrowTableLike> | null | undefined;
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
