import { AikoError } from "../errors.ts";
import { type NumberType, typeBytes } from "./axis.ts";
import { expText } from "./exp-text.ts";
import { keyType, orderedElement, orderText } from "./order-text.ts";
import { forBothWidths } from "./wgsl-widths.ts";

/**
 * What is computed of the numbers along an axis. The last four take a pivot for each result: the mean square of the
 * deviations from it and its root, and of the exponentials of the deviations the logarithm of their sum plus the pivot,
 * and the sum.
 */
export type AxisReduction =
  | "sum"
  | "product"
  | "mean"
  | "min"
  | "max"
  | "any"
  | "all"
  | "l1"
  | "l2"
  | "sumOfSquares"
  | "logSum"
  | "argMin"
  | "argMax"
  | "minAbs"
  | "maxAbs"
  | "deviations"
  | "rootDeviations"
  | "exponentials"
  | "exponentialSum";

/** A reduction as WGSL: types E (element), A (partial result), R (result), P (pivot), and functions of them. */
export interface ReductionText {
  readonly text: string;
  /** Bytes of one partial result. */
  readonly accumulatorBytes: number;
  readonly hasPivots: boolean;
}

interface Simple {
  readonly element: string;
  readonly accumulator: NumberType;
  readonly result?: string;
  readonly pivot?: string;
  readonly before?: string;
  /** Of element `x` given pivot `p`, for both widths. */
  readonly load: string;
  /** Of `a` and `b`, for both widths. */
  readonly combine: string;
  readonly identity: string;
  /** Of `total`, `p` and `divisor`. */
  readonly store?: string;
}

/**
 * `result` is the type of positions for argMin and argMax and of sums of integers; elsewhere it follows from `type`. `long`
 * is the shape for CPU devices.
 */
export function reductionText(
  reduction: AxisReduction,
  type: NumberType,
  result: NumberType,
  long = false,
): ReductionText {
  if (reduction === "argMin" || reduction === "argMax") return positionText(reduction, type, result);
  const simple = simpleOf(reduction, type, result, long);
  const {
    element,
    accumulator,
    pivot = "u32",
    before = "",
    load,
    combine,
    identity,
    store = "total",
  } = simple;
  const text = `alias E = ${element};
alias A = ${accumulator};
alias A4 = vec4<${accumulator}>;
alias R = ${simple.result ?? accumulator};
alias P = ${pivot};
${before}
${forBothWidths(`fn identity$n() -> $(${accumulator}) { return $(${accumulator})(${identity}); }
fn combine$n(a: $(${accumulator}), b: $(${accumulator})) -> $(${accumulator}) { return ${combine}; }
fn absorb$n(a: $(${accumulator}), x: $(${element}), at: $(u32), p: $(${pivot})) -> $(${accumulator}) {
  let b = ${load};
  return ${combine};
}`)}
fn fold(v: A4) -> A { return combine(combine(v.x, v.y), combine(v.z, v.w)); }
fn lane(v: A4, at: u32) -> A { return v[at]; }
fn store(total: A, p: P, divisor: u32) -> R { return ${store}; }
`;
  return {
    text,
    accumulatorBytes: typeBytes[accumulator],
    hasPivots: simple.pivot !== undefined,
  };
}

function simpleOf(reduction: AxisReduction, type: NumberType, result: NumberType, long: boolean): Simple {
  const isFloat = type === "f32" || type === "f64";
  const isDown = long && result === "f32";
  const exponential = isDown ? expText : "";
  const [zero, one] = [literal(0, result), literal(1, result)];
  const sum = { element: type, accumulator: result, combine: "a + b", identity: zero } as const;
  const x = type === result ? "x" : `$(${result})(x)`;
  const whole = `max(${result}(divisor), ${one})`;
  const nan = `bitcast<f32>(0x7fc00000u | min(divisor, 0u))`;
  switch (reduction) {
    case "sum":
      return { ...sum, load: x };
    case "product":
      return { ...sum, combine: "a * b", identity: one, load: x };
    case "mean":
      return { ...sum, load: x, store: `select(total / ${whole}, ${result}(${nan}), divisor == 0u)` };
    case "l1":
      return { ...sum, load: `abs(${x})` };
    case "sumOfSquares":
      return { ...sum, load: `${x} * ${x}` };
    case "l2":
      return { ...sum, load: `${x} * ${x}`, store: "sqrt(total)" };
    case "logSum":
      return { ...sum, load: x, store: "log(total)" };
    case "deviations":
    case "rootDeviations": {
      const mean = `select(total / ${whole}, ${result}(${nan}), divisor == 0u)`;
      const store = reduction === "deviations" ? mean : `sqrt(${mean})`;
      return { ...sum, pivot: result, load: `(${x} - p) * (${x} - p)`, store };
    }
    case "exponentials":
      return {
        ...sum,
        pivot: result,
        before: `${finiteText(result)}${exponential}`,
        load: `${isDown ? "exp_down$n" : "exp"}(${x} - finite$n(p))`,
        store: "select(p, log(total) + finite(p), is_finite(p))",
      };
    case "exponentialSum":
      return {
        ...sum,
        pivot: result,
        before: exponential,
        load: `${isDown ? "exp_down$n" : "exp"}(${x} - p)`,
      };
    case "min":
    case "max":
      return extreme(reduction, type, "x");
    case "minAbs":
    case "maxAbs":
      return extreme(reduction === "minAbs" ? "min" : "max", type, sizeOf(type));
    case "any":
    case "all":
      return {
        element: orderedElement(type),
        accumulator: "u32",
        load: isFloat ? truth(type) : `select($(u32)(0u), $(u32)(1u), x != $(${type})(${literal(0, type)}))`,
        combine: reduction === "any" ? "a | b" : "a & b",
        identity: reduction === "any" ? "0u" : "1u",
      };
    default:
      throw new AikoError("INVALID_ARGUMENT", { message: `There is no reduction "${String(reduction)}"` });
  }
}

