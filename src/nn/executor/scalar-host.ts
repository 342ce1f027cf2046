import { type DType, isFloat, isWide } from "./types.ts";

export type Scalar = number | bigint;

type Compute = (
  args: readonly Scalar[],
  types: { readonly from: DType; readonly to: DType },
) => Scalar | undefined;

const numbers =
  (compute: (...args: number[]) => number): Compute =>
  (args, { from }) =>
    isWide(from) && !isFloat(from) ? undefined : compute(...args.map(Number));

const both =
  (
    small: (a: number, b: number) => number | boolean,
    large: (a: bigint, b: bigint) => bigint | boolean,
  ): Compute =>
  ([a, b]) =>
    typeof a === "bigint" && typeof b === "bigint"
      ? scalarOf(large(a, b))
      : scalarOf(small(Number(a), Number(b)));

const scalarOf = (value: number | bigint | boolean): Scalar =>
  typeof value === "boolean" ? Number(value) : value;

function divided(a: number, b: number): number {
  return Math.trunc(a / b);
}

/** Operations that planning computes by itself; the others wait for the device. */
const computes: Readonly<Record<string, Compute>> = {
  add: both(
    (a, b) => a + b,
    (a, b) => a + b,
  ),
  sub: both(
    (a, b) => a - b,
    (a, b) => a - b,
  ),
  mul: both(
    (a, b) => a * b,
    (a, b) => a * b,
  ),
  div: ([a, b], { to }) => {
    if (isFloat(to)) return Number(a) / Number(b);
    if (typeof a === "bigint" && typeof b === "bigint") return b === 0n ? undefined : a / b;
    return Number(b) === 0 ? undefined : divided(Number(a), Number(b));
  },
  mod: ([a, b]) => {
    if (typeof a === "bigint" && typeof b === "bigint") return b === 0n ? undefined : ((a % b) + b) % b;
    return Number(b) === 0 ? undefined : ((Number(a) % Number(b)) + Number(b)) % Number(b);
  },
  min: both(
    (a, b) => Math.min(a, b),
    (a, b) => (a < b ? a : b),
  ),
  max: both(
    (a, b) => Math.max(a, b),
    (a, b) => (a > b ? a : b),
  ),
  equal: both(
    (a, b) => a === b,
    (a, b) => a === b,
  ),
  less: both(
    (a, b) => a < b,
    (a, b) => a < b,
  ),
  lessOrEqual: both(
    (a, b) => a <= b,
    (a, b) => a <= b,
  ),
  greater: both(
    (a, b) => a > b,
    (a, b) => a > b,
  ),
  greaterOrEqual: both(
    (a, b) => a >= b,
    (a, b) => a >= b,
  ),
  and: both(
    (a, b) => a !== 0 && b !== 0,
    () => false,
  ),
  or: both(
    (a, b) => a !== 0 || b !== 0,
    () => false,
  ),
  xor: both(
    (a, b) => a !== b,
    () => false,
  ),
  not: ([a]) => Number(Number(a) === 0),
  where: ([condition, yes, no]) => (Number(condition) !== 0 ? yes : no),
  neg: ([a = 0]) => -a,
  abs: ([a = 0]) => (a < 0 ? -a : a),
  square: ([a = 0]) => (typeof a === "bigint" ? a * a : a * a),
  relu: ([a = 0]) => (a < 0 ? (typeof a === "bigint" ? 0n : 0) : a),
  floor: numbers(Math.floor),
  ceil: numbers(Math.ceil),
  sqrt: numbers(Math.sqrt),
  reciprocal: numbers((a) => 1 / a),
  cast: ([a = 0], { from, to }) => castScalar(a, from, to),
};

function castScalar(value: Scalar, from: DType, to: DType): Scalar | undefined {
  if (to === "bool") return Number(typeof value === "bigint" ? value !== 0n : value !== 0);
  if (to === "f16" || to === "bf16") return undefined;
  if (isFloat(to)) return Number(value);
  if (isFloat(from) && !Number.isFinite(value)) return undefined;
  return isFloat(from) ? Math.trunc(Number(value)) : value;
}

/** As the type holds it: integers wrap, floats round. */
export function fitted(value: Scalar, dtype: DType): Scalar {
  switch (dtype) {
    case "f64":
      return Number(value);
    case "f32":
    case "f16":
    case "bf16":
      return Math.fround(Number(value));
    case "bool":
      return Number(value !== 0 && value !== 0n);
    case "i64":
      return BigInt.asIntN(64, BigInt(value));
    case "u64":
      return BigInt.asUintN(64, BigInt(value));
    default: {
      const bits = Number(dtype.slice(1));
      const whole = BigInt(value);
      return Number(dtype.startsWith("i") ? BigInt.asIntN(bits, whole) : BigInt.asUintN(bits, whole));
    }
  }
}

/** One operation on one element; `undefined` where that is the device's. */
export function computeScalar(
  operation: string,
  args: readonly Scalar[],
  types: { readonly from: DType; readonly to: DType },
): Scalar | undefined {
  const value = computes[operation]?.(args, types);
  if (value === undefined) return undefined;
  if (typeof value === "number" && !Number.isInteger(value) && !isFloat(types.to)) return undefined;
  return fitted(value, types.to);
}
