import {
  abstractFloat,
  bitsOf,
  f32,
  i32,
  isInteger,
  isUnsigned,
  type ScalarType,
  type Type,
  u32,
} from "../types.ts";
import { foldBinary, sum } from "./operators.ts";
import { fusedMultiplyAdd } from "./rounding.ts";
import { at, type Data, foldError, halfBits, halfFromBits, list, settle } from "./value.ts";

type Scalar = number | bigint | boolean;

const roundEven = (x: number) => {
  const floor = Math.floor(x);
  const rest = x - floor;
  const rounded = rest < 0.5 || (rest === 0.5 && floor % 2 === 0) ? floor : floor + 1;
  return rounded === 0 ? x * 0 : rounded;
};
const smallest = <T extends Scalar>(a: T, b: T) => (a < b ? a : b);
const largest = <T extends Scalar>(a: T, b: T) => (a > b ? a : b);
const domain = (ok: boolean, message: string) => {
  if (!ok) throw foldError(message);
};
/** `value` where it is in the domain, a complaint where not. */
const within = (ok: boolean, message: string, value: () => number) => {
  domain(ok, message);
  return value();
};

/** Functions of floats, component by component. */
const floats: Readonly<Record<string, (...args: number[]) => number>> = {
  acos: (x = 0) => within(Math.abs(x) <= 1, "acos takes values from -1 to 1", () => Math.acos(x)),
  acosh: (x = 0) => within(x >= 1, "acosh takes values from 1", () => Math.acosh(x)),
  asin: (x = 0) => within(Math.abs(x) <= 1, "asin takes values from -1 to 1", () => Math.asin(x)),
  asinh: Math.asinh,
  atan: Math.atan,
  atan2: Math.atan2,
  atanh: (x = 0) => within(Math.abs(x) < 1, "atanh takes values between -1 and 1", () => Math.atanh(x)),
  ceil: Math.ceil,
  cos: Math.cos,
  cosh: Math.cosh,
  degrees: (x = 0) => (x * 180) / Math.PI,
  exp: Math.exp,
  exp2: (x = 0) => 2 ** x,
  floor: Math.floor,
  fract: (x = 0) => x - Math.floor(x),
  inverseSqrt: (x = 0) => within(x > 0, "inverseSqrt takes values above 0", () => 1 / Math.sqrt(x)),
  ldexp: (x = 0, e = 0) => x * 2 ** Math.trunc(e / 2) * 2 ** (e - Math.trunc(e / 2)),
  log: (x = 0) => within(x > 0, "log takes values above 0", () => Math.log(x)),
  log2: (x = 0) => within(x > 0, "log2 takes values above 0", () => Math.log2(x)),
  mix: (a = 0, b = 0, t = 0) => a * (1 - t) + b * t,
  pow: (a = 0, b = 0) => a ** b,
  quantizeToF16: (x = 0) =>
    within(Number.isFinite(roundFinite(x)), `${x} is out of f16's range`, () => roundFinite(x)),
  radians: (x = 0) => (x * Math.PI) / 180,
  round: (x = 0) => roundEven(x),
  saturate: (x = 0) => Math.min(Math.max(x, 0), 1),
  sin: Math.sin,
  sinh: Math.sinh,
  smoothstep: (low = 0, high = 0, x = 0) => {
    domain(low !== high, "smoothstep needs two different edges");
    const t = Math.min(Math.max((x - low) / (high - low), 0), 1);
    return t * t * (3 - 2 * t);
  },
  sqrt: (x = 0) => within(x >= 0, "sqrt takes values from 0", () => Math.sqrt(x)),
  step: (edge = 0, x = 0) => (edge <= x ? 1 : 0),
  tan: Math.tan,
  tanh: Math.tanh,
  trunc: Math.trunc,
};

function roundFinite(x: number): number {
  return halfFromBits(halfBits(x));
}

/** Functions of any number, component by component. */
const numbers: Readonly<Record<string, (type: ScalarType, ...args: (number | bigint)[]) => Scalar>> = {
  abs: (type, x = 0) => (!isInteger(type) ? Math.abs(Number(x)) : x < 0 ? settle(type, -BigInt(x)) : x),
  sign: (type, x = 0) => settle(type, x > 0 ? 1 : x < 0 ? -1 : x),
  min: (_type, a = 0, b = 0) => smallest(a, b),
  max: (_type, a = 0, b = 0) => largest(a, b),
  clamp: (_type, x = 0, low = 0, high = 0) => {
    domain(low <= high, `clamp needs low <= high, got ${low} and ${high}`);
    return smallest(largest(x, low), high);
  },
};

/** Functions of an integer's bits, given as text, the highest bit first. */
const bits: Readonly<Record<string, (text: string, type: ScalarType) => number | bigint>> = {
  countLeadingZeros: (text) => text.length - text.replace(/^0+/, "").length,
  countOneBits: (text) => text.replaceAll("0", "").length,
  countTrailingZeros: (text) => text.length - text.replace(/0+$/, "").length,
  reverseBits: (text) => BigInt(`0b${[...text].reverse().join("")}`),
  firstTrailingBit: (text) => (text.includes("1") ? text.length - 1 - text.lastIndexOf("1") : -1),
  firstLeadingBit: (text, type) => {
    const at = text.indexOf(!isUnsigned(type) && text.startsWith("1") ? "0" : "1");
    return at < 0 ? -1 : text.length - 1 - at;
  },
};

