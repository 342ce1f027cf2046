import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import type { LibraryHandle, TypeObject } from "koffi";
import type { Koffi } from "../../core/ffi.ts";
import type { Handle } from "../../core/native.ts";
import { AikoError } from "../../errors.ts";

/** The words of a `duckdb_result`, which some functions take by value. */
export type ResultValue = Readonly<Record<string, number | bigint>>;

export interface QueryProgress {
  /** 0 to 100; negative while nothing is known. */
  readonly percentage: number;
  readonly processed: number | bigint;
  readonly total: number | bigint;
}

/**
 * The part of DuckDB's C interface that is used, by its names there without the prefix. Counts come back as numbers;
 * states are 0 where the call succeeded. https://duckdb.org/docs/stable/clients/c/api
 */
export interface DuckDbLibrary {
  library_version(): string;
  open_ext(path: string, database: Handle, config: Handle, error: Handle): number;
  close(database: Handle): void;
  create_config(config: Handle): number;
  set_config(config: Handle, name: string, value: string): number;
  destroy_config(config: Handle): void;
  connect(database: Handle, connection: Handle): number;
  disconnect(connection: Handle): void;
  interrupt(connection: Handle): void;
  query_progress(connection: Handle): QueryProgress;
  query(connection: Handle, sql: string, result: Handle): number;
  prepare(connection: Handle, sql: string, statement: Handle): number;
  pending_prepared(statement: Handle, pending: Handle): number;
  /** Works for a moment: 0 when the result is ready, 1 when it is not, 2 after an error, 3 when others do the work. */
  pending_execute_task(pending: Handle): number;
  prepare_error(statement: Handle): string | null;
  destroy_prepare(statement: Handle): void;
  nparams(statement: Handle): number;
  prepared_statement_column_count(statement: Handle): number;
  prepared_statement_column_name(statement: Handle, column: number): Handle;
  prepared_statement_column_logical_type(statement: Handle, column: number): Handle;
  pending_prepared_streaming(statement: Handle, pending: Handle): number;
  pending_error(pending: Handle): string | null;
  execute_pending(pending: Handle, result: Handle): number;
  destroy_pending(pending: Handle): void;
  result_error(result: Handle): string | null;
  destroy_result(result: Handle): void;
  row_count(result: Handle): number;
  rows_changed(result: Handle): number;
  column_count(result: Handle): number;
  column_name(result: Handle, column: number): string;
  column_logical_type(result: Handle, column: number): Handle;
  fetch_chunk(result: ResultValue): Handle | null;
  create_data_chunk(types: Handle, columns: number): Handle;
  data_chunk_get_size(chunk: Handle): number;
  data_chunk_set_size(chunk: Handle, rows: number): void;
  data_chunk_get_vector(chunk: Handle, column: number): Handle;
  data_chunk_reset(chunk: Handle): void;
  destroy_data_chunk(chunk: Handle): void;
  vector_get_data(vector: Handle): Handle;
  vector_get_validity(vector: Handle): Handle | null;
  vector_ensure_validity_writable(vector: Handle): void;
  list_vector_get_child(vector: Handle): Handle;
  list_vector_get_size(vector: Handle): number;
  list_vector_reserve(vector: Handle, items: number): number;
  list_vector_set_size(vector: Handle, items: number): number;
  get_type_id(type: Handle): number;
  decimal_width(type: Handle): number;
  decimal_scale(type: Handle): number;
  enum_internal_type(type: Handle): number;
  enum_dictionary_size(type: Handle): number;
  enum_dictionary_value(type: Handle, index: number): Handle;
  list_type_child_type(type: Handle): Handle;
  create_logical_type(id: number): Handle;
  create_decimal_type(width: number, scale: number): Handle;
  create_list_type(item: Handle): Handle;
  destroy_logical_type(type: Handle): void;
  appender_create(connection: Handle, schema: string | null, table: string, appender: Handle): number;
  appender_error(appender: Handle): string | null;
  append_data_chunk(appender: Handle, chunk: Handle): number;
  appender_flush(appender: Handle): number;
  /** Forgets what was not flushed. */
  appender_clear(appender: Handle): number;
  appender_destroy(appender: Handle): number;
  malloc(bytes: number): Handle;
  free(memory: Handle): void;
}

type Parameter = "void *" | "str" | "uint64_t" | "int" | "uint8_t" | "result";
type Result = "void *" | "str" | "void" | "uint64_t" | "int" | "uint32_t" | "uint8_t" | "progress";

const signatures: Readonly<
  Record<keyof DuckDbLibrary, readonly [result: Result, ...parameters: Parameter[]]>
