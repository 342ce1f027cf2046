import type { AggregateFunction } from "../../expression/column/expression.ts";
import type { FixedMemory, FixedPhysical } from "./column.ts";
import { bitsOf, rowText, setText } from "./order-keys.ts";

/** What is kept of a group's rows: a WGSL structure `A` of zeros at first, `absorb(&a, row)` and `merged(a, b)`. */
export type Accumulator = "count" | "sum" | "floatSum" | "extreme" | "row" | "moments";

export function accumulatorOf(name: AggregateFunction, physical: FixedPhysical | "text"): Accumulator {
  switch (name) {
    case "sum":
    case "mean":
      return isFloat(physical) ? "floatSum" : "sum";
    case "min":
    case "max":
    case "any":
    case "all":
      return "extreme";
    case "first":
    case "last":
      return "row";
    case "variance":
    case "stddev":
      return "moments";
    default:
      return "count";
  }
}

export function isFloat(physical: FixedPhysical | "text"): boolean {
  return physical === "f32" || physical === "f64";
}

const count = `struct A { n: u32 }
fn merged(a: A, b: A) -> A { return A(a.n + b.n); }
`;

const absorbRow = `fn absorb(a: ptr<function, A>, row: u32) { (*a).n += 1u; }
`;

/** Rows of which none comes twice: 2^31 integers of 32 bits fit 64. */
const narrowSum = `struct A { sum: i64, n: u32 }
fn merged(a: A, b: A) -> A { return A(a.sum + b.sum, a.n + b.n); }
fn low_of(a: A) -> u64 { return bitcast<u64>(a.sum); }
fn high_of(a: A) -> u64 { return bitcast<u64>(a.sum >> 63u); }
fn top_of(a: A) -> i32 { return i32(a.sum >> 63u); }
`;

const absorbInteger = `fn absorb(a: ptr<function, A>, row: u32) {
  (*a).sum += integer_of_row(row);
  (*a).n += 1u;
}
`;

/** Halves by themselves: 2^31 of them fit 64 bits, and compilers add them as vectors. */
const wideSum = `struct A { low: u64, high: i64, n: u32 }
fn merged(a: A, b: A) -> A { return A(a.low + b.low, a.high + b.high, a.n + b.n); }
fn low_of(a: A) -> u64 { return a.low + (bitcast<u64>(a.high) << 32u); }
fn high_of(a: A) -> u64 { return bitcast<u64>(a.high >> 32u) + u64(low_of(a) < a.low); }
fn top_of(a: A) -> i32 { return i32(bitcast<i64>(high_of(a)) >> 63u); }
`;

const absorbWide = `fn absorb(a: ptr<function, A>, row: u32) {
  let value = raw_of_row(row);
  let flip = parameters.column.flip;
  (*a).low += value & 0xfffffffflu;
  (*a).high += i64(u32(value >> 32u) ^ flip) - i64(flip);
  (*a).n += 1u;
}
`;

const hugeSum = `struct A { low: u64, high: u64, top: i32, n: u32 }
fn added(a: A, low: u64, high: u64, top: i32, n: u32) -> A {
  let sum_low = a.low + low;
  let carry = u64(sum_low < low);
  let half = a.high + high;
  let sum_high = half + carry;
  let carries = i32(half < high) + i32(sum_high < half);
  return A(sum_low, sum_high, a.top + top + carries, a.n + n);
}
fn merged(a: A, b: A) -> A { return added(a, b.low, b.high, b.top, b.n); }
fn low_of(a: A) -> u64 { return a.low; }
fn high_of(a: A) -> u64 { return a.high; }
fn top_of(a: A) -> i32 { return a.top; }
`;

const absorbHuge = `fn absorb(a: ptr<function, A>, row: u32) {
  let high = values[row * 2u + 1u];
  *a = added(*a, values[row * 2u], high, 0 - i32(high >> 63u), 1u);
}
`;

const floatSum = `struct A { sum: f64, n: u32 }
fn merged(a: A, b: A) -> A { return A(a.sum + b.sum, a.n + b.n); }
`;

const absorbFloat = `fn absorb(a: ptr<function, A>, row: u32) {
  (*a).sum += number_of_row(row);
  (*a).n += 1u;
}
`;

/** Of the least, the complement is kept, which is the greatest. */
const extreme = `struct A { key: U, n: u32 }
fn turned(key: U) -> U { return key ^ (U(0) - U(parameters.turn)); }
fn merged(a: A, b: A) -> A { return A(max(a.key, b.key), a.n + b.n); }
fn raw_of(a: A) -> U { return raw_from_ordered(turned(a.key)); }
`;

const absorbKey = `fn absorb(a: ptr<function, A>, row: u32) {
  (*a).key = max((*a).key, turned(key_of_row(row)));
  (*a).n += 1u;
}
`;

const hugeExtreme = `struct A { high: u64, low: u64, n: u32 }
fn turned(key: u64) -> u64 { return key ^ (0lu - u64(parameters.turn)); }
fn greater(a: A, b: A) -> A {
  if (b.high > a.high || (b.high == a.high && b.low > a.low)) { return A(b.high, b.low, a.n + b.n); }
  return A(a.high, a.low, a.n + b.n);
}
fn merged(a: A, b: A) -> A { return greater(a, b); }
fn low_of(a: A) -> u64 { return turned(a.low); }
fn high_of(a: A) -> u64 { return turned(a.high) ^ 0x8000000000000000lu; }
`;