function bitText(type: ScalarType, x: Scalar): string {
  const width = bitsOf(type);
  return BigInt.asUintN(width, BigInt(x)).toString(2).padStart(width, "0");
}

function mask(count: number): number {
  return count >= 32 ? -1 : (1 << count) - 1;
}

function extractBits(type: ScalarType, value: number, offset: number, count: number): number {
  domain(offset + count <= 32, "extractBits reads past the last bit: offset + count must be at most 32");
  if (count === 0) return 0;
  const shifted = value << (32 - offset - count);
  return type === i32 ? shifted >> (32 - count) : shifted >>> (32 - count);
}

function insertBits(value: number, inserted: number, offset: number, count: number): number {
  domain(offset + count <= 32, "insertBits writes past the last bit: offset + count must be at most 32");
  if (count === 0) return value;
  const where = mask(count) << offset;
  return (value & ~where) | ((inserted << offset) & where);
}

function zipComponents(args: readonly Data[], combine: (...items: Scalar[]) => Data): Data {
  const width = args.find((arg) => typeof arg === "object");
  if (typeof width !== "object") return combine(...(args as Scalar[]));
  return width.map((_, index) =>
    zipComponents(
      args.map((arg) => (typeof arg === "object" ? at(arg, index) : arg)),
      combine,
    ),
  );
}

const num = (value: Data) => Number(value);

/** Folds a built-in function, or returns undefined where it cannot be a constant. */
export function foldBuiltin(name: string, args: readonly Data[], types: readonly Type[]): Data | undefined {
  const first = types[0];
  const scalar =
    first === undefined
      ? f32
      : first.kind === "vector" || first.kind === "matrix"
        ? first.element
        : first.kind === "scalar"
          ? first
          : f32;
  const floatFunction = floats[name];
  if (floatFunction !== undefined)
    return zipComponents(args, (...items) => settle(scalar, floatFunction(...items.map(Number))));
  const numberFunction = numbers[name];
  if (numberFunction !== undefined)
    return zipComponents(args, (...items) => numberFunction(scalar, ...(items as (number | bigint)[])));
  const bitFunction = bits[name];
  if (bitFunction !== undefined)
    return zipComponents(args, (x = 0) => settle(scalar, bitFunction(bitText(scalar, x), scalar)));
  switch (name) {
    case "fma":
      return zipComponents(args, (a, b, c) =>
        settle(scalar, fusedMultiplyAdd(Number(a), Number(b), Number(c), scalar)),
      );
    case "extractBits":
      return zipComponents(args, (x, o, c) =>
        settle(scalar, extractBits(scalar, Number(x), Number(o), Number(c))),
      );
    case "insertBits":
      return zipComponents(args, (x, y, o, c) =>
        settle(scalar, insertBits(Number(x), Number(y), Number(o), Number(c))),
      );
    case "select": {
      const [no = 0, yes = 0, condition = false] = args;
      return typeof condition === "object"
        ? zipComponents([no, yes, condition], (a, b, c) => (c ? b : a))
        : condition
          ? yes
          : no;
    }
    case "all":
      return typeof args[0] === "object" ? args[0].every(Boolean) : Boolean(args[0]);
    case "any":
      return typeof args[0] === "object" ? args[0].some(Boolean) : Boolean(args[0]);
    default:
      return (
        foldGeometry(name, args, types, scalar) ??
        foldStructure(name, args, scalar) ??
        foldPacking(name, args)
      );
  }
}

function foldGeometry(
  name: string,
  args: readonly Data[],
  types: readonly Type[],
  scalar: ScalarType,
): Data | undefined {
  const [a = 0, b = 0, c = 0] = args;
  const vector = types[0] ?? f32;
  const apply = (operator: "+" | "-" | "*" | "/", x: Data, xType: Type, y: Data, yType: Type) =>
    foldBinary(operator, x, xType, y, yType);
  const dot = (x: Data, y: Data) => sum(list(apply("*", x, vector, y, vector)), scalar);
  const length = (x: Data) =>
    typeof x === "object" ? settle(scalar, Math.hypot(...x.map(num))) : Math.abs(num(x));
  switch (name) {
    case "dot":
      return dot(a, b);
    case "length":
      return length(a);
    case "distance":
      return length(apply("-", a, vector, b, vector));
    case "normalize":
      domain(length(a) !== 0, "a zero vector has no direction to normalize");
      return apply("/", a, vector, length(a), scalar);
    case "cross": {
      const part = (i: number, j: number) => num(at(a, i)) * num(at(b, j)) - num(at(a, j)) * num(at(b, i));
      return [part(1, 2), part(2, 0), part(0, 1)].map((item) => settle(scalar, item));
    }
    case "reflect":
      return apply("-", a, vector, apply("*", settle(scalar, 2 * num(dot(b, a))), scalar, b, vector), vector);
    case "faceForward":
      return num(dot(b, c)) < 0 ? a : list(a).map((item) => -num(item));
    case "refract": {
      const ratio = num(c);
      const cosine = num(dot(b, a));
      const k = 1 - ratio * ratio * (1 - cosine * cosine);
      return list(a).map((item, index) =>
        k < 0 ? 0 : settle(scalar, ratio * num(item) - (ratio * cosine + Math.sqrt(k)) * num(at(b, index))),
      );
    }
    case "transpose":
      return list(at(a, 0)).map((_, row) => list(a).map((column) => at(column, row)));
    case "determinant":
      return settle(scalar, determinant(list(a).map((column) => list(column).map(num))));
    default:
      return undefined;
  }
}

