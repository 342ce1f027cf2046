import { type ColumnType, sameType, typeText } from "../../core/column-type.ts";
import { AikoError } from "../../errors.ts";
import type { LiteralValue, ResolvedExpression } from "./expression.ts";
import { folded } from "./fold.ts";
import { literalBeside, literalOf, naturalLiteral } from "./literals.ts";
import { bool, commonType } from "./types.ts";

/** An operand while its function decides on types: a literal without a type of its own takes one from what is beside it. */
export type Operand =
  | { readonly free: LiteralValue }
  | { readonly free?: undefined; readonly typed: ResolvedExpression };

/** An operand with a type: its own. */
export function settled(operand: Operand): ResolvedExpression {
  return operand.free === undefined ? operand.typed : naturalLiteral(operand.free);
}

export function isFree(operand: Operand): operand is { readonly free: LiteralValue } {
  return operand.free !== undefined;
}

/** The operand as a type: the literal as such, or a cast. */
export function asType(operand: Operand | ResolvedExpression, type: ColumnType): ResolvedExpression {
  if ("kind" in operand)
    return sameType(operand.type, type) ? operand : folded({ kind: "cast", operand, orNull: false, type });
  if (!isFree(operand)) return asType(operand.typed, type);
  if (operand.free === null) return literalOf(null, type);
  const beside = literalBeside(operand.free, type);
  return sameType(beside.type, type) ? beside : asType(beside, type);
}

/** The type that all operands can be mixed as. Throws INVALID_ARGUMENT where there is none. */
export function commonOf(operands: readonly Operand[], what: string): ColumnType {
  let common: ColumnType | undefined;
  for (const operand of operands) {
    if (isFree(operand)) continue;
    const { type } = operand.typed;
    const next: ColumnType | undefined = common === undefined ? type : commonType(common, type);
    if (next === undefined && common !== undefined) throw mixed(what, common, type);
    common = next;
  }
  const literals = operands.filter(isFree).filter(({ free }) => free !== null);
  for (const { free } of literals) {
    const { type } = common === undefined ? naturalLiteral(free) : literalBeside(free, common);
    const next: ColumnType | undefined = common === undefined ? type : commonType(common, type);
    if (next === undefined && common !== undefined) throw mixed(what, common, type);
    common = next;
  }
  return common ?? naturalLiteral(null).type;
}

function mixed(what: string, a: ColumnType, b: ColumnType): AikoError {
  return new AikoError("INVALID_ARGUMENT", {
    message: `${what} cannot mix ${typeText(a)} and ${typeText(b)}`,
    hint: `Cast one of them, as in .cast("${typeText(a)}").`,
  });
}

export function conditionOf(operand: Operand): ResolvedExpression {
  if (isFree(operand) && operand.free === null) return literalOf(null, bool);
  const typed = settled(operand);
  if (typed.type.kind === "bool") return typed;
  throw new AikoError("INVALID_ARGUMENT", {
    message: `A condition is bool, not ${typeText(typed.type)}`,
    hint: "Compare it with something, as in a > 0.",
  });
}
