import { sameType } from "../../../core/column-type.ts";
import type { ResolvedExpression } from "../../../expression/column/expression.ts";
import { columnsOf, isTrivial, operandsOf, substituted } from "../expressions.ts";
import type { PlanNode } from "../node.ts";

/** A project of a project becomes one, unless that would compute something twice; one that changes nothing goes. */
export function mergeProjects(node: PlanNode): PlanNode {
  if (node.kind !== "project") return node;
  if (isIdentity(node)) return { ...node.input, schema: node.schema };
  const { input } = node;
  if (input.kind !== "project" || !input.expressions.every(isUsedOnce(node.expressions))) return node;
  const expressions = node.expressions.map((expression) => substituted(expression, input.expressions));
  return { ...node, input: input.input, expressions };
}

function isIdentity({ expressions, input }: PlanNode & { readonly kind: "project" }): boolean {
  return (
    expressions.length === input.schema.length &&
    expressions.every((part, at) => {
      const field = input.schema[at];
      return (
        part.kind === "column" && part.index === at && field !== undefined && sameType(part.type, field.type)
      );
    })
  );
}

function isUsedOnce(users: readonly ResolvedExpression[]) {
  const uses = new Map<number, number>();
  for (const user of users) {
    if (!columnsOf(user).size) continue;
    count(user, uses);
  }
  return (expression: ResolvedExpression, at: number) => isTrivial(expression) || (uses.get(at) ?? 0) <= 1;
}

function count(expression: ResolvedExpression, uses: Map<number, number>): void {
  if (expression.kind === "column") uses.set(expression.index, (uses.get(expression.index) ?? 0) + 1);
  for (const operand of operandsOf(expression)) count(operand, uses);
}
