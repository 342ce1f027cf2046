import { isAikoError } from "../../errors.ts";
import type { ColumnFunction, ResolvedExpression } from "./expression.ts";
import { compileOnHost } from "./host/compile.ts";
import { type Literal, literalOf } from "./literals.ts";
import { partsOfResolved } from "./parts.ts";
import { bool } from "./types.ts";

/** What is made of literals alone or decided by one of them, computed; as it is where that fails, for the row's branch may never be taken. */
export function folded(node: ResolvedExpression): ResolvedExpression {
  if (node.kind === "column" || node.kind === "literal") return node;
  if (partsOfResolved(node).every(isLiteral)) return computed(node);
  if (node.kind === "case") return foldedCase(node);
  return node.kind === "call" ? foldedCall(node) : node;
}

function isLiteral(node: ResolvedExpression): node is Literal {
  return node.kind === "literal";
}

function computed(node: ResolvedExpression): ResolvedExpression {
  try {
    return literalOf(compileOnHost(node, [])(0), node.type);
  } catch (error) {
    if (!isAikoError(error)) throw error;
    return node;
  }
}

function foldedCase(node: Extract<ResolvedExpression, { kind: "case" }>): ResolvedExpression {
  const branches = node.branches.filter(({ when }) => !isLiteral(when) || when.value === true);
  const always = branches.findIndex(({ when }) => isLiteral(when));
  const otherwise = always < 0 ? node.otherwise : (branches[always]?.then ?? node.otherwise);
  const left = always < 0 ? branches : branches.slice(0, always);
  return left.length === 0 ? otherwise : { ...node, branches: left, otherwise };
}

const ownNullRule: ReadonlySet<ColumnFunction> = new Set<ColumnFunction>([
  "isNull",
  "isNotNull",
  "isDistinctFrom",
  "isNotDistinctFrom",
  "and",
  "or",
  "coalesce",
  "least",
  "greatest",
  "concat",
  "isIn",
  "nullIf",
]);

function foldedCall(node: Extract<ResolvedExpression, { kind: "call" }>): ResolvedExpression {
  const { name, operands, type } = node;
  const literals = operands.filter(isLiteral);
  if (name === "and" && literals.some(({ value }) => value === false)) return literalOf(false, bool);
  if (name === "or" && literals.some(({ value }) => value === true)) return literalOf(true, bool);
  const first = operands[0];
  const nullFirst =
    (name === "nullIf" || name === "isIn") && first?.kind === "literal" && first.value === null;
  const strict = !ownNullRule.has(name) && literals.some(({ value }) => value === null);
  const divisor = operands[1];
  const byZero =
    (name === "floorDivide" || name === "modulo") &&
    divisor?.kind === "literal" &&
    Number(divisor.value) === 0;
  return nullFirst || strict || byZero ? literalOf(null, type) : node;
}
