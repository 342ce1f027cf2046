import { type ColumnType, physicalOf } from "../../../core/column-type.ts";
import type { Expression, UnaryOperator } from "../../expression.ts";
import type { ColumnFunction } from "../expression.ts";
import { isFloat, isInteger } from "../types.ts";
import { checked } from "./integers.ts";
import {
  and,
  binary,
  by,
  cast,
  choose,
  constant,
  failing,
  type Lowered,
  not,
  or,
  unary,
  type Wide,
  withErrors,
} from "./lowered.ts";
import { wideAdd, wideNegate, wideProduct, wideScale, wideSubtract } from "./wide.ts";

type NumberFunction = (
  operands: readonly Lowered[],
  types: readonly ColumnType[],
  result: ColumnType,
) => Lowered | string;

const merge = (operands: readonly Lowered[]) => (value: Expression) =>
  withErrors({ value, valid: and(...operands.map(({ valid }) => valid)) }, operands);

function pair(operands: readonly Lowered[]): readonly [Lowered, Lowered] {
  const [a, b = a] = operands;
  return [a as Lowered, b as Lowered];
}

function wideOf({ value, high }: Lowered): Wide | undefined {
  return high === undefined ? undefined : { low: value, high };
}

function fromWide(operands: readonly Lowered[], { low, high }: Wide): Lowered {
  return { ...merge(operands)(low), high };
}

const additive =
  (operator: "add" | "subtract"): NumberFunction =>
  (operands, _, result) => {
    const [a, b] = pair(operands);
    const [x, y] = [wideOf(a), wideOf(b)];
    if (x !== undefined && y !== undefined) {
      return fromWide(operands, operator === "add" ? wideAdd(x, y) : wideSubtract(x, y));
    }
    if (isFloat(result)) return merge(operands)(binary(operator, a.value, b.value));
    return checked(operator, a, b, merge(operands));
  };

const multiply: NumberFunction = (operands, _, result) => {
  const [a, b] = pair(operands);
  if (isFloat(result)) return merge(operands)(binary("multiply", a.value, b.value));
  if (result.kind !== "decimal" || physicalOf(result) === "i64")
    return checked("multiply", a, b, merge(operands));
  if (a.high === undefined && b.high === undefined) return fromWide(operands, wideProduct(a.value, b.value));
  const [long, short] = a.high === undefined ? [b, a] : [a, b];
  const x = wideOf(long);
  if (x === undefined || short.value.kind !== "constant" || short.high !== undefined)
    return "products of 128-bit decimals";
  const factor = BigInt(short.value.value as bigint);
  const scaled = wideScale(x, factor < 0n ? -factor : factor);
  return fromWide(operands, factor < 0n ? wideNegate(scaled) : scaled);
};

/** Null where the divisor is 0; it is computed with 1 there. */
const division =
  (compute: (a: Expression, b: Expression) => Expression): NumberFunction =>
  (operands, _, result) => {
    const [a, b] = pair(operands);
    const isZero = by("equal", b.value, isInteger(result) ? 0n : 0);
    const one = constant(isInteger(result) ? 1n : 1, b.value.type);
    const made = merge(operands)(compute(a.value, choose(isZero, one, b.value)));
    const defined = { ...made, valid: and(made.valid, not(isZero)) };
    if (result.kind !== "int64") return defined;
    const wraps = and(by("equal", a.value, -(2n ** 63n)), by("equal", b.value, -1n));
    return compute === wholeDivide && a.range?.[0] !== undefined && a.range[0] > -(2n ** 63n)
      ? defined
      : compute === wholeDivide
        ? failing(defined, { overflow: wraps })
        : defined;
  };

function wholeDivide(a: Expression, b: Expression): Expression {
  if (a.type === "f32" || a.type === "f64") return unary("floor", binary("divide", a, b));
  return binary("floorDivide", a, b);
}

const plain =
  (compute: (a: Expression, b: Expression) => Expression): NumberFunction =>
  (operands) => {
    const [a, b] = pair(operands);
    return merge(operands)(compute(a.value, b.value));
  };

const real = (operator: UnaryOperator, refuses?: (x: Expression) => Expression): NumberFunction => {
  return (operands) => {
    const [a] = pair(operands);
    const made = merge(operands)(unary(operator, a.value));
    return refuses === undefined ? made : failing(made, { invalid: refuses(a.value) });
  };
};

const notPositive = (x: Expression) => by("lessEqual", x, 0);
const beyondOne = (x: Expression) => by("greater", unary("abs", x), 1);
const infinite = (x: Expression) => unary("isInfinite", x);

