import type { PlanNode } from "../../plan/node.ts";
import { columnsAt, type NodeKind, type NodeOf } from "../query.ts";
import { slicedRows } from "../row-list.ts";

export const limit: NodeKind<NodeOf<"limit">> = {
  reason: () => undefined,
  execute: async (node, wanted, query) => {
    const { count, offset } = node;
    using input = await query.input(firstOf(node.input, offset + count), columnsAt(node.input, wanted));
    const first = Math.min(offset, input.rows);
    const rows = Math.min(count, input.rows - first);
    return rows === input.rows ? input.pick(wanted.map((_, at) => at)) : slicedRows(input, first, rows);
  },
};

/** A sort of which no more than the first rows are needed. */
function firstOf(node: PlanNode, count: number): PlanNode {
  if (node.kind !== "sort") return node;
  return { ...node, limit: Math.min(count, node.limit ?? count) };
}