> = {
  library_version: ["str"],
  open_ext: ["int", "str", "void *", "void *", "void *"],
  close: ["void", "void *"],
  create_config: ["int", "void *"],
  set_config: ["int", "void *", "str", "str"],
  destroy_config: ["void", "void *"],
  connect: ["int", "void *", "void *"],
  disconnect: ["void", "void *"],
  interrupt: ["void", "void *"],
  query_progress: ["progress", "void *"],
  query: ["int", "void *", "str", "void *"],
  prepare: ["int", "void *", "str", "void *"],
  pending_prepared: ["int", "void *", "void *"],
  pending_execute_task: ["int", "void *"],
  prepare_error: ["str", "void *"],
  destroy_prepare: ["void", "void *"],
  nparams: ["uint64_t", "void *"],
  prepared_statement_column_count: ["uint64_t", "void *"],
  prepared_statement_column_name: ["void *", "void *", "uint64_t"],
  prepared_statement_column_logical_type: ["void *", "void *", "uint64_t"],
  pending_prepared_streaming: ["int", "void *", "void *"],
  pending_error: ["str", "void *"],
  execute_pending: ["int", "void *", "void *"],
  destroy_pending: ["void", "void *"],
  result_error: ["str", "void *"],
  destroy_result: ["void", "void *"],
  row_count: ["uint64_t", "void *"],
  rows_changed: ["uint64_t", "void *"],
  column_count: ["uint64_t", "void *"],
  column_name: ["str", "void *", "uint64_t"],
  column_logical_type: ["void *", "void *", "uint64_t"],
  fetch_chunk: ["void *", "result"],
  create_data_chunk: ["void *", "void *", "uint64_t"],
  data_chunk_get_size: ["uint64_t", "void *"],
  data_chunk_set_size: ["void", "void *", "uint64_t"],
  data_chunk_get_vector: ["void *", "void *", "uint64_t"],
  data_chunk_reset: ["void", "void *"],
  destroy_data_chunk: ["void", "void *"],
  vector_get_data: ["void *", "void *"],
  vector_get_validity: ["void *", "void *"],
  vector_ensure_validity_writable: ["void", "void *"],
  list_vector_get_child: ["void *", "void *"],
  list_vector_get_size: ["uint64_t", "void *"],
  list_vector_reserve: ["int", "void *", "uint64_t"],
  list_vector_set_size: ["int", "void *", "uint64_t"],
  get_type_id: ["int", "void *"],
  decimal_width: ["uint8_t", "void *"],
  decimal_scale: ["uint8_t", "void *"],
  enum_internal_type: ["int", "void *"],
  enum_dictionary_size: ["uint32_t", "void *"],
  enum_dictionary_value: ["void *", "void *", "uint64_t"],
  list_type_child_type: ["void *", "void *"],
  create_logical_type: ["void *", "int"],
  create_decimal_type: ["void *", "uint8_t", "uint8_t"],
  create_list_type: ["void *", "void *"],
  destroy_logical_type: ["void", "void *"],
  appender_create: ["int", "void *", "str", "str", "void *"],
  appender_error: ["str", "void *"],
  append_data_chunk: ["int", "void *", "void *"],
  appender_flush: ["int", "void *"],
  appender_clear: ["int", "void *"],
  appender_destroy: ["int", "void *"],
  malloc: ["void *", "uint64_t"],
  free: ["void", "void *"],
};

/** `sizeof(duckdb_result)`. */
export const resultBytes = 48;

/** The functions of DuckDB's library, for the thread that calls this. */
export function bindDuckDb(koffi: Koffi, library: LibraryHandle): DuckDbLibrary {
  const structs: Readonly<Record<string, TypeObject>> = {
    result: koffi.struct(
      Object.fromEntries(Array.from({ length: resultBytes / 8 }, (_, index) => [`word${index}`, "uint64_t"])),
    ),
    progress: koffi.struct({ percentage: "double", processed: "uint64_t", total: "uint64_t" }),
  };
  const typeOf = (name: string) => structs[name] ?? name;
  const bound = Object.entries(signatures).map(([name, [result, ...parameters]]) => [
    name,
    library.func(`duckdb_${name}`, typeOf(result), parameters.map(typeOf)),
  ]);
  return Object.fromEntries(bound);
}

const install = "npm install @duckdb/node-api@1.5.6-r.1";

/** Path of the library inside the optional package @duckdb/node-api. Throws ENGINE_MISSING. */
export function findDuckDb(packageJson = resolveFrom(import.meta.url, "@duckdb/node-api")): string {
  const bindings = packageJson && resolveFrom(packageJson, "@duckdb/node-bindings");
  if (bindings === undefined) {
    throw new AikoError("ENGINE_MISSING", {
      message: "The CPU engine for data, the optional package @duckdb/node-api, is not installed",
      hint: `Install it: ${install}`,
    });
  }
  const { platform, arch } = process;
  const name = { win32: "duckdb.dll", darwin: "libduckdb.dylib" }[platform as string] ?? "libduckdb.so";
  for (const variant of [`${platform}-${arch}`, `${platform}-${arch}-musl`]) {
    const found = resolveFrom(bindings, `@duckdb/node-bindings-${variant}`);
    const path = found && join(dirname(found), name);
    if (path !== undefined && existsSync(path)) return path;
  }
  throw new AikoError("ENGINE_MISSING", {
    message: `@duckdb/node-api has no library for ${platform} on ${arch}`,
    hint: `Install it with its optional dependencies, on a platform it supports: ${install}`,
  });
}

function resolveFrom(place: string, name: string): string | undefined {
  try {
    return createRequire(place).resolve(`${name}/package.json`);
  } catch {
    return undefined;
  }
}
