import type { DType } from "../core/dtype.ts";

/** Types that kernels compute with. Narrower element types are widened when loaded and narrowed when stored. */
export type ScalarType = "f32" | "f64" | "i32" | "u32" | "i64" | "u64" | "bool";

/** Element types that are held in fewer bits than they are computed with. */
export type NarrowType = "f16" | "bf16" | "i8" | "u8" | "i16" | "u16";

export type UnaryOperator =
  | "negate"
  | "not"
  | "bitNot"
  | "abs"
  | "sign"
  | "sqrt"
  | "exp"
  | "expm1"
  | "log"
  | "log1p"
  | "log2"
  | "sin"
  | "cos"
  | "tan"
  | "asin"
  | "acos"
  | "atan"
  | "sinh"
  | "cosh"
  | "tanh"
  | "asinh"
  | "acosh"
  | "atanh"
  | "erf"
  | "floor"
  | "ceil"
  | "round"
  | "truncate"
  | "isNan"
  | "isInfinite";

export type BinaryOperator =
  | "add"
  | "subtract"
  | "multiply"
  | "divide"
  | "floorDivide"
  | "remainder"
  | "modulo"
  | "power"
  | "atan2"
  | "minimum"
  | "maximum"
  | "equal"
  | "notEqual"
  | "less"
  | "lessEqual"
  | "greater"
  | "greaterEqual"
  | "and"
  | "or"
  | "xor"
  | "bitAnd"
  | "bitOr"
  | "bitXor"
  | "shiftLeft"
  | "shiftRight";

/**
 * A scalar computed from inputs. Expressions are immutable, may share parts, and say nothing of where their inputs come
 * from: a matrix, a tensor of a network, a column. Made by the functions of `build.ts`, which check the types.
 *
 * What the operators mean, in every rendering:
 * - Integers wrap. `divide` and `remainder` truncate towards zero, `floorDivide` and `modulo` round down, so that a
 *   remainder has the sign of the dividend and a modulus that of the divisor. `x / 0` is `x` and `x % 0` is 0. `power` wraps; of a negative exponent it is
 *   `1 / x ** n`, truncated. Shift counts are taken modulo the width.
 * - Floats follow IEEE 754, rounded to the type after each operation. `remainder` is C's fmod, exact. `minimum` and `maximum` give NaN where
 *   either side is, and take -0 for less than +0. `sign` of a zero is +0, of NaN it is NaN. `round` takes halves to even. Functions are
 *   accurate to a few units in the last place, `power` too; subnormal numbers may count as zero on WebGPU.
 * - `cast` from floats to integers truncates, saturates, and takes NaN to 0; between integers it wraps; to floats it
 *   rounds to nearest; to bool it is `x != 0`; from bool it is 0 or 1.
 * - `narrow` keeps the type but rounds a float to f16 or bf16, or wraps an integer to 8 or 16 bits.
 */
export type Expression =
  | { readonly kind: "input"; readonly index: number; readonly type: ScalarType }
  | { readonly kind: "constant"; readonly value: ConstantValue; readonly type: ScalarType }
  | {
      readonly kind: "unary";
      readonly operator: UnaryOperator;
      readonly operand: Expression;
      readonly type: ScalarType;
    }
  | {
      readonly kind: "binary";
      readonly operator: BinaryOperator;
      readonly left: Expression;
      readonly right: Expression;
      readonly type: ScalarType;
    }
  | {
      readonly kind: "select";
      readonly condition: Expression;
      readonly yes: Expression;
      readonly no: Expression;
      readonly type: ScalarType;
    }
  | { readonly kind: "cast"; readonly operand: Expression; readonly type: ScalarType }
  | {
      readonly kind: "narrow";
      readonly operand: Expression;
      readonly to: NarrowType;
      readonly type: ScalarType;
    };

/** A bigint for 64-bit integers, a boolean for bool, else a number. */
export type ConstantValue = number | bigint | boolean;

/** The type that elements are computed with. */
export function computeType(dtype: DType): ScalarType {
  switch (dtype) {
    case "f16":
    case "bf16":
      return "f32";
    case "i8":
    case "i16":
      return "i32";
    case "u8":
    case "u16":
      return "u32";
    default:
      return dtype;
  }
}

export function isNarrow(dtype: DType): dtype is NarrowType {
  return dtype !== "bool" && computeType(dtype) !== dtype;
}

export function isFloat(type: ScalarType): boolean {
  return type === "f32" || type === "f64";
}

export function isInteger(type: ScalarType): boolean {
  return type === "i32" || type === "u32" || isWide(type);
}

/** 64-bit integers, which JavaScript holds as bigints. */
export function isWide(type: ScalarType): boolean {
  return type === "i64" || type === "u64";
}

/** The parts an expression is made of directly. */
export function partsOf(expression: Expression): readonly Expression[] {
  switch (expression.kind) {
    case "input":
    case "constant":
      return [];
    case "binary":
      return [expression.left, expression.right];
    case "select":
      return [expression.condition, expression.yes, expression.no];
    default:
      return [expression.operand];
  }
}

/** All different parts, each after those it is made of. */
export function nodesOf(roots: readonly Expression[]): readonly Expression[] {
  const seen = new Set<Expression>();
  const stack: { readonly node: Expression; readonly done: boolean }[] = [];
  for (const root of roots.toReversed()) stack.push({ node: root, done: false });
  const nodes: Expression[] = [];
  for (let top = stack.pop(); top !== undefined; top = stack.pop()) {
    const { node, done } = top;
    if (done) nodes.push(node);
    else if (!seen.has(node)) {
      seen.add(node);
      stack.push({ node, done: true });
      for (const part of partsOf(node).toReversed()) stack.push({ node: part, done: false });
    }
  }
  return nodes;
}
