import { binary, cast, constant, select, unary } from "../../build.ts";
import type { BinaryOperator, ConstantValue, Expression, ScalarType } from "../../expression.ts";

/** Bits of an error word. */
export const overflowFlag = 1;
export const invalidFlag = 2;

/** A 128-bit integer in two words. */
export interface Wide {
  readonly low: Expression;
  readonly high: Expression;
}

/** From the least to the greatest value an integer can be. */
export type Range = readonly [bigint, bigint];

/** What a resolved expression is in scalars. Value and valid are anything where the row is in error. */
export interface Lowered {
  /** Anything where it is not valid. */
  readonly value: Expression;
  /** The high word of a 128-bit integer, whose low one is `value`. */
  readonly high?: Expression | undefined;
  /** Three-valued logic: whether there is a value. */
  readonly valid: Expression;
  readonly overflow: Expression;
  readonly invalid: Expression;
  readonly range?: Range | undefined;
}

export const yes = constant(true, "bool");
export const no = constant(false, "bool");

export function isConstant(expression: Expression, value: ConstantValue): boolean {
  return expression.kind === "constant" && expression.value === value;
}

export function and(...parts: readonly Expression[]): Expression {
  if (parts.some((part) => isConstant(part, false))) return no;
  const left = [...new Set(parts.filter((part) => !isConstant(part, true)))];
  return left.length === 0 ? yes : left.reduce((a, b) => binary("and", a, b));
}

export function or(...parts: readonly Expression[]): Expression {
  if (parts.some((part) => isConstant(part, true))) return yes;
  const left = [...new Set(parts.filter((part) => !isConstant(part, false)))];
  return left.length === 0 ? no : left.reduce((a, b) => binary("or", a, b));
}

export function not(part: Expression): Expression {
  if (part.kind === "constant") return part.value === true ? no : yes;
  return part.kind === "unary" && part.operator === "not" ? part.operand : unary("not", part);
}

/** `binary` with a constant of the type of `a`. */
export function by(operator: BinaryOperator, a: Expression, b: number | bigint): Expression {
  return binary(operator, a, constant(b, a.type));
}

export function choose(condition: Expression, a: Expression, b: Expression): Expression {
  return a === b ? a : select(condition, a, b);
}

export function whole(value: number | bigint, type: ScalarType = "i64"): Expression {
  return constant(value, type);
}

/** With the errors of its operands, where their rows are looked at. */
export function withErrors(
  lowered: Pick<Lowered, "value" | "high" | "valid" | "range">,
  from: readonly Lowered[],
): Lowered {
  return {
    ...lowered,
    overflow: or(...from.map(({ overflow }) => overflow)),
    invalid: or(...from.map(({ invalid }) => invalid)),
  };
}

/** With an error of its own where it is valid. */
export function failing(
  lowered: Lowered,
  errors: { readonly overflow?: Expression; readonly invalid?: Expression },
): Lowered {
  return {
    ...lowered,
    overflow: or(lowered.overflow, and(lowered.valid, errors.overflow ?? no)),
    invalid: or(lowered.invalid, and(lowered.valid, errors.invalid ?? no)),
  };
}

/** Both where a condition does not hold become no errors. */
export function masked(lowered: Lowered, by: Expression): Lowered {
  return { ...lowered, overflow: and(lowered.overflow, by), invalid: and(lowered.invalid, by) };
}

/** The error word of a row, or undefined where none can be. */
export function errorOf({ overflow, invalid }: Lowered): Expression | undefined {
  if (isConstant(overflow, false) && isConstant(invalid, false)) return undefined;
  const flag = (condition: Expression, bit: number) =>
    choose(condition, constant(bit, "u32"), constant(0, "u32"));
  return binary("bitOr", flag(overflow, overflowFlag), flag(invalid, invalidFlag));
}

export function hull(...ranges: readonly (Range | undefined)[]): Range | undefined {
  const known = ranges.filter((range) => range !== undefined);
  if (known.length < ranges.length || known.length === 0) return undefined;
  return known.reduce(([a, b], [c, d]) => [a < c ? a : c, b > d ? b : d]);
}

export function within(range: Range | undefined, [low, high]: Range): boolean {
  return range !== undefined && range[0] >= low && range[1] <= high;
}

export { binary, cast, constant, unary };
