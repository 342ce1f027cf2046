import type { ColumnType } from "../../core/column-type.ts";
import type { Handle } from "../../core/native.ts";
import { AikoError } from "../../errors.ts";
import { engineError } from "./errors.ts";
import type { Native } from "./native.ts";
import { quoteName } from "./quote.ts";
import { chunkRows, type Stopped, withResult } from "./result.ts";
import { createType, sqlType } from "./types.ts";
import { type SentColumn, VectorWriter } from "./vector-writer.ts";

export interface SentTable {
  readonly name: string;
  readonly fields: readonly { readonly name: string; readonly type: ColumnType }[];
  readonly columns: readonly SentColumn[];
  readonly rows: number;
}

/** Creates a table and appends the rows, a chunk at a time, in a transaction: after a failure it ends with the connection. */
export function loadTable(native: Native, connection: Handle, table: SentTable, stopped: Stopped): void {
  const { name, fields } = table;
  const columns = fields.map((field) => `${quoteName(field.name)} ${sqlType(field.type)}`).join(", ");
  for (const sql of ["BEGIN", `CREATE TABLE ${quoteName(name)} (${columns})`]) {
    withResult(native, connection, sql, () => {});
  }
  append(native, connection, table, stopped);
  withResult(native, connection, "COMMIT", () => {});
}

function append(native: Native, connection: Handle, table: SentTable, stopped: Stopped): void {
  const { library } = native;
  const appender = native.made((out) => library.appender_create(connection, null, table.name, out));
  const chunk = createChunk(native, table);
  const failed = () => engineError(library.appender_error(appender));
  let isWhole = false;
  try {
    const writers = table.columns.map((column) => new VectorWriter(native, column));
    for (let first = 0; first < table.rows; first += chunkRows) {
      if (stopped()) throw new AikoError("ABORTED", { message: "Loading a table was aborted" });
      const rows = Math.min(chunkRows, table.rows - first);
      library.data_chunk_reset(chunk);
      for (const [index, writer] of writers.entries()) {
        writer.write(library.data_chunk_get_vector(chunk, index), first, rows);
      }
      library.data_chunk_set_size(chunk, rows);
      if (library.append_data_chunk(appender, chunk) !== 0) throw failed();
    }
    if (library.appender_flush(appender) !== 0) throw failed();
    isWhole = true;
  } finally {
    native.destroy(library.destroy_data_chunk, chunk);
    if (!isWhole) library.appender_clear(appender);
    native.destroy(library.appender_destroy, appender);
  }
}

function createChunk(native: Native, { fields }: SentTable): Handle {
  const { library, memory } = native;
  const types = fields.map(({ type }) => createType(native, type));
  try {
    const list = memory.pin(new Uint8Array(BigUint64Array.from(types, BigInt).buffer));
    return library.create_data_chunk(list.address, types.length);
  } finally {
    for (const type of types) native.destroy(library.destroy_logical_type, type);
  }
}