/** Infinite maxima are no pivots: infinity minus itself is NaN. */
function finiteText(type: NumberType): string {
  const [unsigned, size, infinity, zero] =
    type === "f64"
      ? ["u64", "0x7ffffffffffffffflu", "0x7ff0000000000000lu", "0.0lf"]
      : ["u32", "0x7fffffffu", "0x7f800000u", "0.0"];
  return `${forBothWidths(`fn finite$n(p: $(${type})) -> $(${type}) {
  let bits = bitcast<$(${unsigned})>(p) & $(${unsigned})(${size});
  return select(p, $(${type})(${zero}), bits == $(${unsigned})(${infinity}));
}`)}
fn is_finite(p: ${type}) -> bool { return (bitcast<${unsigned}>(p) & ${size}) < ${infinity}; }
`;
}

function truth(type: "f32" | "f64"): string {
  const size =
    type === "f64" ? "x & $(u64)(0x7ffffffffffffffflu)" : "bitcast<$(u32)>(x) & $(u32)(0x7fffffffu)";
  const zero = type === "f64" ? "$(u64)(0lu)" : "$(u32)(0u)";
  return `select($(u32)(0u), $(u32)(1u), (${size}) != ${zero})`;
}

function sizeOf(type: NumberType): string {
  return type === "f64" ? "x & $(u64)(0x7ffffffffffffffflu)" : "abs(x)";
}

function extreme(reduction: "min" | "max", type: NumberType, value: string): Simple {
  const nan = reduction === "max" ? "highest" : "lowest";
  return {
    element: orderedElement(type),
    accumulator: keyType(type),
    result: orderedElement(type),
    before: orderText(type, { nan, zeros: "distinct" }),
    load: `key_of$n(${value})`,
    combine: `${reduction}(a, b)`,
    identity: reduction === "max" ? lowest[keyType(type)] : highest[keyType(type)],
    store: "value_of(total)",
  };
}

const lowest: Readonly<Record<NumberType, string>> = {
  i32: "-2147483648",
  u32: "0u",
  i64: "-9223372036854775808li",
  u64: "0lu",
  f32: "0u",
  f64: "0lu",
};
const highest: Readonly<Record<NumberType, string>> = {
  i32: "2147483647",
  u32: "0xffffffffu",
  i64: "9223372036854775807li",
  u64: "0xfffffffffffffffflu",
  f32: "0xffffffffu",
  f64: "0xfffffffffffffffflu",
};

function literal(value: number, type: NumberType): string {
  const suffix = { f32: ".0", f64: ".0lf", i32: "", u32: "u", i64: "li", u64: "lu" };
  return `${value}${suffix[type]}`;
}

/** The first of equals wins, NaN beats all numbers: keys are turned around for argMin. */
function positionText(reduction: "argMin" | "argMax", type: NumberType, result: NumberType): ReductionText {
  const key = keyType(type);
  const nan = reduction === "argMax" ? "highest" : "lowest";
  const [better, start] = reduction === "argMax" ? [">", lowest[key]] : ["<", highest[key]];
  const text = `alias E = ${orderedElement(type)};
alias R = ${result};
alias P = u32;
${orderText(type, { nan, zeros: "equal" })}
${forBothWidths(`struct Best$n { key: $(${key}), at: $(u32) }
alias A$n = Best$n;
fn identity$n() -> A$n { return A$n($(${key})(${start}), $(u32)(0xffffffffu)); }
fn combine$n(a: A$n, b: A$n) -> A$n {
  let second = (b.key ${better} a.key) | ((b.key == a.key) & (b.at < a.at));
  return A$n(select(a.key, b.key, second), select(a.at, b.at, second));
}
fn absorb$n(a: A$n, x: $(E), at: $(u32), p: $(u32)) -> A$n {
  let key = key_of$n(x);
  let better = (key ${better} a.key) | (a.at == $(u32)(0xffffffffu));
  return A$n(select(a.key, key, better), select(a.at, at, better));
}`)}
fn lane(v: A4, at: u32) -> A { return A(v.key[at], v.at[at]); }
fn fold(v: A4) -> A { return combine(combine(lane(v, 0u), lane(v, 1u)), combine(lane(v, 2u), lane(v, 3u))); }
fn store(total: A, p: P, divisor: u32) -> R { return ${result === "u32" ? "total.at" : `${result}(total.at)`}; }
`;
  return { text, accumulatorBytes: 2 * typeBytes[key], hasPivots: false };
}
