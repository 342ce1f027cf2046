import { AikoError } from "../../errors.ts";
import { countOf } from "../layout.ts";
import {
  abstractFloat,
  abstractInt,
  bitsOf,
  bool,
  convertible,
  elementScalar,
  f16,
  f32,
  i32,
  i64,
  isFloat,
  isInteger,
  isUnsigned,
  isWideInteger,
  type ScalarType,
  type Type,
  typeName,
  u32,
  u64,
} from "../types.ts";
import { formatOf, roundExact } from "./rounding.ts";

/** The value of a constant: vectors, matrices (by column), arrays and structures are lists. Abstract and 64-bit integers are bigints. */
export type Data = number | bigint | boolean | readonly Data[];

/** A problem in a constant expression; the checker adds the place. */
export function foldError(message: string): AikoError {
  return new AikoError("INVALID_KERNEL", { message });
}

/** The nearest f16, ties to even; infinite past 65,504. */
export function roundToHalf(value: number): number {
  if (!Number.isFinite(value) || value === 0) return value;
  const magnitude = Math.abs(value);
  const exponent = Math.max(-14, Math.floor(Math.log2(magnitude)));
  const unit = 2 ** (exponent - 10);
  const scaled = magnitude / unit;
  const floor = Math.floor(scaled);
  const rest = scaled - floor;
  const rounded = (rest > 0.5 || (rest === 0.5 && floor % 2 === 1) ? floor + 1 : floor) * unit;
  return Math.sign(value) * (rounded > 65504 ? Number.POSITIVE_INFINITY : rounded);
}

export function halfBits(value: number): number {
  const sign = value < 0 || Object.is(value, -0) ? 0x8000 : 0;
  const half = Math.abs(roundToHalf(value));
  if (Number.isNaN(half)) return 0x7e00;
  if (half === Number.POSITIVE_INFINITY) return sign | 0x7c00;
  if (half === 0) return sign;
  const exponent = Math.max(-15, Math.floor(Math.log2(half)));
  if (exponent < -14) return sign | Math.round(half / 2 ** -24);
  return sign | ((exponent + 15) << 10) | Math.round((half / 2 ** exponent - 1) * 1024);
}

export function halfFromBits(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 31;
  const fraction = bits & 1023;
  if (exponent === 31) return fraction ? Number.NaN : sign * Number.POSITIVE_INFINITY;
  return sign * (exponent === 0 ? fraction * 2 ** -24 : (1 + fraction / 1024) * 2 ** (exponent - 15));
}

/** Brings the exact result of an operation into its scalar type: wrapped, rounded, or refused when not finite. */
export function settle(type: ScalarType, value: number | bigint | boolean): number | bigint | boolean {
  switch (type) {
    case bool:
      return Boolean(value);
    case i32:
      return Number(BigInt.asIntN(32, BigInt(value)));
    case u32:
      return Number(BigInt.asUintN(32, BigInt(value)));
    case i64:
      return BigInt.asIntN(64, BigInt(value));
    case u64:
      return BigInt.asUintN(64, BigInt(value));
    case abstractInt: {
      const exact = BigInt(value);
      if (BigInt.asIntN(64, exact) !== exact)
        throw foldError(`${exact} does not fit an abstract integer (64 bits)`);
      return exact;
    }
    default: {
      const rounded = nearest(type, value);
      if (!Number.isFinite(rounded))
        throw foldError(`the result ${describe(Number(value))} is not a finite ${typeName(type)}`);
      return rounded;
    }
  }
}

/** The float of a type nearest to a value, ties to even. */
export function nearest(type: ScalarType, value: number | bigint | boolean): number {
  if (typeof value === "bigint") return roundExact(value, 0, type);
  if (type === f32) return Math.fround(Number(value));
  return type === f16 ? roundToHalf(Number(value)) : Number(value);
}

function describe(value: number): string {
  return Number.isNaN(value) ? "NaN" : String(value);
}

/** Converts one scalar. `explicit` is a written conversion such as `u32(x)`; automatic ones must keep the value. */
export function convertScalar(value: Data, from: ScalarType, to: ScalarType, explicit: boolean): Data {
  if (typeof value === "object") throw foldError("a scalar was expected");
  if (from === to) return value;
  if (to === bool) return Boolean(value);
  if (typeof value === "boolean") return settle(to, value);
  if (to === abstractInt) return BigInt(value);
  if (isInteger(to)) return toInteger(value, from, to);
  const settled = settle(to, value);
  if (!explicit && from === abstractInt && BigInt(Number(settled)) !== value && to === abstractFloat) {
    throw foldError(`${value} cannot be represented as ${typeName(to)}`);
  }
  return settled;
}

/** Floats saturate at the outermost values that both types hold, as the emitted code does. */
function toInteger(value: number | bigint, from: ScalarType, to: ScalarType): Data {
  const magnitudeBits = isUnsigned(to) ? bitsOf(to) : bitsOf(to) - 1;
  const low = isUnsigned(to) ? 0n : -(2n ** BigInt(magnitudeBits));
  const end = 2n ** BigInt(magnitudeBits);
  if (isFloat(from)) {
    const step = 2n ** BigInt(Math.max(0, magnitudeBits - formatOf(from).precision));
    const whole = BigInt(Math.trunc(Number(value)));
    return settle(to, whole < low ? low : whole >= end ? end - step : whole);
  }
  if (from === abstractInt && (value < low || value >= end)) {
    throw foldError(`${value} cannot be represented as ${typeName(to)}`);
  }
  return settle(to, value);
}

/** Converts a whole value, element by element. */
export function convert(value: Data, from: Type, to: Type, explicit = false): Data {
  if (from === to) return value;
  if (from.kind === "array" && to.kind === "array") {
    return list(value).map((item) => convert(item, from.element, to.element, explicit));
  }
  if (from.kind === "struct" && to.kind === "struct") {
    const types = to.members.map((member) => member.type);
    return list(value).map((item, index) =>
      convert(item, from.members[index]?.type ?? to, types[index] ?? to, explicit),
    );
  }
  const source = elementScalar(from);
  const target = elementScalar(to);
  if (source === undefined || target === undefined) return value;
  if (!explicit && !convertible(from, to))
    throw foldError(`${typeName(from)} does not convert to ${typeName(to)}`);
  return mapScalars(value, (item) => convertScalar(item, source, target, explicit));
}

export function mapScalars(value: Data, change: (scalar: Data) => Data): Data {
  return typeof value === "object" ? value.map((item) => mapScalars(item, change)) : change(value);
}

export function list(value: Data): readonly Data[] {
  if (typeof value !== "object") throw foldError("a composite value was expected");
  return value;
}

export function at(value: Data, index: number): Data {
  const item = list(value)[index];
  if (item === undefined)
    throw foldError(`index ${index} is out of bounds: there are ${list(value).length} elements`);
  return item;
}

/** The zero value of a constructible type. */
export function zero(type: Type): Data {
  switch (type.kind) {
    case "scalar":
      return type === bool ? false : type === abstractInt || isWideInteger(type) ? 0n : 0;
    case "vector":
      return new Array<Data>(type.size).fill(zero(type.element));
    case "matrix":
      return new Array<Data>(type.columns).fill(new Array<Data>(type.rows).fill(0));
    case "array":
      return new Array<Data>(countOf(type.count ?? 0)).fill(zero(type.element));
    case "struct":
      return type.members.map((member) => zero(member.type));
    default:
      throw foldError(`${typeName(type)} has no zero value`);
  }
}
