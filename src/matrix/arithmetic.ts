import type { DType } from "../core/dtype.ts";
import { binary, constant, convert, input, select, unary } from "../expression/build.ts";
import * as composed from "../expression/composed.ts";
import {
  type BinaryOperator,
  computeType,
  type Expression,
  type UnaryOperator,
} from "../expression/expression.ts";
import type { Runtime } from "../runtime/index.ts";
import { toMatrix } from "./input.ts";
import { elementwiseOf, lazyMatrix, type Operand, toDType } from "./lazy.ts";
import type { Matrix } from "./matrix.ts";

/** Of the elements of one matrix, in its own type. */
export type UnaryFunction = <D extends DType>(x: Operand<D>) => Matrix<D>;
/** Of two matrices of one type that are broadcast to one shape; one of them may be a number. */
export type BinaryFunction = <D extends DType>(a: Operand<D>, b: Operand<D>) => Matrix<D>;
export type TestFunction = (x: Operand) => Matrix<"bool">;
export type ComparisonFunction = <D extends DType>(a: Operand<D>, b: Operand<D>) => Matrix<"bool">;

const unaryOperators = {
  neg: "negate",
  bitNot: "bitNot",
  abs: "abs",
  sign: "sign",
  sqrt: "sqrt",
  exp: "exp",
  expm1: "expm1",
  log: "log",
  log1p: "log1p",
  log2: "log2",
  sin: "sin",
  cos: "cos",
  tan: "tan",
  asin: "asin",
  acos: "acos",
  atan: "atan",
  sinh: "sinh",
  cosh: "cosh",
  tanh: "tanh",
  asinh: "asinh",
  acosh: "acosh",
  atanh: "atanh",
  erf: "erf",
  floor: "floor",
  ceil: "ceil",
  round: "round",
  trunc: "truncate",
} as const satisfies Readonly<Record<string, UnaryOperator>>;

const composedFunctions = {
  reciprocal: composed.reciprocal,
  square: composed.square,
  relu: composed.relu,
  sigmoid: composed.sigmoid,
  silu: composed.silu,
  softplus: composed.softplus,
} as const satisfies Readonly<Record<string, (x: Expression) => Expression>>;

const binaryOperators = {
  add: "add",
  sub: "subtract",
  mul: "multiply",
  div: "divide",
  floorDivide: "floorDivide",
  remainder: "remainder",
  mod: "modulo",
  pow: "power",
  atan2: "atan2",
  minimum: "minimum",
  maximum: "maximum",
  bitAnd: "bitAnd",
  bitOr: "bitOr",
  bitXor: "bitXor",
  shiftLeft: "shiftLeft",
  shiftRight: "shiftRight",
} as const satisfies Readonly<Record<string, BinaryOperator>>;

const comparisonOperators = {
  equal: "equal",
  notEqual: "notEqual",
  less: "less",
  lessEqual: "lessEqual",
  greater: "greater",
  greaterEqual: "greaterEqual",
  logicalAnd: "and",
  logicalOr: "or",
  logicalXor: "xor",
} as const satisfies Readonly<Record<string, BinaryOperator>>;

const testFunctions = {
  isNan: (x: Expression) => unary("isNan", x),
  isInfinite: (x: Expression) => unary("isInfinite", x),
  isFinite: composed.finite,
  logicalNot: (x: Expression) => unary("not", x),
} as const;

type Named<Keys, F> = { readonly [K in keyof Keys]: F };

/**
 * Arithmetic, element by element. The functions describe: they return a lazy matrix at once, and throw
 * INVALID_ARGUMENT for operands that do not fit. What operators mean for each type is said in docs/matrix.md.
 */
export interface Arithmetic
  extends Named<typeof unaryOperators, UnaryFunction>,
    Named<typeof composedFunctions, UnaryFunction>,
    Named<typeof binaryOperators, BinaryFunction>,
    Named<typeof comparisonOperators, ComparisonFunction>,
    Named<typeof testFunctions, TestFunction> {
  /** `x * Phi(x)`; by the approximation with tanh where asked. */
  gelu<D extends DType>(x: Operand<D>, options?: { readonly approximate?: "tanh" | "none" }): Matrix<D>;
  /** Between `low` and `high`; NaN stays NaN. */
  clip<D extends DType>(x: Operand<D>, low: Operand<D>, high: Operand<D>): Matrix<D>;
  /** `yes` where the condition holds, elsewhere `no`. */
  where<D extends DType>(condition: Operand<"bool">, yes: Operand<D>, no: Operand<D>): Matrix<D>;
  /** In another element type: floats saturate to integers and NaN becomes 0, integers wrap, bool is `x != 0`. */
  cast<D extends DType>(x: Operand, dtype: D): Matrix<D>;
}

export function bindArithmetic(runtime: Runtime): Arithmetic {
  const functions: Record<string, unknown> = {};
  const define = (name: string, build: (values: readonly Expression[]) => Expression, result?: DType) => {
    functions[name] = (...operands: readonly unknown[]) =>
      elementwiseOf(runtime, name, operands, result === undefined ? { build } : { build, result });
  };
  for (const [name, operator] of Object.entries(unaryOperators)) {
    define(name, ([x = nothing]) => unary(operator, x));
  }
  for (const [name, make] of Object.entries(composedFunctions)) define(name, ([x = nothing]) => make(x));
  for (const [name, operator] of Object.entries(binaryOperators)) {
    define(name, ([a = nothing, b = nothing]) => binary(operator, a, b));
  }
  for (const [name, operator] of Object.entries(comparisonOperators)) {
    define(name, ([a = nothing, b = nothing]) => binary(operator, a, b), "bool");
  }
  for (const [name, make] of Object.entries(testFunctions)) define(name, ([x = nothing]) => make(x), "bool");
  define("clip", ([x = nothing, low = nothing, high = nothing]) => composed.clip(x, low, high));
  functions.gelu = (x: unknown, { approximate = "none" }: { readonly approximate?: string } = {}) =>
    elementwiseOf(runtime, "gelu", [x], {
      build: ([value = nothing]) =>
        approximate === "tanh" ? composed.geluTanh(value) : composed.gelu(value),
    });
  functions.where = (...operands: readonly unknown[]) =>
    elementwiseOf(runtime, "where", operands, {
      hasCondition: true,
      build: ([condition = nothing, yes = nothing, no = nothing]) => select(condition, yes, no),
    });
  functions.cast = (x: unknown, to: unknown) => castOf(runtime, x, toDType(to));
  return functions as unknown as Arithmetic;
}

const nothing: Expression = constant(false, "bool");

function castOf(runtime: Runtime, x: unknown, to: DType): Matrix<DType> {
  if (typeof x === "number" || typeof x === "boolean" || typeof x === "bigint") {
    return elementwiseOf(runtime, "cast", [x], {
      build: ([value = nothing]) => convert(value, to),
      result: to,
    });
  }
  const matrix = toMatrix<DType>(x as Matrix<DType>, "What cast takes");
  const expression = convert(input(0, computeType(matrix.dtype)), to);
  const operands = [matrix.usableNode()];
  return lazyMatrix(runtime, { kind: "elementwise", expression, operands }, matrix.shape, to);
}
