import type { Columns } from "../columns.ts";
import type { NodeOf } from "./query.ts";

/** A plan that gives columns in memory. They stay their owner's. */
export function memoryScan(columns: Columns): NodeOf<"scan"> {
  const { schema } = columns;
  return { kind: "scan", source: { kind: "memory", columns, schema }, columns: [...schema.keys()], schema };
}
