import { AikoError } from "../../errors.ts";

/** A name as SQL takes it, whatever its characters. */
export function quoteName(name: string): string {
  return `"${checkText(name).replaceAll('"', '""')}"`;
}

/** A text as SQL takes it. */
export function quoteText(text: string): string {
  return `'${checkText(text).replaceAll("'", "''")}'`;
}

/** Throws INVALID_ARGUMENT for what DuckDB's C interface cannot take. */
export function checkText(text: string): string {
  if (!text.includes("\0")) return text;
  throw new AikoError("INVALID_ARGUMENT", {
    message: `${JSON.stringify(text)} holds a NUL character, which ends texts for DuckDB`,
  });
}

/** A list of files. Characters of patterns stand for themselves. */
export function quotePaths(paths: readonly string[]): string {
  return `[${paths.map((path) => quoteText(path.replace(/[*?[]/g, "[$&]"))).join(", ")}]`;
}
