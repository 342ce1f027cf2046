import { columnsAt, type NodeKind, type NodeOf } from "../query.ts";
import { expressionsReason } from "../reasons.ts";

export const filter: NodeKind<NodeOf<"filter">> = {
  reason: ({ input, predicate }, adapter) => expressionsReason([predicate], adapter, input.schema),
  execute: (node, wanted, query) => query.input(node, columnsAt(node, wanted)),
};
