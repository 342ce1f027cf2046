import { AikoError } from "../../errors.ts";
import type { FileFormat } from "../source/source.ts";

export type ReadFormat = FileFormat | "json" | "arrow";

const extensions: Readonly<Record<string, ReadFormat>> = {
  parquet: "parquet",
  csv: "csv",
  tsv: "csv",
  ndjson: "ndjson",
  jsonl: "ndjson",
  json: "json",
  arrow: "arrow",
  feather: "arrow",
};

/** What a path's name says it holds; compressed text ends in .gz or .zst. Throws INVALID_ARGUMENT for other names. */
export function formatOf(path: string): ReadFormat {
  const [, name = "", compression] = /\.([a-z0-9]+)(\.gz|\.zst)?$/i.exec(path) ?? [];
  const format = extensions[name.toLowerCase()];
  if (format === undefined) {
    throw new AikoError("INVALID_ARGUMENT", {
      message: `"${path}" has no ending that says what it holds`,
      hint: `Pass format, or name it .${Object.keys(extensions).join(", .")}.`,
    });
  }
  if (compression !== undefined && (format === "parquet" || format === "arrow")) {
    throw new AikoError("INVALID_ARGUMENT", {
      message: `"${path}": only text is read compressed as a whole`,
      hint: "Parquet and Arrow compress their own columns: unpack the file.",
    });
  }
  return format;
}

export function isTabbed(path: string): boolean {
  return /\.tsv(\.gz|\.zst)?$/i.test(path);
}