const absorbHugeKey = `fn absorb(a: ptr<function, A>, row: u32) {
  *a = greater(*a, A(turned(values[row * 2u + 1u] ^ 0x8000000000000000lu), turned(values[row * 2u]), 1u));
}
`;

const row = `struct A { row: u32, n: u32 }
fn turned(row: u32) -> u32 { return row ^ (0u - parameters.turn); }
fn merged(a: A, b: A) -> A { return A(max(a.row, b.row), a.n + b.n); }
`;

const absorbPlace = `fn absorb(a: ptr<function, A>, row: u32) {
  (*a).row = max((*a).row, turned(row));
  (*a).n += 1u;
}
`;

/** Welford 1962, of what values are above a group's first; merged as Chan, Golub and LeVeque 1979 do. */
const moments = `struct A { first: f64, mean: f64, squares: f64, n: u32 }
fn merged(a: A, b: A) -> A {
  if (b.n == 0u) { return a; }
  if (a.n == 0u) { return b; }
  let share = f64(b.n) / (f64(a.n) + f64(b.n));
  let apart = (b.first - a.first) + (b.mean - a.mean);
  let squares = a.squares + b.squares + apart * apart * f64(a.n) * share;
  return A(a.first, a.mean + apart * share, squares, a.n + b.n);
}
`;

const absorbMoments = `fn absorb(a: ptr<function, A>, row: u32) {
  let value = number_of_row(row);
  if ((*a).n == 0u) {
    *a = A(value, value - value, 0.0lf, 1u);
    return;
  }
  let above = value - (*a).first;
  let from_old = above - (*a).mean;
  (*a).n += 1u;
  (*a).mean += from_old / f64((*a).n);
  (*a).squares += from_old * (above - (*a).mean);
}
`;

export interface AccumulatorText {
  /** `A` and `merged`, and what results are made with. */
  readonly shape: string;
  readonly absorb: string;
  readonly bytes: number;
}

export function accumulatorText(accumulator: Accumulator, bits: number): AccumulatorText {
  switch (accumulator) {
    case "count":
      return { shape: count, absorb: absorbRow, bytes: 4 };
    case "sum":
      if (bits < 64) return { shape: narrowSum, absorb: absorbInteger, bytes: 16 };
      return bits === 64
        ? { shape: wideSum, absorb: absorbWide, bytes: 24 }
        : { shape: hugeSum, absorb: absorbHuge, bytes: 24 };
    case "floatSum":
      return { shape: floatSum, absorb: absorbFloat, bytes: 16 };
    case "extreme":
      if (bits === 128) return { shape: hugeExtreme, absorb: absorbHugeKey, bytes: 24 };
      return { shape: extreme, absorb: absorbKey, bytes: bits === 64 ? 16 : 8 };
    case "row":
      return { shape: row, absorb: absorbPlace, bytes: 8 };
    case "moments":
      return { shape: moments, absorb: absorbMoments, bytes: 32 };
  }
}

/** Of the size, because a small negative number is the difference of two large ones. */
export const hugeNumberText = `fn number_of_i128(low: u64, high: u64) -> f64 {
  let negative = (high >> 63u) == 1lu;
  let size_low = select(low, ~low + 1lu, negative);
  let size_high = select(high, ~high + u64(low == 0lu), negative);
  let size = f64(size_high) * 18446744073709551616.0lf + f64(size_low);
  return select(size, -size, negative);
}
`;

const integerText = `fn integer_of_row(row: u32) -> i64 {
  return i64(raw_of_row(row) ^ parameters.column.flip) - i64(parameters.column.flip);
}
`;

function numberText(physical: FixedPhysical): string {
  const given = {
    f32: "f64(bitcast<f32>(raw_of_row(row)))",
    f64: "bitcast<f64>(raw_of_row(row))",
    u64: "f64(raw_of_row(row))",
    i64: "f64(bitcast<i64>(raw_of_row(row)))",
    i128: "number_of_i128(values[row * 2u], values[row * 2u + 1u])",
  };
  const value = physical in given ? given[physical as keyof typeof given] : "f64(integer_of_row(row))";
  const helper = physical === "i128" ? hugeNumberText : "";
  return `${helper}fn number_of_row(row: u32) -> f64 { return ${value}; }\n`;
}

/** How an accumulator reads a column; without one, every row counts. `listed` reads rows by a list. */
export function readText(
  accumulator: Accumulator,
  column: FixedMemory | undefined,
  nullable: boolean,
  listed: boolean,
): string {
  if (column === undefined || accumulator === "count" || accumulator === "row")
    return setText(nullable, listed);
  const { physical } = column;
  const integers = bitsOf(physical) < 64 ? integerText : "";
  const needsNumbers = accumulator === "floatSum" || accumulator === "moments";
  return `${rowText(column, listed)}${integers}${needsNumbers ? numberText(physical) : ""}`;
}
