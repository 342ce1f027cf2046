import type { Expression } from "../../expression.ts";
import { binary, by, cast, choose, constant, or, type Wide, whole } from "./lowered.ts";

/** 128-bit integers from 64-bit ones. */
export function widened(x: Expression): Wide {
  if (x.type === "u64") return { low: x, high: whole(0) };
  const long = cast(x, "i64");
  return { low: cast(long, "u64"), high: binary("shiftRight", long, whole(63)) };
}

export function wideConstant(value: bigint): Wide {
  return {
    low: constant(BigInt.asUintN(64, value), "u64"),
    high: constant(BigInt.asIntN(64, value >> 64n), "i64"),
  };
}

const carry = (condition: Expression) => cast(condition, "i64");

export function wideAdd(a: Wide, b: Wide): Wide {
  const low = binary("add", a.low, b.low);
  const high = binary("add", binary("add", a.high, b.high), carry(binary("less", low, a.low)));
  return { low, high };
}

export function wideSubtract(a: Wide, b: Wide): Wide {
  const low = binary("subtract", a.low, b.low);
  const high = binary("subtract", binary("subtract", a.high, b.high), carry(binary("less", a.low, b.low)));
  return { low, high };
}

export function wideNegate(a: Wide): Wide {
  return wideSubtract(wideConstant(0n), a);
}

export function wideEqual(a: Wide, b: Wide): Expression {
  return binary("and", binary("equal", a.low, b.low), binary("equal", a.high, b.high));
}

export function wideLess(a: Wide, b: Wide): Expression {
  const sameHigh = binary("equal", a.high, b.high);
  return or(binary("less", a.high, b.high), binary("and", sameHigh, binary("less", a.low, b.low)));
}

export function wideChoose(condition: Expression, a: Wide, b: Wide): Wide {
  return { low: choose(condition, a.low, b.low), high: choose(condition, a.high, b.high) };
}

/** The high word of a product of two u64, by products of 32-bit halves: Knuth, The Art of Computer Programming 2, 4.3.1. */
export function highProduct(a: Expression, b: Expression): Expression {
  const half = (x: Expression) => [by("bitAnd", x, 0xffff_ffffn), by("shiftRight", x, 32n)] as const;
  const [a0, a1] = half(a);
  const [b0, b1] = half(b);
  const [, carried] = half(binary("multiply", a0, b0));
  const middle = binary("add", binary("multiply", a1, b0), carried);
  const [m0, m1] = half(middle);
  const [, last] = half(binary("add", binary("multiply", a0, b1), m0));
  return binary("add", binary("add", binary("multiply", a1, b1), m1), last);
}

/** The exact product of two i64. */
export function wideProduct(a: Expression, b: Expression): Wide {
  const [x, y] = [cast(a, "u64"), cast(b, "u64")];
  const low = binary("multiply", x, y);
  const high = cast(highProduct(x, y), "i64");
  const correct = (sign: Expression, other: Expression) =>
    binary("bitAnd", binary("shiftRight", sign, whole(63)), other);
  return { low, high: binary("subtract", binary("subtract", high, correct(a, b)), correct(b, a)) };
}

/** Modulo 2 ** 128, by a constant below 2 ** 63. */
export function wideScale(a: Wide, factor: bigint): Wide {
  const by64 = constant(factor, "u64");
  const high = cast(highProduct(a.low, by64), "i64");
  return {
    low: binary("multiply", a.low, by64),
    high: binary("add", high, binary("multiply", a.high, constant(factor, "i64"))),
  };
}
