import type { ColumnExpression, ResolvedExpression } from "./expression.ts";

export function partsOfColumn(node: ColumnExpression): readonly ColumnExpression[] {
  switch (node.kind) {
    case "call":
      return node.operands;
    case "cast":
      return [node.operand];
    case "case":
      return [
        ...node.branches.flatMap(({ when, then }) => [when, then]),
        ...(node.otherwise === undefined ? [] : [node.otherwise]),
      ];
    default:
      return [];
  }
}

export function partsOfResolved(node: ResolvedExpression): readonly ResolvedExpression[] {
  switch (node.kind) {
    case "call":
      return node.operands;
    case "cast":
      return [node.operand];
    case "case":
      return [...node.branches.flatMap(({ when, then }) => [when, then]), node.otherwise];
    default:
      return [];
  }
}
