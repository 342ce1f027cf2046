import { AikoError } from "../../errors.ts";
import { isArrowTable, tableFromArrow } from "../arrow/from-arrow.ts";
import { Columns } from "../columns.ts";
import { type SchemaInput, typesOf } from "../files/read-options.ts";
import { Table } from "../table.ts";
import { type DataRow, tableFromArrays, tableFromRows } from "../values/rows.ts";

/** Columns of what a caller has in memory. */
export async function columnsFrom(
  source: unknown,
  options: { readonly schema?: SchemaInput | undefined },
): Promise<Columns> {
  const schema = Object.fromEntries(typesOf(options.schema));
  if (source instanceof Table) return Columns.onHost(source.data);
  if (source instanceof Columns) return source.select([...source.schema.keys()]);
  if (isArrowTable(source)) return Columns.onHost(await tableFromArrow(source));
  if (Array.isArray(source)) return Columns.onHost(await tableFromRows(source as DataRow[], { schema }));
  if (typeof source === "object" && source !== null) {
    const arrays = source as Readonly<Record<string, ArrayLike<unknown>>>;
    return Columns.onHost(await tableFromArrays(arrays, { schema }));
  }
  throw new AikoError("INVALID_ARGUMENT", {
    message: `from takes rows or columns, not ${source === null ? "null" : `a ${typeof source}`}`,
    hint: "Pass [{ name: value }, ...], { name: array, ... }, or an Apache Arrow table.",
  });
}
