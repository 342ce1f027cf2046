import type { AggregateFunction } from "../../expression/column/expression.ts";
import { type Accumulator, hugeNumberText } from "./aggregate-text.ts";
import type { FixedPhysical } from "./column.ts";
import { bitsOf } from "./order-keys.ts";

export interface AggregateResult {
  readonly physical: FixedPhysical;
  /** WGSL: the binding `result` (5), `put(group, a, has, is_last)`, `has_value(a)` and `overflows(a)`. */
  readonly text: string;
  /** Whether a result may exceed its type. */
  readonly mayOverflow: boolean;
}

const always = "fn has_value(a: A) -> bool { return true; }\n";
const ofSome = "fn has_value(a: A) -> bool { return a.n > 0u; }\n";
const ofTwo = "fn has_value(a: A) -> bool { return a.n > 1u; }\n";
const fits = "fn overflows(a: A) -> bool { return false; }\n";

function whole(element: string, value: string, zero: string): string {
  return `@group(0) @binding(5) var<storage, read_write> result: array<${element}>;
fn put(group: u32, a: A, has: bool, is_last: bool) { result[group] = select(${zero}, ${value}, has); }
`;
}

const huge = `@group(0) @binding(5) var<storage, read_write> result: array<u64>;
fn put(group: u32, a: A, has: bool, is_last: bool) {
  result[group * 2u] = select(0lu, low_of(a), has);
  result[group * 2u + 1u] = select(0lu, high_of(a), has);
}
`;

const packed = `@group(0) @binding(5) var<storage, read_write> result: array<u32>;
var<private> word: u32;
fn put(group: u32, a: A, has: bool, is_last: bool) {
  let log_bits = parameters.column.log_bits;
  let place = group << log_bits;
  word |= select(0u, raw_of(a), has) << (place & 31u);
  if (is_last || ((place + (1u << log_bits)) & 31u) == 0u) {
    result[place >> 5u] = word;
    word = 0u;
  }
}
`;

/** A row number as it is, or `noRow`. */
const rowNumber = `@group(0) @binding(5) var<storage, read_write> result: array<u32>;
fn put(group: u32, a: A, has: bool, is_last: bool) { result[group] = select(0xffffffffu, turned(a.row), has); }
`;

const signedFits = `fn overflows(a: A) -> bool {
  let sign = bitcast<u64>(bitcast<i64>(low_of(a)) >> 63u);
  return high_of(a) != sign || top_of(a) != bitcast<i32>(u32(sign));
}
`;
const unsignedFits = "fn overflows(a: A) -> bool { return high_of(a) != 0lu || top_of(a) != 0; }\n";
const hugeFits = `fn overflows(a: A) -> bool { return top_of(a) != bitcast<i32>(u32(bitcast<i64>(high_of(a)) >> 63u)); }
`;

const divided = (value: string) => `(${value}) / bitcast<f64>(bitcast<u64>(parameters.divisor))`;
const integerSum = "number_of_i128(low_of(a), high_of(a))";
const narrowInteger = "f64(bitcast<i64>(low_of(a)))";

export interface ResultOf {
  readonly function: AggregateFunction;
  readonly accumulator: Accumulator;
  readonly physical: FixedPhysical;
  readonly wide: boolean;
}

export function resultOf({ function: name, accumulator, physical, wide }: ResultOf): AggregateResult {
  const bits = bitsOf(physical);
  const float = (value: string, has: string, over = fits): AggregateResult => ({
    physical: "f64",
    text: `${whole("f64", divided(value), "0.0lf")}${has}${over}`,
    mayOverflow: over !== fits,
  });
  switch (accumulator) {
    case "count":
      return {
        physical: "i64",
        text: `${whole("u64", "u64(a.n)", "0lu")}${always}${fits}`,
        mayOverflow: false,
      };
    case "row":
      return { physical: "u32", text: `${rowNumber}${ofSome}${fits}`, mayOverflow: false };
    case "moments": {
      const variance = "a.squares / (f64(a.n) - 1.0lf)";
      return float(name === "stddev" ? `sqrt(${variance})` : variance, ofTwo);
    }
    case "floatSum":
      return float(name === "mean" ? "a.sum / f64(a.n)" : "a.sum", ofSome);
    case "sum": {
      if (name === "mean" && bits < 64) return float(`${narrowInteger} / f64(a.n)`, ofSome);
      if (name === "mean") {
        const mean = float(`${integerSum} / f64(a.n)`, ofSome, bits === 128 ? hugeFits : fits);
        return { ...mean, text: `${hugeNumberText}${mean.text}` };
      }
      if (bits === 128 || wide) {
        return { physical: "i128", text: `${huge}${ofSome}${hugeFits}`, mayOverflow: bits === 128 };
      }
      const sum = `${whole("u64", "low_of(a)", "0lu")}${ofSome}`;
      if (bits < 64)
        return { physical: isUnsigned(physical) ? "u64" : "i64", text: `${sum}${fits}`, mayOverflow: false };
      return physical === "u64"
        ? { physical, text: `${sum}${unsignedFits}`, mayOverflow: true }
        : { physical, text: `${sum}${signedFits}`, mayOverflow: true };
    }
    case "extreme": {
      const put = bits === 128 ? huge : bits < 32 ? packed : whole("U", "raw_of(a)", "U(0)");
      return { physical, text: `${put}${ofSome}${fits}`, mayOverflow: false };
    }
  }
}

function isUnsigned(physical: FixedPhysical): boolean {
  return physical === "bits" || physical.startsWith("u");
}