const negate: NumberFunction = (operands, _, result) => {
  const [a] = pair(operands);
  const x = wideOf(a);
  if (x !== undefined) return fromWide(operands, wideNegate(x));
  const value = unary("negate", a.value);
  if (isFloat(result) || result.kind === "decimal") return merge(operands)(value);
  const made = merge(operands)(value);
  const [low, high] = a.range ?? [-(2n ** 63n), 2n ** 63n - 1n];
  if (low > -(2n ** 63n)) return { ...made, range: [-high, -low] };
  return failing(made, { overflow: by("equal", a.value, -(2n ** 63n)) });
};

const abs: NumberFunction = (operands, types, result) => {
  const [a] = pair(operands);
  const x = wideOf(a);
  if (x !== undefined) {
    const minus = wideNegate(x);
    const isNegative = by("less", x.high, 0n);
    return fromWide(operands, {
      low: choose(isNegative, minus.low, x.low),
      high: choose(isNegative, minus.high, x.high),
    });
  }
  const made = merge(operands)(unary("abs", a.value));
  if (result.kind !== "int64" || (a.range !== undefined && a.range[0] > -(2n ** 63n))) return made;
  return types[0]?.kind === "int64" ? failing(made, { overflow: by("equal", a.value, -(2n ** 63n)) }) : made;
};

const sign: NumberFunction = (operands) => {
  const [a] = pair(operands);
  const zero = a.value.type === "i64" || a.value.type === "u64" ? 0n : 0;
  if (a.high !== undefined) {
    const isZero = and(by("equal", a.value, 0n), by("equal", a.high, 0n));
    const of = choose(by("less", a.high, 0n), constant(-1, "i32"), constant(1, "i32"));
    return merge(operands)(choose(isZero, constant(0, "i32"), of));
  }
  const up = cast(by("greater", a.value, zero), "i32");
  return merge(operands)(binary("subtract", up, cast(by("less", a.value, zero), "i32")));
};

/** Of a decimal, its whole part; of floats as the operator says. */
const wholePart =
  (operator: "floor" | "ceil" | "truncate" | "round"): NumberFunction =>
  (operands, types) => {
    const [a] = pair(operands);
    const type = types[0];
    if (type?.kind === "decimal") {
      if (a.high !== undefined) return "rounding of 128-bit decimals";
      const power = 10n ** BigInt(type.scale);
      if (operator === "truncate") return merge(operands)(by("divide", a.value, power));
      if (operator === "floor") return merge(operands)(by("floorDivide", a.value, power));
      return merge(operands)(unary("negate", by("floorDivide", unary("negate", a.value), power)));
    }
    return merge(operands)(operator === "round" ? roundAway(a.value) : unary(operator, a.value));
  };

function roundAway(x: Expression): Expression {
  const whole = unary("truncate", x);
  const far = by("greaterEqual", unary("abs", binary("subtract", x, whole)), 0.5);
  return choose(far, binary("add", whole, unary("sign", x)), whole);
}

export const numberFunctions: Readonly<Partial<Record<ColumnFunction, NumberFunction>>> = {
  add: additive("add"),
  subtract: additive("subtract"),
  multiply,
  divide: plain((a, b) => binary("divide", a, b)),
  floorDivide: division(wholeDivide),
  modulo: division((a, b) => binary("modulo", a, b)),
  power: plain((a, b) => binary("power", a, b)),
  atan2: plain((a, b) => binary("atan2", a, b)),
  negate,
  abs,
  sign,
  floor: wholePart("floor"),
  ceil: wholePart("ceil"),
  truncate: wholePart("truncate"),
  round: wholePart("round"),
  sqrt: real("sqrt", (x) => by("less", x, 0)),
  exp: real("exp"),
  log: real("log", notPositive),
  log2: real("log2", notPositive),
  log10: (operands) => {
    const [a] = pair(operands);
    const value = by("multiply", unary("log2", a.value), Math.LOG10E / Math.LOG2E);
    return failing(merge(operands)(value), { invalid: notPositive(a.value) });
  },
  sin: real("sin", infinite),
  cos: real("cos", infinite),
  tan: real("tan", infinite),
  asin: real("asin", beyondOne),
  acos: real("acos", beyondOne),
  atan: real("atan"),
  isNan: real("isNan"),
  isFinite: (operands) => {
    const [a] = pair(operands);
    return merge(operands)(not(or(unary("isNan", a.value), unary("isInfinite", a.value))));
  },
  bitAnd: plain((a, b) => binary("bitAnd", a, b)),
  bitOr: plain((a, b) => binary("bitOr", a, b)),
  bitXor: plain((a, b) => binary("bitXor", a, b)),
};
