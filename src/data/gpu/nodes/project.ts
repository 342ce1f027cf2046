import { columnsAt, type NodeKind, type NodeOf } from "../query.ts";
import { expressionsReason } from "../reasons.ts";

export const project: NodeKind<NodeOf<"project">> = {
  reason: ({ input, expressions }, adapter) => expressionsReason(expressions, adapter, input.schema),
  execute: (node, wanted, query) => query.input(node, columnsAt(node, wanted)),
};
