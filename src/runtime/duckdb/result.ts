import type { HostColumn, HostTable } from "../../core/column.ts";
import type { Field } from "../../core/column-type.ts";
import type { Handle } from "../../core/native.ts";
import { AikoError, isAikoError } from "../../errors.ts";
import { type ColumnReader, columnReader } from "./column-reader.ts";
import { type Doing, engineError } from "./errors.ts";
import { resultBytes } from "./library.ts";
import type { Native } from "./native.ts";
import { type EngineType, readType } from "./types.ts";

/** Rows of a chunk, at most. */
export const chunkRows = 2048;

interface ResultField {
  readonly name: string;
  readonly type: EngineType;
}

/** Whether to stop, asked between chunks. */
export type Stopped = () => boolean;

/** Runs statements and hands a result to `use`, which need not free it. */
export function withResult<T>(
  native: Native,
  connection: Handle,
  sql: string,
  use: (result: Handle) => T,
  doing?: Doing,
): T {
  const { library } = native;
  const result = newResult(native);
  try {
    if (library.query(connection, sql, result) !== 0) throw engineError(library.result_error(result), doing);
    return use(result);
  } finally {
    library.destroy_result(result);
    library.free(result);
  }
}

/** Runs a query, which is one statement, and gives its whole result. */
export function queryTable(native: Native, connection: Handle, sql: string, stopped: Stopped): HostTable {
  return withStatement(native, connection, sql, stopped, (result) => {
    const expected = native.library.row_count(result);
    return readTable(native, result, { expected, most: Number.POSITIVE_INFINITY }, stopped).table;
  });
}

/** Runs one statement and hands its result to `use`, which need not free it. */
export function withStatement<T>(
  native: Native,
  connection: Handle,
  sql: string,
  stopped: Stopped,
  use: (result: Handle) => T,
  doing?: Doing,
): T {
  const { library } = native;
  const statement = prepare(native, connection, sql, doing);
  const result = newResult(native);
  const pending = native.made((out) => library.pending_prepared(statement, out));
  try {
    if (!work(native, pending, stopped)) throw engineError(library.pending_error(pending), doing);
    if (library.execute_pending(pending, result) === 0) return use(result);
    throw engineError(library.result_error(result), doing);
  } finally {
    library.destroy_result(result);
    library.free(result);
    native.destroy(library.destroy_pending, pending);
    native.destroy(library.destroy_prepare, statement);
  }
}

/** What takes less was no work: other threads have it all. */
const idleMs = 0.02;
const mostIdle = 50;
const restMs = 0.2;
const never = new Int32Array(new SharedArrayBuffer(4));

/** Works on a query until it is done, or gives false after an error. DuckDB's own loop burns a processor while other threads have all the work. */
function work({ library }: Native, pending: Handle, stopped: Stopped): boolean {
  let idle = 0;
  for (let start = performance.now(); !stopped(); ) {
    const state = library.pending_execute_task(pending);
    if (state === 0 || state === 2) return state === 0;
    const now = performance.now();
    idle = now - start < idleMs ? idle + 1 : 0;
    if (idle > mostIdle) Atomics.wait(never, 0, 0, restMs);
    start = performance.now();
  }
  throw new AikoError("ABORTED", { message: "The query was aborted" });
}

/** Memory of a result, to be freed. */
export function newResult(native: Native): Handle {
  const result = native.library.malloc(resultBytes);
  native.memory.at(result, resultBytes).bytes.fill(0);
  return result;
}

/** Columns of a result. Throws UNSUPPORTED and INVALID_ARGUMENT for those that cannot be read. */
export function resultFields(native: Native, result: Handle): ResultField[] {
  const { library } = native;
  const fields = Array.from({ length: library.column_count(result) }, (_, index) => {
    const name = library.column_name(result, index);
    const type = native.withType(library.column_logical_type(result, index), (each) =>
      readType(native, each, name),
    );
    return { name, type };
  });
  checkNames(fields.map(({ name }) => name));
  return fields;
}

/** A column that a statement would give. */
export interface Described extends Field {
  /** Its type in DuckDB has no column of ours: only cast to a text can it be read. */
  readonly isForeign: boolean;
}