function determinant(columns: readonly (readonly number[])[]): number {
  if (columns.length === 1) return columns[0]?.[0] ?? 0;
  return columns.reduce((total, column, index) => {
    const minor = columns.filter((_, other) => other !== index).map((other) => other.slice(1));
    return total + (index % 2 === 0 ? 1 : -1) * (column[0] ?? 0) * determinant(minor);
  }, 0);
}

/** A fraction from 0.5 to 1 and a power of two. */
function split(x: number): [fraction: number, exponent: number] {
  if (x === 0) return [x, 0];
  if (Math.abs(x) < 2 ** -1022) {
    const [fraction, exponent] = split(x * 2 ** 54);
    return [fraction, exponent - 54];
  }
  let exponent = Math.floor(Math.log2(Math.abs(x)));
  if (2 ** exponent > Math.abs(x)) exponent--;
  return [x / 2 ** exponent / 2, exponent + 1];
}

function foldStructure(name: string, args: readonly Data[], scalar: ScalarType): Data | undefined {
  const [value = 0] = args;
  const unzip = (parts: (x: number) => [number, number | bigint]): Data => {
    if (typeof value !== "object") return parts(num(value));
    const pairs = value.map((item) => parts(num(item)));
    return [pairs.map(([low]) => low), pairs.map(([, high]) => high)];
  };
  if (name === "modf") return unzip((x) => [x % 1, Math.trunc(x)]);
  if (name !== "frexp") return undefined;
  return unzip((x) => {
    const [fraction, exponent] = split(x);
    return [fraction, scalar === abstractFloat ? BigInt(exponent) : exponent];
  });
}

function foldPacking(name: string, args: readonly Data[]): Data | undefined {
  const [a = 0, b = 0] = args;
  const clampRound = (x: Data, low: number, scale: number) =>
    roundEven(Math.min(Math.max(num(x), low), 1) * scale);
  const join = (items: readonly number[], width: number) =>
    items.reduce((word, item, index) => (word | ((item & mask(width)) << (index * width))) >>> 0, 0);
  const unpack = (word: Data, width: number, signed: boolean) =>
    Array.from({ length: 32 / width }, (_, index) =>
      extractBits(signed ? i32 : u32, num(word) | 0, index * width, width),
    );
  switch (name) {
    case "pack4x8snorm":
      return join(
        list(a).map((x) => clampRound(x, -1, 127)),
        8,
      );
    case "pack4x8unorm":
      return join(
        list(a).map((x) => clampRound(x, 0, 255)),
        8,
      );
    case "pack2x16snorm":
      return join(
        list(a).map((x) => clampRound(x, -1, 32767)),
        16,
      );
    case "pack2x16unorm":
      return join(
        list(a).map((x) => clampRound(x, 0, 65535)),
        16,
      );
    case "pack2x16float":
      return join(
        list(a).map((x) =>
          within(Number.isFinite(roundFinite(num(x))), `${x} is out of f16's range`, () => halfBits(num(x))),
        ),
        16,
      );
    case "pack4xI8":
    case "pack4xU8":
      return join(list(a).map(num), 8);
    case "pack4xI8Clamp":
      return join(
        list(a).map((x) => Math.min(Math.max(num(x), -128), 127)),
        8,
      );
    case "pack4xU8Clamp":
      return join(
        list(a).map((x) => Math.min(num(x), 255)),
        8,
      );
    case "unpack4x8snorm":
      return unpack(a, 8, true).map((x) => Math.fround(Math.max(x / 127, -1)));
    case "unpack4x8unorm":
      return unpack(a, 8, false).map((x) => Math.fround(x / 255));
    case "unpack2x16snorm":
      return unpack(a, 16, true).map((x) => Math.fround(Math.max(x / 32767, -1)));
    case "unpack2x16unorm":
      return unpack(a, 16, false).map((x) => Math.fround(x / 65535));
    case "unpack2x16float":
      return unpack(a, 16, false).map(halfFromBits);
    case "unpack4xI8":
      return unpack(a, 8, true);
    case "unpack4xU8":
      return unpack(a, 8, false);
    case "dot4U8Packed":
    case "dot4I8Packed": {
      const signed = name === "dot4I8Packed";
      const other = unpack(b, 8, signed);
      return settle(
        signed ? i32 : u32,
        unpack(a, 8, signed).reduce((total, x, index) => total + x * (other[index] ?? 0), 0),
      );
    }
    default:
      return undefined;
  }
}
