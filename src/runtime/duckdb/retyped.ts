import type { HostTable } from "../../core/column.ts";
import { type ColumnType, physicalOf, typeText } from "../../core/column-type.ts";
import { AikoError } from "../../errors.ts";

/** The same values under other types that are held alike. */
export function retyped(table: HostTable, types: readonly ColumnType[] | undefined): HostTable {
  if (types === undefined) return table;
  const columns = table.columns.map((column, index) => {
    const type = types[index];
    if (type !== undefined && physicalOf(type) === physicalOf(column.type)) return { ...column, type };
    throw new AikoError("INVALID_ARGUMENT", {
      message: `Column "${table.names[index]}" is ${typeText(column.type)}, not ${type === undefined ? "described" : typeText(type)}`,
      hint: "Cast it in the query.",
    });
  });
  return { ...table, columns };
}
