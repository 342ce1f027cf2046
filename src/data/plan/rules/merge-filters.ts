import { canFail, conjunction, conjuncts } from "../expressions.ts";
import type { PlanNode } from "../node.ts";

/** Two filters become one, unless the second is only safe for the rows that the first keeps. */
export function mergeFilters(node: PlanNode): PlanNode {
  if (node.kind !== "filter" || node.input.kind !== "filter" || canFail(node.predicate)) return node;
  const { input } = node;
  const predicate = conjunction([...conjuncts(input.predicate), ...conjuncts(node.predicate)]);
  return predicate === undefined ? node : { ...node, input: input.input, predicate };
}
