import type { Expression, ScalarType } from "../../expression.ts";
import {
  binary,
  by,
  cast,
  constant,
  failing,
  type Lowered,
  no,
  or,
  type Range,
  unary,
  whole,
  within,
} from "./lowered.ts";
import { highProduct, wideProduct } from "./wide.ts";

export const ranges: Readonly<Record<"i32" | "u32" | "i64" | "u64", Range>> = {
  i32: [-(2n ** 31n), 2n ** 31n - 1n],
  u32: [0n, 2n ** 32n - 1n],
  i64: [-(2n ** 63n), 2n ** 63n - 1n],
  u64: [0n, 2n ** 64n - 1n],
};

export function rangeOf(type: ScalarType): Range {
  return ranges[type as keyof typeof ranges] ?? ranges.i64;
}

const known = (operand: Lowered): Range => operand.range ?? rangeOf(operand.value.type);

type Operator = "add" | "subtract" | "multiply";

/** `a operator b` in 64 bits, OVERFLOW where it does not fit; no test where the ranges of both say that it always does. */
export function checked(
  operator: Operator,
  a: Lowered,
  b: Lowered,
  merge: (value: Expression) => Lowered,
): Lowered {
  const { type } = a.value;
  const value = binary(operator, a.value, b.value);
  const range = resultRange(operator, known(a), known(b));
  const limits = rangeOf(type);
  if (within(range, limits)) return { ...merge(value), range };
  return failing(merge(value), { overflow: overflows(operator, a.value, b.value, value) });
}

function resultRange(operator: Operator, [a, b]: Range, [c, d]: Range): Range {
  if (operator === "add") return [a + c, b + d];
  if (operator === "subtract") return [a - d, b - c];
  const products = [a * c, a * d, b * c, b * d];
  return [products.reduce((x, y) => (x < y ? x : y)), products.reduce((x, y) => (x > y ? x : y))];
}

function overflows(operator: Operator, a: Expression, b: Expression, result: Expression): Expression {
  const unsigned = a.type === "u64";
  if (operator === "multiply") {
    if (unsigned) return by("notEqual", highProduct(a, b), 0n);
    const { high, low } = wideProduct(a, b);
    return binary("notEqual", high, binary("shiftRight", cast(low, "i64"), whole(63)));
  }
  if (operator === "add") {
    if (unsigned) return binary("less", result, a);
    return negative(binary("bitAnd", binary("bitXor", a, result), binary("bitXor", b, result)));
  }
  if (unsigned) return binary("less", a, b);
  return negative(binary("bitAnd", binary("bitXor", a, b), binary("bitXor", a, result)));
}

function negative(x: Expression): Expression {
  return by("less", x, 0n);
}

/** Whether an integer lies outside of a range that may be wider than its type. */
export function outside(x: Expression, range: Range | undefined, [low, high]: Range): Expression {
  const [least, most] = range ?? rangeOf(x.type);
  const [typeLeast, typeMost] = rangeOf(x.type);
  const below = least >= low ? no : low > typeMost ? constant(true, "bool") : by("less", x, low);
  const above = most <= high ? no : high < typeLeast ? constant(true, "bool") : by("greater", x, high);
  return or(below, above);
}

/** `a / 10 ** digits` to the nearest integer, halves away from zero. */
export function roundedByPower(x: Expression, digits: number): Expression {
  const power = 10n ** BigInt(digits);
  const half = power / 2n;
  const size = unary("abs", x);
  const quotient = by("divide", size, power);
  const up = by("greaterEqual", by("remainder", size, power), half);
  const rounded = binary("add", quotient, cast(up, "i64"));
  return binary("multiply", rounded, unary("sign", x));
}