/** The columns that a statement would give, without running it. */
export function describe(native: Native, connection: Handle, sql: string): readonly Described[] {
  const { library } = native;
  const statement = prepare(native, connection, sql);
  try {
    const count = library.prepared_statement_column_count(statement);
    const fields = Array.from({ length: count }, (_, index): Described => {
      const name = native.takeText(library.prepared_statement_column_name(statement, index));
      const type = library.prepared_statement_column_logical_type(statement, index);
      return native.withType(type, (each) => describeColumn(native, each, name));
    });
    checkNames(fields.map(({ name }) => name));
    return fields;
  } finally {
    native.destroy(library.destroy_prepare, statement);
  }
}

function describeColumn(native: Native, type: Handle, name: string): Described {
  try {
    return { name, type: readType(native, type, name).type, isForeign: false };
  } catch (error) {
    if (!isAikoError(error, "UNSUPPORTED")) throw error;
    return { name, type: { kind: "utf8" }, isForeign: true };
  }
}

/** A prepared statement, to be destroyed. */
export function prepare(native: Native, connection: Handle, sql: string, doing?: Doing): Handle {
  const { library } = native;
  let state = 0;
  const statement = native.made((out) => {
    state = library.prepare(connection, sql, out);
  });
  if (state === 0 && library.nparams(statement) === 0) return statement;
  const error = library.prepare_error(statement);
  native.destroy(library.destroy_prepare, statement);
  if (state !== 0) throw engineError(error, doing);
  throw new AikoError("INVALID_ARGUMENT", {
    message: "The query has parameters, which it gets no values for",
    hint: "Write the values into the query.",
  });
}

function checkNames(names: readonly string[]): void {
  const seen = new Set<string>();
  for (const name of names) {
    if (seen.has(name)) {
      throw new AikoError("INVALID_ARGUMENT", {
        message: `The result has two columns named "${name}"`,
        hint: `Rename one of them: ... AS "${name}_1".`,
      });
    }
    seen.add(name);
  }
}

/** Reads chunks until the result ends or `most` rows might not hold another one. `isDone` tells that it ended. */
export function readTable(
  native: Native,
  result: Handle,
  { expected, most }: { readonly expected: number; readonly most: number },
  stopped: Stopped,
): { table: HostTable; isDone: boolean } {
  const { library } = native;
  const fields = resultFields(native, result);
  const readers = fields.map(({ type }) => columnReader(native, type, expected));
  const value = native.resultValue(result);
  let read = 0;
  let isDone = false;
  while (!isDone && (read === 0 || read + chunkRows <= most)) {
    if (stopped()) throw new AikoError("ABORTED", { message: "The query was aborted" });
    const chunk = library.fetch_chunk(value);
    if (chunk) read += readChunk(native, chunk, readers);
    else isDone = true;
  }
  if (isDone) {
    const error = library.result_error(result);
    if (error) throw engineError(error);
  }
  const columns = readers.map((reader) => reader.finish());
  return { table: { names: fields.map(({ name }) => name), columns, rows: read }, isDone };
}

function readChunk(native: Native, chunk: Handle, readers: readonly ColumnReader[]): number {
  const { library } = native;
  try {
    const rows = library.data_chunk_get_size(chunk);
    if (rows === 0) return 0;
    for (const [index, reader] of readers.entries()) {
      reader.append(library.data_chunk_get_vector(chunk, index), 0, rows);
    }
    return rows;
  } finally {
    native.destroy(library.destroy_data_chunk, chunk);
  }
}

/** What a table's memory consists of, to hand it to another thread. */
export function buffersOf(table: HostTable): ArrayBuffer[] {
  const buffers = new Set<ArrayBuffer>();
  const add = (view: ArrayBufferView | undefined) => {
    if (view?.buffer instanceof ArrayBuffer) buffers.add(view.buffer);
  };
  const visit = (column: HostColumn) => {
    add(column.validity);
    if (column.layout === "fixed") add(column.values);
    else if (column.layout === "dictionary") {
      add(column.codes);
      visit(column.dictionary);
    } else {
      add(column.offsets);
      if (column.layout === "text") add(column.bytes);
      else visit(column.items);
    }
  };
  for (const column of table.columns) visit(column);
  return [...buffers];
}
