import type { Schema } from "../../core/column-type.ts";
import type { Columns } from "../columns.ts";

export type FileFormat = "parquet" | "csv" | "ndjson";

/** Where a plan's rows come from: files that the CPU engine reads, or columns in memory. */
export type Source =
  | {
      readonly kind: "files";
      readonly format: FileFormat;
      readonly paths: readonly string[];
      /** As the engine takes them, checked. */
      readonly options: Readonly<Record<string, string | number | boolean>>;
      readonly schema: Schema;
      readonly byteLength: number;
      /** Where the format tells. */
      readonly rows?: number | undefined;
    }
  | { readonly kind: "memory"; readonly columns: Columns; readonly schema: Schema };
