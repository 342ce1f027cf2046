import type { ColumnType, Schema } from "../../core/column-type.ts";
import { AikoError, isAikoError } from "../../errors.ts";
import { columnValue } from "./column-value.ts";
import type { DuckDb, QueryOptions } from "./database.ts";
import { quoteName, quotePaths, quoteText } from "./quote.ts";
import { sqlType } from "./types.ts";

export interface CsvOptions {
  /** Default: of ",", ";", tab and "|" the one that the first line has most of. */
  readonly delimiter?: string | undefined;
  /** Default: '"'. "" where nothing is quoted. */
  readonly quote?: string | undefined;
  /** What comes before a quote inside of quotes. Default: the quote itself. */
  readonly escape?: string | undefined;
  /** Whether the first line names the columns. Default: true. */
  readonly header?: boolean | undefined;
  /** Text that stands for null. Default: "". */
  readonly nullText?: string | undefined;
  /** Types of columns, by name; those of the others are found out. */
  readonly types?: Readonly<Record<string, ColumnType>> | undefined;
  /** "utf-8" (default), "utf-16" or "latin-1". */
  readonly encoding?: string | undefined;
  /** Rows that types are found out from; -1 reads all. Default: 20,480. */
  readonly sampleRows?: number | undefined;
}

/** Settings as reading takes them back. */
export type FileSettings = Readonly<Record<string, string | number | boolean>>;

interface CsvSettings extends FileSettings {
  readonly delimiter: string;
  readonly quote: string;
  readonly encoding: string;
}

/** Dialect and types of CSV files: https://www.rfc-editor.org/rfc/rfc4180, strictly. */
export async function describeCsv(
  database: DuckDb,
  paths: readonly string[],
  options: CsvOptions,
  query: Pick<QueryOptions, "signal">,
): Promise<{ options: FileSettings; schema: Schema }> {
  const { quote = '"', header = true, nullText = "", encoding = "utf-8", sampleRows = 20_480 } = options;
  checkDialect(options.delimiter, quote);
  const first = await firstLine(database, paths[0] ?? "", encoding, query);
  const delimiter = options.delimiter ?? likelyDelimiter(first, quote);
  const settings: CsvSettings = {
    delimiter,
    quote,
    escape: options.escape ?? quote,
    header,
    nullText,
    encoding,
  };
  if (header) await checkHeaders(database, paths, settings, first, query);
  const given = Object.entries(options.types ?? {}).map(([name, type]) => ({ name, type }));
  const sample = `${candidates}, sample_size = ${Math.trunc(sampleRows)}`;
  const reader = `read_csv(${quotePaths(paths)}, ${dialect(settings)}, ${sample}${typesOf("types", given)})`;
  try {
    const found = await database.describe(`SELECT * FROM ${reader}`, query);
    const others = found.filter(({ name }) => !given.some((each) => each.name === name));
    const checked = await checkTypes(database, paths, settings, others, sampleRows, query);
    return {
      options: settings,
      schema: found.map(({ name, type }) => ({ name, type: checked.get(name) ?? type })),
    };
  } catch (error) {
    if (isAikoError(error, "INVALID_FILE") && /sniffing/.test(error.message)) {
      await findBadLine(database, paths, settings, first, query);
    }
    throw error;
  }
}

function checkDialect(delimiter: string | undefined, quote: string): void {
  if (delimiter === undefined || (delimiter !== "" && !(quote !== "" && delimiter.includes(quote)))) {
    if (quote.length <= 1) return;
  }
  throw new AikoError("INVALID_ARGUMENT", {
    message: `CSV cannot have the delimiter ${JSON.stringify(delimiter)} and the quote ${JSON.stringify(quote)}`,
    hint: "They are different; a quote is one character, a delimiter one to four.",
  });
}

/** Of one file the columns are taken by position, of several by name. */
export function readCsv(paths: readonly string[], settings: FileSettings, schema: Schema): string {
  const columns =
    paths.length === 1
      ? `auto_detect = false${typesOf("columns", schema)}`
      : `${candidates}${typesOf("types", schema)}`;
  return `read_csv(${quotePaths(paths)}, ${dialect(settings)}, ${columns})`;
}

/** Times of day have no column; whole numbers that are too long become decimals, see below. */
const candidates =
  "auto_type_candidates = ['BOOLEAN', 'BIGINT', 'DOUBLE', 'DATE', 'TIMESTAMP', 'TIMESTAMPTZ', 'VARCHAR']";

/** Everything is said, because what DuckDB finds out by itself makes sense of most broken files, silently. */
function dialect(settings: FileSettings): string {
  const texts: Readonly<Record<string, string>> = {
    delim: "delimiter",
    quote: "quote",
    escape: "escape",
    nullstr: "nullText",
    encoding: "encoding",
  };
  const said = Object.entries(texts).map(
    ([name, key]) => `${name} = ${quoteText(String(settings[key] ?? ""))}`,
  );
  const strict = "comment = '', skip = 0, strict_mode = true, null_padding = false, ignore_errors = false";
  return `${said.join(", ")}, header = ${settings["header"] !== false}, ${strict}`;
}

