import { sameType } from "../../core/column-type.ts";
import { branchOf } from "../../expression/column/branch.ts";
import type { Aggregate, ResolvedExpression, SortKey } from "../../expression/column/expression.ts";

/** What an expression is computed from, left to right. */
export function operandsOf(expression: ResolvedExpression): readonly ResolvedExpression[] {
  switch (expression.kind) {
    case "call":
      return expression.operands;
    case "case":
      return [...expression.branches.flatMap((branch) => [branch.when, branch.then]), expression.otherwise];
    case "cast":
      return [expression.operand];
    default:
      return [];
  }
}

/** Rebuilds an expression from its leaves up. */
export function mapExpression(
  expression: ResolvedExpression,
  rewrite: (expression: ResolvedExpression) => ResolvedExpression,
): ResolvedExpression {
  const inner = (operand: ResolvedExpression) => mapExpression(operand, rewrite);
  switch (expression.kind) {
    case "call":
      return rewrite({ ...expression, operands: expression.operands.map(inner) });
    case "case":
      return rewrite({
        ...expression,
        branches: expression.branches.map((branch) => branchOf(inner(branch.when), inner(branch.then))),
        otherwise: inner(expression.otherwise),
      });
    case "cast":
      return rewrite({ ...expression, operand: inner(expression.operand) });
    default:
      return rewrite(expression);
  }
}

/** The positions it reads. */
export function columnsOf(expression: ResolvedExpression, into = new Set<number>()): Set<number> {
  if (expression.kind === "column") into.add(expression.index);
  for (const operand of operandsOf(expression)) columnsOf(operand, into);
  return into;
}

/** The same over columns at other positions. */
export function moved(expression: ResolvedExpression, to: (index: number) => number): ResolvedExpression {
  return mapExpression(expression, (part) =>
    part.kind === "column" ? { ...part, index: to(part.index) } : part,
  );
}

/** The same over what columns are computed from. */
export function substituted(
  expression: ResolvedExpression,
  columns: readonly ResolvedExpression[],
): ResolvedExpression {
  return mapExpression(expression, (part) => (part.kind === "column" ? (columns[part.index] ?? part) : part));
}

export function mapKey(
  key: SortKey<ResolvedExpression>,
  rewrite: (expression: ResolvedExpression) => ResolvedExpression,
): SortKey<ResolvedExpression> {
  return { ...key, expression: rewrite(key.expression) };
}

export function mapAggregate(
  aggregate: Aggregate<ResolvedExpression>,
  rewrite: (expression: ResolvedExpression) => ResolvedExpression,
): Aggregate<ResolvedExpression> {
  const { operand } = aggregate;
  return operand === undefined ? aggregate : { ...aggregate, operand: rewrite(operand) };
}

/** The parts of a conjunction. */
export function conjuncts(predicate: ResolvedExpression): readonly ResolvedExpression[] {
  if (predicate.kind !== "call" || predicate.name !== "and") return [predicate];
  return predicate.operands.flatMap(conjuncts);
}

/** One predicate that holds where all do; undefined for none. */
export function conjunction(parts: readonly ResolvedExpression[]): ResolvedExpression | undefined {
  return parts.length === 0
    ? undefined
    : parts.reduce((left, right) => ({
        kind: "call",
        name: "and",
        operands: [left, right],
        type: { kind: "bool" },
      }));
}

const safe: ReadonlySet<string> = new Set([
  "equal",
  "notEqual",
  "less",
  "lessEqual",
  "greater",
  "greaterEqual",
  "isDistinctFrom",
  "isNotDistinctFrom",
  "isNull",
  "isNotNull",
  "and",
  "or",
  "not",
  "isIn",
  "coalesce",
  "nullIf",
  "startsWith",
  "endsWith",
  "contains",
  "like",
  "ilike",
  "length",
  "byteLength",
  "isNan",
  "isFinite",
]);

const integerBits: Readonly<Record<string, number>> = {
  int8: 7,
  uint8: 8,
  int16: 15,
  uint16: 16,
  int32: 31,
  uint32: 32,
  int64: 63,
  uint64: 64,
};

/** Whether a value of some row could make it throw: it must not be computed for rows that a filter leaves out. */
export function canFail(expression: ResolvedExpression): boolean {
  if (expression.kind === "call" && !safe.has(expression.name)) return true;
  if (expression.kind === "cast" && !expression.orNull) {
    const from = expression.operand.type;
    const { type } = expression;
    const widens = (integerBits[from.kind] ?? 99) <= (integerBits[type.kind] ?? 0);
    const isExact = sameType(from, type) || type.kind === "utf8" || type.kind === "float64";
    const isUnsignedOfSigned = type.kind.startsWith("uint") && !from.kind.startsWith("uint");
    if (isUnsignedOfSigned || from.kind === "utf8" || !(widens || isExact)) return true;
  }
  return operandsOf(expression).some(canFail);
}

/** Whether computing it twice costs nothing to speak of. */
export function isTrivial(expression: ResolvedExpression): boolean {
  return expression.kind === "column" || expression.kind === "literal";
}

/** Equal texts mean equal expressions. */
export function expressionKey(expression: ResolvedExpression): string {
  return JSON.stringify(expression, (_, value: unknown) => (typeof value === "bigint" ? `${value}n` : value));
}
