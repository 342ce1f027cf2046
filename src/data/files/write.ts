import { stat } from "node:fs/promises";
import { AikoError } from "../../errors.ts";
import { quoteName } from "../../expression/column/index.ts";
import { abortError } from "../../runtime/index.ts";
import { writeArrowBatches } from "../arrow/write.ts";
import type { DataContext } from "../context.ts";
import type { PlanNode } from "../plan/node.ts";
import { optimize } from "../plan/optimize.ts";
import { preparedSql } from "../run/prepared.ts";
import { streamed } from "../run/stream.ts";

export interface WriteOptions {
  readonly signal?: AbortSignal | undefined;
  /** Called with what is done, from 0 to 1. */
  readonly onProgress?: ((fraction: number) => void) | undefined;
  /** Of Parquet "zstd" (the default), "snappy", "gzip", "lz4" or "uncompressed"; of text "gzip" or "zstd". */
  readonly compression?: "zstd" | "snappy" | "gzip" | "lz4" | "uncompressed" | undefined;
  /** Of Parquet: rows in a group. */
  readonly rowGroupRows?: number | undefined;
  /** Of CSV: default a comma. */
  readonly delimiter?: string | undefined;
  /** Of CSV: a first line of names. Default true. */
  readonly header?: boolean | undefined;
}

export interface Written {
  readonly rows: number;
  readonly byteLength: number;
}

export type WriteFormat = "parquet" | "csv" | "ndjson" | "arrow";

/** Writes a plan's rows, in bounded memory, to a file that is there whole or not at all. */
export async function writeFile(
  context: DataContext,
  plan: PlanNode,
  path: string,
  format: WriteFormat,
  options: WriteOptions,
): Promise<Written> {
  if (typeof path !== "string" || path === "") {
    throw new AikoError("INVALID_ARGUMENT", { message: `${String(path)} is no path to write to` });
  }
  if (options.signal?.aborted) throw abortError(options.signal, "data.write");
  const best = optimize(plan);
  if (format === "arrow") return writeArrow(context, best, path, options.signal);
  assertNames(plan, format);
  const engine = await context.engine();
  const names = plan.schema.map(({ name }, at) => `c${at} AS ${quoteName(name)}`).join(", ");
  const sql = `SELECT ${names} FROM (${await preparedSql(context, best)})`;
  const { compression = format === "parquet" ? "zstd" : undefined, ...rest } = options;
  return engine.copyTo(sql, path, { ...rest, compression, format });
}

async function writeArrow(
  context: DataContext,
  plan: PlanNode,
  path: string,
  signal: AbortSignal | undefined,
): Promise<Written> {
  let rows = 0;
  async function* counted() {
    for await (const batch of streamed(context, plan, { signal })) {
      rows += batch.rows;
      yield batch;
    }
  }
  await writeArrowBatches(path, plan.schema, counted(), { signal });
  const { size } = await stat(path);
  return { rows, byteLength: size };
}

/** DuckDB and others tell names apart without regard to case. */
function assertNames(plan: PlanNode, format: WriteFormat): void {
  const seen = new Map<string, string>();
  for (const { name } of plan.schema) {
    const other = seen.get(name.toLowerCase());
    if (other !== undefined) {
      throw new AikoError("INVALID_ARGUMENT", {
        message: `A ${format} file cannot have both "${other}" and "${name}"`,
        hint: "Rename one of them, or write an Arrow file.",
      });
    }
    seen.set(name.toLowerCase(), name);
  }
}
