import { type ColumnType, type Schema, typeText } from "../../core/column-type.ts";
import { AikoError } from "../../errors.ts";
import { parseType } from "../../expression/column/index.ts";
import type { CsvOptions } from "../../runtime/duckdb/index.ts";
import type { ReadFormat } from "./formats.ts";

/** Types by column name: text such as "int64" or "decimal(12, 2)", or a `ColumnType`. */
export type SchemaInput = Readonly<Record<string, string | ColumnType>>;

/** The dialect is of CSV files only. */
export interface ReadOptions<T extends SchemaInput = SchemaInput> extends Omit<CsvOptions, "types"> {
  /** Default: what the name's ending says. */
  readonly format?: ReadFormat | undefined;
  /** Columns that the files must have, with these types; CSV is read as them. */
  readonly schema?: T | undefined;
  readonly signal?: AbortSignal | undefined;
}

const dialect = ["delimiter", "quote", "escape", "header", "nullText", "encoding", "sampleRows"] as const;

/** Options for the engine. Throws INVALID_ARGUMENT for those of another format. */
export function csvOptions(
  format: ReadFormat,
  options: ReadOptions,
  types: ReadonlyMap<string, ColumnType>,
): CsvOptions {
  if (format === "csv") {
    const entries = dialect.map((name) => [name, options[name]]).filter(([, value]) => value !== undefined);
    return { ...Object.fromEntries(entries), types: Object.fromEntries(types) };
  }
  const wrong = dialect.find((name) => options[name] !== undefined);
  if (wrong === undefined) return {};
  throw new AikoError("INVALID_ARGUMENT", {
    message: `read: ${wrong} is an option of CSV files, not of ${format}`,
    hint: "Leave it out, or pass format.",
  });
}

export function typesOf(schema: SchemaInput | undefined): ReadonlyMap<string, ColumnType> {
  const entries = Object.entries(schema ?? {});
  return new Map(entries.map(([name, type]) => [name, typeof type === "string" ? parseType(type) : type]));
}

/** Throws INVALID_ARGUMENT where files have other columns or types than were named. */
export function assertTypes(found: Schema, wanted: ReadonlyMap<string, ColumnType>, path: string): void {
  for (const [name, type] of wanted) {
    const field = found.find((one) => one.name === name);
    if (field === undefined) {
      throw new AikoError("INVALID_ARGUMENT", {
        message: `"${path}" has no column "${name}"`,
        hint: `It has ${found.map((one) => one.name).join(", ")}.`,
      });
    }
    if (typeText(field.type) === typeText(type)) continue;
    throw new AikoError("INVALID_ARGUMENT", {
      message: `"${path}": "${name}" is ${typeText(field.type)}, not ${typeText(type)}`,
      hint: "Leave it out of schema, and cast it in derive.",
    });
  }
}
