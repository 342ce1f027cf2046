import type { Columns } from "../columns.ts";
import type { PlanNode } from "../plan/node.ts";
import type { Source } from "./source.ts";

/** All columns of a source. */
export function scanSource(source: Source): PlanNode {
  return { kind: "scan", schema: source.schema, source, columns: source.schema.map((_, at) => at) };
}

export function scanOf(columns: Columns): PlanNode {
  return scanSource({ kind: "memory", columns, schema: columns.schema });
}
