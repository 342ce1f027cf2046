import { randomUUID } from "node:crypto";
import { realpath, rename, rm, stat } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { AikoError, toAikoError } from "../../errors.ts";
import type { DuckDb, QueryOptions } from "./database.ts";
import { quoteName, quoteText } from "./quote.ts";

export type CopyFormat = "parquet" | "csv" | "ndjson";

export interface CopyOptions extends Omit<QueryOptions, "types"> {
  readonly format: CopyFormat;
  /** Parquet: "snappy" (default), "zstd", "gzip", "lz4" or "uncompressed". CSV and NDJSON: "gzip" or "zstd". */
  readonly compression?: string | undefined;
  /** Parquet: rows of a row group. Default: 122,880. */
  readonly rowGroupRows?: number | undefined;
  /** CSV. Default: ",". */
  readonly delimiter?: string | undefined;
  /** CSV. Default: a line of column names comes first. */
  readonly header?: boolean | undefined;
  /** CSV: the text of nulls. Default: nothing. */
  readonly nullText?: string | undefined;
}

export interface CopyResult {
  readonly rows: number;
  readonly byteLength: number;
}

/** Writes beside the target and renames. */
export async function writeFile(
  database: DuckDb,
  sql: string,
  path: string,
  options: CopyOptions,
): Promise<CopyResult> {
  const target = await realpath(path).catch(() => path);
  const known = await stat(target).catch(() => undefined);
  if (known?.isDirectory()) {
    throw new AikoError("WRITE_FAILED", { message: `${path} is a folder`, hint: "Name a file in it." });
  }
  const isDirect = known !== undefined && !known.isFile();
  const name = `.${basename(target).slice(0, 100)}.${randomUUID().slice(0, 8)}.tmp`;
  const written = isDirect ? target : join(dirname(target), name);
  try {
    const { changed } = await database.execute(
      `COPY (${sql}) TO ${quoteText(written)} (${settings(options)}, USE_TMP_FILE false)`,
      { ...options, doing: "writing" },
    );
    if (isDirect) return { rows: changed, byteLength: 0 };
    const { size } = await stat(written);
    await rename(written, target).catch((error: unknown) => {
      throw toAikoError(error, "WRITE_FAILED");
    });
    return { rows: changed, byteLength: size };
  } catch (error) {
    if (!isDirect) await rm(written, { force: true });
    throw error;
  }
}

const formats: Readonly<Record<CopyFormat, string>> = { parquet: "parquet", csv: "csv", ndjson: "json" };

function settings(options: CopyOptions): string {
  const { format, compression, rowGroupRows, delimiter, header = true, nullText } = options;
  const entries: (readonly [string, string | undefined])[] = [
    ["FORMAT", quoteName(formats[format])],
    ["COMPRESSION", compression && quoteText(compression)],
  ];
  if (format === "parquet") entries.push(["ROW_GROUP_SIZE", rowGroupRows?.toFixed()]);
  if (format === "csv") {
    entries.push(["HEADER", String(header)]);
    entries.push(["DELIMITER", delimiter && quoteText(delimiter)]);
    entries.push(["NULLSTR", nullText === undefined ? undefined : quoteText(nullText)]);
  }
  return entries.flatMap(([name, value]) => (value === undefined ? [] : [`${name} ${value}`])).join(", ");
}