function typesOf(parameter: string, schema: Schema): string {
  if (schema.length === 0) return "";
  const entries = schema.map(({ name, type }) => `${quoteText(name)}: ${quoteText(sqlType(type))}`);
  return `, ${parameter} = {${entries.join(", ")}}`;
}

const unusual = "delim = '\x01', quote = '', escape = '', header = false, auto_detect = false";

async function firstLine(
  database: DuckDb,
  path: string,
  encoding: string,
  query: Pick<QueryOptions, "signal">,
): Promise<string> {
  const reader = `read_csv(${quotePaths([path])}, ${unusual}, encoding = ${quoteText(encoding)}, columns = {'line': 'VARCHAR'})`;
  const { columns } = await database.query(`SELECT line FROM ${reader} LIMIT 1`, query);
  return String(columnValue(columns[0], 0) ?? "");
}

function likelyDelimiter(line: string, quote: string): string {
  const counts = [",", ";", "\t", "|"].map((delimiter) => ({
    delimiter,
    count: cells(line, delimiter, quote).length,
  }));
  return counts.reduce((best, each) => (each.count > best.count ? each : best)).delimiter;
}

/** What one line holds. */
function cells(line: string, delimiter: string, quote: string): string[] {
  const found: string[] = [];
  let cell = "";
  let isQuoted = false;
  for (let at = 0; at < line.length; at++) {
    const character = line.charAt(at);
    if (quote !== "" && character === quote) {
      const isDoubled = isQuoted && line.charAt(at + 1) === quote;
      if (isDoubled) cell += line.charAt(++at);
      else isQuoted = !isQuoted;
    } else if (!isQuoted && line.startsWith(delimiter, at)) {
      found.push(cell);
      cell = "";
      at += delimiter.length - 1;
    } else cell += character;
  }
  return [...found, cell];
}

/** Later files must have the columns of the first, in any order. */
async function checkHeaders(
  database: DuckDb,
  paths: readonly string[],
  settings: CsvSettings,
  first: string,
  query: Pick<QueryOptions, "signal">,
): Promise<void> {
  const namesOf = (line: string) => cells(line, settings.delimiter, settings.quote);
  const names = namesOf(first);
  for (const path of paths.slice(1)) {
    const others = namesOf(await firstLine(database, path, settings.encoding, query));
    if ([...others].sort().join("\n") === [...names].sort().join("\n")) continue;
    throw new AikoError("INVALID_FILE", {
      message: `${path} has the columns ${others.join(", ")}, where ${paths[0]} has ${names.join(", ")}`,
      hint: "Read files of one schema together.",
    });
  }
}

/**
 * What DuckDB takes for a DOUBLE may be whole numbers beyond 64 bits, and for a date one whose day and month it guesses. The
 * first become decimals or texts, the others texts.
 */
async function checkTypes(
  database: DuckDb,
  paths: readonly string[],
  settings: FileSettings,
  schema: Schema,
  sampleRows: number,
  query: Pick<QueryOptions, "signal">,
): Promise<ReadonlyMap<string, ColumnType>> {
  const checks = schema.flatMap(({ name, type }) => {
    const cell = quoteName(name);
    if (type.kind === "float64") {
      const digits = `bool_and(regexp_full_match(${cell}, '\\s*[+-]?[0-9]+\\s*'))`;
      return [{ name, sql: `CASE WHEN ${digits} THEN max(length(ltrim(trim(${cell}), '+-'))) ELSE 0 END` }];
    }
    if (type.kind !== "date" && type.kind !== "timestamp") return [];
    return [
      {
        name,
        sql: `CASE WHEN count(${cell}) = count(TRY_CAST(${cell} AS ${sqlType(type)})) THEN 0 ELSE 99 END`,
      },
    ];
  });
  if (checks.length === 0) return new Map();
  const texts = `read_csv(${quotePaths(paths.slice(0, 1))}, ${dialect(settings)}, all_varchar = true)`;
  const limit = sampleRows < 0 ? "" : ` LIMIT ${Math.trunc(sampleRows)}`;
  const selected = checks.map(({ sql }, index) => `(${sql})::BIGINT AS c${index}`).join(", ");
  const { columns } = await database.query(`SELECT ${selected} FROM (SELECT * FROM ${texts}${limit})`, query);
  const changed = new Map<string, ColumnType>();
  for (const [index, { name }] of checks.entries()) {
    const length = Number(columnValue(columns[index], 0) ?? 0);
    if (length > 0)
      changed.set(name, length <= 38 ? { kind: "decimal", precision: 38, scale: 0 } : { kind: "utf8" });
  }
  return changed;
}

/** Reads all as texts to say which line is wrong, which DuckDB does not say when it finds out the types. */
async function findBadLine(
  database: DuckDb,
  paths: readonly string[],
  settings: CsvSettings,
  first: string,
  query: Pick<QueryOptions, "signal">,
): Promise<void> {
  const schema = cells(first, settings.delimiter, settings.quote).map((_, index): Schema[number] => ({
    name: `column${index}`,
    type: { kind: "utf8" },
  }));
  for (const path of paths)
    await database.query(`SELECT count(*) AS n FROM ${readCsv([path], settings, schema)}`, query);
}
