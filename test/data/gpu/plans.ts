import type { Field } from "#src/core/column-type.js";
import { Columns } from "#src/data/columns.js";
import { memoryScan } from "#src/data/gpu/memory-scan.js";
import type { PlanNode } from "#src/data/plan/node.js";
import type { ResolvedExpression } from "#src/expression/column/expression.js";
import { type Cells, tableOf } from "./tables.js";

export function scanOf(schema: readonly Field[], columns: readonly Cells[], encoded = false): PlanNode {
  return memoryScan(Columns.onHost(tableOf(schema, columns, encoded)));
}

export function at({ schema }: PlanNode, index: number): ResolvedExpression {
  const field = schema[index];
  if (field === undefined) throw new Error(`no column ${index}`);
  return { kind: "column", index, type: field.type };
}
