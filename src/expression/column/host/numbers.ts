import type { ColumnType } from "../../../core/column-type.ts";
import { AikoError } from "../../../errors.ts";
import { floorDivide as bigFloor } from "../calendar.ts";
import { type Value, valueText } from "../cast-value.ts";
import type { ColumnFunction } from "../expression.ts";
import { integers, isFloat, isInteger } from "../types.ts";
import type { HostFunction } from "./compile.ts";

function overflow(name: string, operands: readonly Value[], types: readonly ColumnType[]): AikoError {
  const texts = operands.map((each, at) => valueText(each, types[at] ?? { kind: "int64" }));
  return new AikoError("OVERFLOW", {
    message: `${name}(${texts.join(", ")}) is out of range`,
    hint: "Cast the operands to a wider type, to decimal or to float64.",
  });
}

function fits(value: bigint, type: ColumnType): boolean {
  if (type.kind === "decimal") {
    const limit = 10n ** BigInt(type.precision);
    return value < limit && value > -limit;
  }
  const { min, max } = integers[isInteger(type) ? type.kind : "int64"];
  return value >= min && value <= max;
}

function arithmetic(
  name: string,
  whole: (a: bigint, b: bigint) => bigint | null,
  real: (a: number, b: number) => number | null,
): HostFunction {
  return (operands, types, result) => {
    const [a = 0, b = 0] = operands;
    if (isFloat(result)) {
      const value = real(Number(a), Number(b));
      return value === null || result.kind === "float64" ? value : Math.fround(value);
    }
    const value = whole(BigInt(a), BigInt(b));
    if (value !== null && !fits(value, result)) throw overflow(name, operands, types);
    return value;
  };
}

function modulo(a: number, b: number): number | null {
  if (b === 0) return null;
  const r = a % b;
  return r !== 0 && r < 0 !== b < 0 ? r + b : r;
}

function real(
  compute: (a: number, b: number) => number,
  refuses?: (a: number) => string | undefined,
): HostFunction {
  return ([a = 0, b = 0]) => {
    const why = refuses?.(Number(a));
    if (why === undefined) return compute(Number(a), Number(b));
    throw new AikoError("INVALID_VALUE", {
      message: why,
      hint: "Filter such rows out, or make them null by nullIf.",
    });
  };
}

const positive = (name: string) => (x: number) =>
  x > 0 || Number.isNaN(x) ? undefined : `${name} takes numbers above 0, not ${x}`;
const inUnit = (name: string) => (x: number) =>
  Math.abs(x) > 1 ? `${name} takes numbers from -1 to 1, not ${x}` : undefined;
const finite = (name: string) => (x: number) =>
  Math.abs(x) === Infinity ? `${name} takes finite numbers, not ${x}` : undefined;

function keepsType(
  float: (x: number) => number,
  whole: (unscaled: bigint, unit: bigint) => bigint,
): HostFunction {
  return ([a = 0], types, result) => {
    const from = types[0] ?? result;
    if (isFloat(result)) return float(Number(a));
    return whole(BigInt(a), from.kind === "decimal" ? 10n ** BigInt(from.scale) : 1n);
  };
}

function roundAway(x: number): number {
  const whole = Math.trunc(x);
  return Math.abs(x - whole) >= 0.5 ? whole + Math.sign(x) : whole;
}

function bits(compute: (a: bigint, b: bigint) => bigint): HostFunction {
  return ([a = 0, b = 0], _, { kind }) => {
    const value = compute(BigInt(a), BigInt(b));
    return kind === "uint64" ? BigInt.asUintN(64, value) : BigInt.asIntN(64, value);
  };
}

/** IEEE 754's pow, which differs from JavaScript's where the base is 1. */
function power(a: number, b: number): number {
  return a === 1 || (a === -1 && Math.abs(b) === Infinity) ? 1 : a ** b;
}

export const numberFunctions: Readonly<Partial<Record<ColumnFunction, HostFunction>>> = {
  add: arithmetic(
    "add",
    (a, b) => a + b,
    (a, b) => a + b,
  ),
  subtract: arithmetic(
    "subtract",
    (a, b) => a - b,
    (a, b) => a - b,
  ),
  multiply: arithmetic(
    "multiply",
    (a, b) => a * b,
    (a, b) => a * b,
  ),
  divide: arithmetic(
    "divide",
    () => null,
    (a, b) => a / b,
  ),
  floorDivide: arithmetic(
    "floorDivide",
    (a, b) => (b === 0n ? null : bigFloor(a, b)),
    (a, b) => (b === 0 ? null : Math.floor(a / b)),
  ),
  modulo: arithmetic("modulo", (a, b) => (b === 0n ? null : a - bigFloor(a, b) * b), modulo),
  power: real(power),
  negate: arithmetic(
    "negate",
    (a) => -a,
    (a) => -a,
  ),
  abs: arithmetic("abs", (a) => (a < 0n ? -a : a), Math.abs),
  sign: ([a = 0]) => (Number(a) > 0 ? 1 : Number(a) < 0 ? -1 : 0),
  floor: keepsType(Math.floor, bigFloor),
  ceil: keepsType(Math.ceil, (a, unit) => -bigFloor(-a, unit)),
  round: keepsType(roundAway, (a) => a),
  truncate: keepsType(Math.trunc, (a, unit) => a / unit),
  sqrt: real(Math.sqrt, (x) => (x < 0 ? `sqrt takes no negative number: ${x}` : undefined)),
  exp: real(Math.exp),
  log: real(Math.log, positive("log")),
  log2: real(Math.log2, positive("log2")),
  log10: real(Math.log10, positive("log10")),
  sin: real(Math.sin, finite("sin")),
  cos: real(Math.cos, finite("cos")),
  tan: real(Math.tan, finite("tan")),
  asin: real(Math.asin, inUnit("asin")),
  acos: real(Math.acos, inUnit("acos")),
  atan: real(Math.atan),
  atan2: real(Math.atan2),
  isNan: ([a]) => Number.isNaN(a),
  isFinite: ([a]) => Number.isFinite(a),
  bitAnd: bits((a, b) => a & b),
  bitOr: bits((a, b) => a | b),
  bitXor: bits((a, b) => a ^ b),
  not: ([a]) => a !== true,
};
