import { stat } from "node:fs/promises";
import type { Schema } from "../../core/column-type.ts";
import { nearbyFile } from "../../core/nearby-file.ts";
import { AikoError } from "../../errors.ts";
import { columnValue } from "./column-value.ts";
import { assertWhole } from "./compressed.ts";
import { type CsvOptions, describeCsv, type FileSettings, readCsv } from "./csv-files.ts";
import type { DuckDb, QueryOptions } from "./database.ts";
import { quoteName, quotePaths, quoteText } from "./quote.ts";
import { sqlType } from "./types.ts";

export type FileFormat = "parquet" | "csv" | "ndjson";

/** Files that queries can read. */
export interface FileTable {
  readonly format: FileFormat;
  /** The files themselves, patterns expanded. */
  readonly paths: readonly string[];
  readonly options: FileSettings;
  readonly schema: Schema;
}

export interface FileDescription extends FileTable {
  readonly byteLength: number;
  /** Where the format tells. */
  readonly rows?: number | undefined;
}

export interface FileRequest extends Pick<QueryOptions, "signal"> {
  readonly format: FileFormat;
  /** Files, or patterns with `*`, `**`, `?` and `[...]`. */
  readonly paths: readonly string[];
  readonly options?: CsvOptions | undefined;
}

/**
 * Looks at files once: names, types and sizes. Rejects with FILE_NOT_FOUND, and with INVALID_FILE for files that are empty, cut
 * off, of another format or of different schemas. Columns whose types no column of ours has come as texts.
 */
export async function describeFiles(database: DuckDb, request: FileRequest): Promise<FileDescription> {
  const { format, signal, options = {} } = request;
  const paths = await expand(database, request);
  const sizes = await Promise.all(paths.map(sizeOf));
  const byteLength = sizes.reduce((sum, size) => sum + size, 0);
  for (const path of paths) await assertWhole(path, signal);
  if (format === "csv") {
    return { format, paths, byteLength, ...(await describeCsv(database, paths, options, { signal })) };
  }
  const reader = `${readers[format]}(${quotePaths(paths)}${format === "ndjson" ? ndjson : ""})`;
  const fields = await database.describeAll(`SELECT * FROM ${reader}`, { signal });
  const asText = fields.filter(({ isForeign }) => isForeign).map(({ name }) => name);
  const schema = fields.map(({ name, type }) => ({ name, type }));
  const settings: FileSettings = asText.length === 0 ? {} : { asText: JSON.stringify(asText) };
  const rows = format === "parquet" ? await parquetRows(database, paths, signal) : undefined;
  return { format, paths, options: settings, schema, byteLength, rows };
}

/** The files as SQL takes a table: `SELECT * FROM ${fileSql(files)}`. */
export function fileSql({ format, paths, options, schema }: FileTable): string {
  if (format === "csv") return readCsv(paths, options, schema);
  if (format === "ndjson") {
    const columns = schema.map(({ name, type }) => `${quoteText(name)}: ${quoteText(sqlType(type))}`);
    return `read_json(${quotePaths(paths)}${ndjson}, columns = {${columns.join(", ")}})`;
  }
  const reader = `read_parquet(${quotePaths(paths)})`;
  const asText: unknown = JSON.parse(String(options["asText"] ?? "[]"));
  if (!Array.isArray(asText) || asText.length === 0) return reader;
  const casts = asText.map(
    (name) => `CAST(${quoteName(String(name))} AS VARCHAR) AS ${quoteName(String(name))}`,
  );
  return `(SELECT * REPLACE (${casts.join(", ")}) FROM ${reader})`;
}

const readers: Readonly<Record<FileFormat, string>> = {
  parquet: "read_parquet",
  csv: "read_csv",
  ndjson: "read_json",
};

const ndjson = ", format = 'newline_delimited', ignore_errors = false";

async function expand(database: DuckDb, { paths, signal }: FileRequest): Promise<string[]> {
  const found: string[] = [];
  for (const path of paths) {
    if (/[*?[]/.test(path) && !(await isThere(path))) {
      const table = await database.query(`SELECT file FROM glob(${quoteText(path)}) ORDER BY file`, {
        signal,
      });
      if (table.rows === 0) throw await notFound(path, true);
      for (let row = 0; row < table.rows; row++) found.push(String(columnValue(table.columns[0], row)));
    } else if (await isThere(path)) found.push(path);
    else throw await notFound(path, false);
  }
  if (found.length > 0) return found;
  throw new AikoError("INVALID_ARGUMENT", {
    message: "No files are named",
    hint: "Give a path or a pattern.",
  });
}

function isThere(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}

async function notFound(path: string, isPattern: boolean): Promise<AikoError> {
  if (isPattern) return new AikoError("FILE_NOT_FOUND", { message: `No file matches ${path}` });
  const near = await nearbyFile(path);
  return new AikoError("FILE_NOT_FOUND", {
    message: `There is no file ${path}`,
    hint: near === undefined ? "Check the path." : `Did you mean ${near}?`,
  });
}

async function sizeOf(path: string): Promise<number> {
  const file = await stat(path);
  if (file.isDirectory()) {
    throw new AikoError("INVALID_FILE", {
      message: `${path} is a folder`,
      hint: "Name its files with a pattern, such as folder/*.parquet.",
    });
  }
  if (file.size === 0) throw new AikoError("INVALID_FILE", { message: `${path} is empty` });
  return file.size;
}

async function parquetRows(database: DuckDb, paths: readonly string[], signal: AbortSignal | undefined) {
  const sql = `SELECT sum(num_rows)::BIGINT AS rows FROM parquet_file_metadata(${quotePaths(paths)})`;
  const { columns } = await database.query(sql, { signal });
  return Number(columnValue(columns[0], 0));
}
