/** Types that kernels compute with. Narrower element types are widened when loaded and narrowed when stored. */
export type ScalarType = "f32" | "f64" | "i32" | "u32" | "i64" | "u64" | "bool";

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
 */
export type Expression =
  | { readonly kind: "input"; readonly index: number; readonly type: ScalarType }
  | { readonly kind: "constant"; readonly value: number | bigint | boolean; readonly type: ScalarType }
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
  | { readonly kind: "cast"; readonly operand: Expression; readonly type: ScalarType };
