import type { BinaryOperator } from "../ast.ts";
import type { Data } from "../evaluate/value.ts";
import type { Expression } from "../ir.ts";
import { bool, elementScalar, i32, type Type, typeName, u32 } from "../types.ts";
import { pair } from "./types.ts";

/** Short ways to write lowered expressions. All take the place of the expression they stand for. */
export function constant(type: Type, data: Data, like: Expression): Expression {
  return { kind: "constant", type, data, span: like.span };
}

export function construct(type: Type, args: readonly Expression[], like: Expression): Expression {
  return { kind: "construct", args, type, span: like.span };
}

export function convert(type: Type, operand: Expression): Expression {
  return operand.type === type ? operand : { kind: "convert", operand, type, span: operand.span };
}

export function bitcast(type: Type, operand: Expression): Expression {
  return operand.type === type ? operand : { kind: "bitcast", operand, type, span: operand.span };
}

export function builtin(
  name: string,
  type: Type,
  ...args: readonly [Expression, ...Expression[]]
): Expression {
  return { kind: "builtin", name, args, type, span: args[0].span };
}

export function binary(
  operator: BinaryOperator,
  left: Expression,
  right: Expression,
  type: Type,
): Expression {
  return { kind: "binary", operator, left, right, type, span: left.span };
}

export function not(operand: Expression): Expression {
  return { kind: "unary", operator: "!", operand, type: bool, span: operand.span };
}

export function low(operand: Expression): Expression {
  return component(operand, 0, u32);
}

export function component(base: Expression, at: number, type: Type): Expression {
  return { kind: "index", base, index: constant(i32, at, base), type, span: base.span };
}

/** One of the components that a lowered value has, a scalar itself where it is one. */
export function part(value: Expression, original: Type, at: number): Expression {
  if (original.kind !== "vector") return value;
  return component(value, at, value.type.kind === "array" ? pair : original.element);
}

export function words(lowWord: Expression, highWord: Expression): Expression {
  return construct(pair, [lowWord, highWord], lowWord);
}

/** A type in a function's name: i64, u32x3. */
export function label(type: Type): string {
  const scalar = elementScalar(type);
  return type.kind === "vector" && scalar !== undefined ? `${scalar.name}x${type.size}` : typeName(type);
}
