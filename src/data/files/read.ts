import { AikoError, isAikoError } from "../../errors.ts";
import { quoteText } from "../../expression/column/index.ts";
import { assertWhole, describeFiles } from "../../runtime/duckdb/index.ts";
import { readArrowTable } from "../arrow/read.ts";
import { Columns } from "../columns.ts";
import type { DataContext } from "../context.ts";
import type { PlanNode } from "../plan/node.ts";
import { scanOf, scanSource } from "../source/scan.ts";
import { concat } from "../verbs/concat.ts";
import { formatOf, type ReadFormat } from "./formats.ts";
import { assertTypes, csvOptions, type ReadOptions, typesOf } from "./read-options.ts";

/**
 * The rows of files: Parquet, CSV and NDJSON are looked at but not read. Rejects with FILE_NOT_FOUND, with INVALID_FILE for
 * what is damaged or is not what its name says, and with INVALID_ARGUMENT for options that do not go with the format.
 */
export async function readFiles(
  context: DataContext,
  given: string | readonly string[],
  options: ReadOptions,
): Promise<PlanNode> {
  const paths = [given].flat();
  const wrong = paths.find((path) => typeof path !== "string" || path === "");
  const [first] = paths;
  if (wrong !== undefined || first === undefined) {
    throw new AikoError("INVALID_ARGUMENT", { message: `${String(wrong)} is no path of a file` });
  }
  const format = options.format ?? oneFormat(paths);
  const types = typesOf(options.schema);
  const dialect = csvOptions(format, options, types);
  const plan = await described(context, paths, format, { dialect, signal: options.signal }).catch(
    (error: unknown) => {
      const name = [...types.keys()].find((one) => isAikoError(error) && error.message.includes(`"${one}"`));
      if (format !== "csv" || name === undefined || !isAikoError(error, "INVALID_ARGUMENT")) throw error;
      throw new AikoError("INVALID_ARGUMENT", {
        message: `"${first}" has no column "${name}"`,
        hint: "schema names only columns that the file has.",
        cause: error,
      });
    },
  );
  assertTypes(plan.schema, types, first);
  return plan;
}

function oneFormat(paths: readonly string[]): ReadFormat {
  const [first = "", ...others] = paths;
  const format = formatOf(first);
  const other = others.find((path) => formatOf(path) !== format);
  if (other === undefined) return format;
  throw new AikoError("INVALID_ARGUMENT", {
    message: `"${first}" and "${other}" hold different formats`,
    hint: "Read them apart and use concat.",
  });
}

interface Asked {
  readonly dialect: ReturnType<typeof csvOptions>;
  readonly signal: AbortSignal | undefined;
}

async function described(
  context: DataContext,
  paths: readonly string[],
  format: ReadFormat,
  { dialect, signal }: Asked,
): Promise<PlanNode> {
  if (format === "arrow") return inMemory(paths, (path) => readArrowTable(path, { signal }));
  const engine = await context.engine();
  if (format === "json") {
    return inMemory(paths, async (path) => {
      await assertWhole(path, signal);
      return engine.query(`SELECT * FROM read_json(${quoteText(path)}, format = 'auto')`, { signal });
    });
  }
  const files = await describeFiles(engine, { format, paths, options: dialect, signal });
  return scanSource({ kind: "files", ...files });
}

async function inMemory(paths: readonly string[], read: (path: string) => ReturnType<typeof readArrowTable>) {
  const plans: PlanNode[] = [];
  for (const path of paths) plans.push(scanOf(Columns.onHost(await read(path))));
  return concat(plans);
}
