import { AikoError } from "../../errors.ts";
import { helperText } from "./scalar-functions.ts";
import { type DType, isFloat, isSigned, isWide, storageOf } from "./types.ts";

/** The WGSL type of a value in flight. */
export function flightType(dtype: DType): string {
  return dtype === "bool" ? "bool" : storageOf(dtype);
}

interface Scalar {
  readonly args: readonly string[];
  /** Of the first argument. */
  readonly from: DType;
  readonly to: DType;
  /** Declares a function of `scalar-functions.ts` for the first argument's type and returns its name. */
  use(name: string, dtype?: DType): string;
}

type Text = (scalar: Scalar) => string;

const infix =
  (operator: string): Text =>
  ({ args: [a, b] }) =>
    `(${a} ${operator} ${b})`;
const builtin =
  (name: string): Text =>
  ({ args }) =>
    `${name}(${args.join(", ")})`;
const helper =
  (name: string): Text =>
  ({ args, use }) =>
    `${use(name)}(${args.join(", ")})`;
const literal = (dtype: DType, value: string) => `${flightType(dtype)}(${value})`;

const texts: Readonly<Record<string, Text>> = {
  add: infix("+"),
  sub: infix("-"),
  mul: infix("*"),
  div: infix("/"),
  equal: infix("=="),
  less: infix("<"),
  lessOrEqual: infix("<="),
  greater: infix(">"),
  greaterOrEqual: infix(">="),
  and: infix("&&"),
  or: infix("||"),
  xor: infix("!="),
  bitAnd: infix("&"),
  bitOr: infix("|"),
  bitXor: infix("^"),
  not: ({ args: [a] }) => `(!${a})`,
  bitNot: ({ args: [a] }) => `(~${a})`,
  neg: ({ args: [a] }) => `(-${a})`,
  shiftLeft: ({ args: [a, b] }) => `(${a} << u32(${b}))`,
  shiftRight: ({ args: [a, b] }) => `(${a} >> u32(${b}))`,
  remainder: infix("%"),
  mod: ({ args, from, use }) =>
    isSigned(from) ? `${use("floor_mod")}(${args.join(", ")})` : `(${args[0]} % ${args[1]})`,
  min: ({ args, from, use }) => `${isFloat(from) ? use("least") : "min"}(${args.join(", ")})`,
  max: ({ args, from, use }) => `${isFloat(from) ? use("greatest") : "max"}(${args.join(", ")})`,
  where: ({ args: [condition, yes, no] }) => `select(${no}, ${yes}, ${condition})`,
  relu: ({ args: [a], from }) =>
    isFloat(from)
      ? `select(${a}, ${literal(from, "0.0")}, ${a} < ${literal(from, "0.0")})`
      : `max(${a}, ${literal(from, "0")})`,
  abs: ({ args: [a], from }) => (isSigned(from) ? `abs(${a})` : `${a}`),
  sign: ({ args: [a], from, use }) =>
    isFloat(from)
      ? `${use("sign_of")}(${a})`
      : isSigned(from)
        ? `sign(${a})`
        : `min(${a}, ${literal(from, "1")})`,
  reciprocal: ({ args: [a], from }) => `(${literal(from, "1.0")} / ${a})`,
  square: ({ args: [a] }) => `(${a} * ${a})`,
  sqrt: builtin("sqrt"),
  exp: builtin("exp"),
  log: builtin("log"),
  floor: builtin("floor"),
  ceil: builtin("ceil"),
  round: builtin("round"),
  truncate: builtin("trunc"),
  sin: builtin("sin"),
  cos: builtin("cos"),
  tan: builtin("tan"),
  asin: builtin("asin"),
  acos: builtin("acos"),
  atan: builtin("atan"),
  cosh: builtin("cosh"),
  acosh: builtin("acosh"),
  sinh: helper("sinh_of"),
  tanh: helper("tanh_of"),
  asinh: helper("asinh_of"),
  atanh: helper("atanh_of"),
  erf: helper("erf"),
  expm1: helper("expm1"),
  sigmoid: helper("sigmoid"),
  softplus: helper("softplus"),
  pow: ({ args, from, use }) => `${use(isFloat(from) ? "power" : "integer_power")}(${args.join(", ")})`,
  isNaN: helper("is_nan"),
  isInf: helper("is_infinite"),
  cast: castText,
};

function castText({ args: [value = ""], from, to, use }: Scalar): string {
  if (to === "bool") return from === "bool" ? value : `(${value} != ${literal(from, "0")})`;
  if (to === "f16")
    return `${use("to_f16", "f32")}(${from === "f64" ? `${use("narrow_odd")}(${value})` : `f32(${value})`})`;
  if (to === "bf16")
    return `${use("to_bf16", "f32")}(${from === "f64" ? `${use("narrow_odd")}(${value})` : `f32(${value})`})`;
  if (isFloat(from) && (to === "i8" || to === "i16")) return `i32(${value})`;
  if (isFloat(from) && (to === "u8" || to === "u16")) return `bitcast<u32>(i32(${value}))`;
  return `${flightType(to)}(${value})`;
}

const wrapping = new Set([
  "add",
  "sub",
  "mul",
  "div",
  "neg",
  "abs",
  "pow",
  "integer_power",
  "bitNot",
  "shiftLeft",
  "square",
  "cast",
]);

/** Narrow integers are kept in words: what overflows the narrow type wraps here. */
function wrapped(text: string, operation: string, to: DType): string {
  if (!wrapping.has(operation)) return text;
  if (to === "i8") return `((${text} << 24u) >> 24u)`;
  if (to === "i16") return `((${text} << 16u) >> 16u)`;
  if (to === "u8") return `(${text} & 0xffu)`;
  if (to === "u16") return `(${text} & 0xffffu)`;
  return text;
}

/** One operation as WGSL. `functions` collects what it calls, by name. */
export function scalarText(
  operation: string,
  args: readonly string[],
  types: { readonly from: DType; readonly to: DType },
  functions: Map<string, string>,
): string {
  const text = texts[operation];
  if (text === undefined)
    throw new AikoError("INTERNAL", { message: `There is no scalar operation '${operation}'` });
  const use = (name: string, dtype: DType = types.from) => {
    const type = storageOf(dtype);
    const full = `${name}_${type}`;
    for (const [key, value] of helperText(name, type)) functions.set(key, value);
    return full;
  };
  return wrapped(text({ args, ...types, use }), operation, types.to);
}

/** A constant as the words of a kernel's parameters, and what reads it back. */
export function constantWords(dtype: DType, value: number | bigint): readonly number[] {
  const storage = storageOf(dtype);
  if (storage === "f32") return [...new Uint32Array(Float32Array.of(Number(value)).buffer)];
  if (storage === "f64") return [...new Uint32Array(Float64Array.of(Number(value)).buffer)];
  if (isWide(dtype)) return [...new Uint32Array(BigInt64Array.of(BigInt.asIntN(64, BigInt(value))).buffer)];
  return [Number(BigInt.asUintN(32, BigInt(value)))];
}

export function constantText(dtype: DType, words: readonly string[]): string {
  const [low = "", high = ""] = words;
  if (dtype === "bool") return `(${low} != 0u)`;
  const storage = storageOf(dtype);
  if (!isWide(dtype)) return storage === "u32" ? low : `bitcast<${storage}>(${low})`;
  const bits = `((u64(${high}) << 32u) | u64(${low}))`;
  return storage === "u64" ? bits : `bitcast<${storage}>(${bits})`;
}
