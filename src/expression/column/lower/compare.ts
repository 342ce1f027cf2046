import { type Expression, isFloat } from "../../expression.ts";
import { and, binary, by, choose, constant, type Lowered, not, or, unary, type Wide } from "./lowered.ts";
import { wideEqual, wideLess } from "./wide.ts";

function wide({ value, high }: Lowered): Wide | undefined {
  return high === undefined ? undefined : { low: value, high };
}

/** NaN equals NaN and -0 equals 0. */
export function equalValues(a: Lowered, b: Lowered): Expression {
  const [x, y] = [wide(a), wide(b)];
  if (x !== undefined && y !== undefined) return wideEqual(x, y);
  const equal = binary("equal", a.value, b.value);
  if (!isFloat(a.value.type)) return equal;
  return or(equal, and(isNan(a.value), isNan(b.value)));
}

/** NaN is greater than every number. */
export function lessValues(a: Lowered, b: Lowered): Expression {
  const [x, y] = [wide(a), wide(b)];
  if (x !== undefined && y !== undefined) return wideLess(x, y);
  if (a.value.type === "bool") return and(not(a.value), b.value);
  const less = binary("less", a.value, b.value);
  return isFloat(a.value.type) ? or(less, and(isNan(b.value), not(isNan(a.value)))) : less;
}

function isNan(x: Expression): Expression {
  if (x.kind === "constant") return constant(Number.isNaN(x.value), "bool");
  return unary("isNan", x);
}

const sign = 2n ** 63n;

/** The bits of an f64 in an order that u64 comparisons follow, for devices without f64: all NaNs one, -0 as 0. */
export function orderedBits(bits: Expression): Expression {
  const size = by("bitAnd", bits, sign - 1n);
  const positive = by("bitOr", size, sign);
  const negative = binary("subtract", constant(sign, "u64"), size);
  const isNegative = by("notEqual", by("bitAnd", bits, sign), 0n);
  const ordered = choose(isNegative, negative, positive);
  return choose(by("greater", size, 0x7ff0_0000_0000_0000n), constant(2n ** 64n - 1n, "u64"), ordered);
}

export function bitsOfFloat(value: number): bigint {
  return new BigUint64Array(Float64Array.of(value).buffer)[0] ?? 0n;
}
