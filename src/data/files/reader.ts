import { quoteName } from "../../expression/column/index.ts";
import { fileSql } from "../../runtime/duckdb/index.ts";
import type { SourceSql } from "../duckdb/plan-sql.ts";
import type { Source } from "../source/source.ts";

type Files = Source & { readonly kind: "files" };

/** Columns that the engine adds to Parquet files: counting rows in their order costs half the time of a sort. */
const virtual: ReadonlySet<string> = new Set(["file_index", "file_row_number"]);

export function readerSql(source: Files): SourceSql {
  const names = source.schema.map(({ name }) => name);
  const from = fileSql(source);
  const isHidden = !from.startsWith("read_parquet") || names.some((name) => virtual.has(name.toLowerCase()));
  return {
    from,
    columns: names.map(quoteName),
    ...(isHidden ? {} : { rowNumber: "(file_index << 40) | file_row_number" }),
  };
}
