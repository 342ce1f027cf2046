import type { ResolvedExpression } from "../../../expression/column/expression.ts";
import { mapAggregate, mapExpression, mapKey } from "../expressions.ts";
import type { PlanNode } from "../node.ts";

/** Computes what depends on no column, as far as that is exact; a filter that always holds goes. */
export function foldConstants(node: PlanNode): PlanNode {
  switch (node.kind) {
    case "filter": {
      const predicate = folded(node.predicate);
      if (predicate.kind === "literal" && predicate.value === true) return node.input;
      if (predicate.kind === "literal") {
        return { kind: "limit", schema: node.schema, input: node.input, count: 0, offset: 0 };
      }
      return { ...node, predicate };
    }
    case "project":
      return { ...node, expressions: node.expressions.map(folded) };
    case "aggregate":
      return {
        ...node,
        keys: node.keys.map(folded),
        aggregates: node.aggregates.map((aggregate) => mapAggregate(aggregate, folded)),
      };
    case "sort": {
      const keys = node.keys
        .map((key) => mapKey(key, folded))
        .filter(({ expression }) => expression.kind !== "literal");
      if (keys.length > 0) return { ...node, keys };
      if (node.limit === undefined) return node.input;
      return { kind: "limit", schema: node.schema, input: node.input, count: node.limit, offset: 0 };
    }
    default:
      return node;
  }
}

function folded(expression: ResolvedExpression): ResolvedExpression {
  return mapExpression(expression, foldOne);
}

function foldOne(expression: ResolvedExpression): ResolvedExpression {
  if (expression.kind === "case") return foldCase(expression);
  if (expression.kind !== "call") return expression;
  const { name, operands } = expression;
  if (name === "and" || name === "or") return foldLogic(expression, name === "and");
  const [first, second] = operands;
  if (first?.kind !== "literal") return expression;
  if (name === "not") return truth(expression, first.value === null ? null : first.value !== true);
  if (name === "isNull") return truth(expression, first.value === null);
  if (name === "isNotNull") return truth(expression, first.value !== null);
  if (name === "coalesce") {
    if (first.value !== null) return first;
    const rest = operands.slice(1);
    return rest.length === 1 ? (rest[0] ?? expression) : { ...expression, operands: rest };
  }
  if (second?.kind !== "literal" || operands.length !== 2) return expression;
  return foldIntegers(expression, first.value, second.value);
}

function truth(expression: ResolvedExpression, value: boolean | null): ResolvedExpression {
  return { kind: "literal", value, type: expression.type };
}

type Call = ResolvedExpression & { readonly kind: "call" };

/** `neutral` is what changes nothing: true for `and`. */
function foldLogic(expression: Call, neutral: boolean): ResolvedExpression {
  const isLiteral = (operand: ResolvedExpression, value: boolean) =>
    operand.kind === "literal" && operand.value === value;
  if (expression.operands.some((operand) => isLiteral(operand, !neutral))) return truth(expression, !neutral);
  const operands = expression.operands.filter((operand) => !isLiteral(operand, neutral));
  const [only] = operands;
  if (only === undefined) return truth(expression, neutral);
  return operands.length === 1 ? only : { ...expression, operands };
}

function foldCase(expression: ResolvedExpression & { readonly kind: "case" }): ResolvedExpression {
  const branches = [];
  let { otherwise } = expression;
  for (const branch of expression.branches) {
    if (branch.when.kind !== "literal") branches.push(branch);
    else if (branch.when.value === true) {
      otherwise = branch.then;
      break;
    }
  }
  return branches.length === 0 ? otherwise : { ...expression, branches, otherwise };
}

const comparisons: Readonly<Record<string, (a: bigint, b: bigint) => boolean>> = {
  equal: (a, b) => a === b,
  notEqual: (a, b) => a !== b,
  less: (a, b) => a < b,
  lessEqual: (a, b) => a <= b,
  greater: (a, b) => a > b,
  greaterEqual: (a, b) => a >= b,
};

const arithmetic: Readonly<Record<string, (a: bigint, b: bigint) => bigint>> = {
  add: (a, b) => a + b,
  subtract: (a, b) => a - b,
  multiply: (a, b) => a * b,
};

/** Whole numbers only: they are exact. What does not fit stays, so that it fails where it is computed. */
function foldIntegers(expression: Call, left: unknown, right: unknown): ResolvedExpression {
  const types = expression.operands.map(({ type }) => type.kind);
  if (!types.every((kind) => /^u?int\d+$/.test(kind))) return expression;
  const [a, b] = [whole(left), whole(right)];
  if (a === undefined || b === undefined) return expression;
  const compare = comparisons[expression.name];
  if (compare !== undefined) return truth(expression, compare(a, b));
  const compute = arithmetic[expression.name];
  if (compute === undefined || expression.type.kind !== "int64") return expression;
  const value = compute(a, b);
  return BigInt.asIntN(64, value) === value ? { kind: "literal", value, type: expression.type } : expression;
}

function whole(value: unknown): bigint | undefined {
  if (typeof value === "bigint") return value;
  return typeof value === "number" && Number.isSafeInteger(value) ? BigInt(value) : undefined;
}
