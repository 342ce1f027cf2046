import { type ColumnType, typeText } from "../../core/column-type.ts";
import { AikoError } from "../../errors.ts";
import type { ColumnFunction, ResolvedExpression } from "./expression.ts";
import type { Operand } from "./operand.ts";

/** The typed call of a function. Throws INVALID_ARGUMENT for operands that it does not take. */
export type Rule = (name: ColumnFunction, operands: readonly Operand[]) => ResolvedExpression;

export const call = (
  name: ColumnFunction,
  operands: readonly ResolvedExpression[],
  type: ColumnType,
): ResolvedExpression => ({
  kind: "call",
  name,
  operands,
  type,
});

export function refused(name: string, takes: string, ...types: readonly ColumnType[]): AikoError {
  return new AikoError("INVALID_ARGUMENT", {
    message: `${name} takes ${takes}, not ${types.map(typeText).join(" and ")}`,
    hint: "Cast the operand first.",
  });
}
