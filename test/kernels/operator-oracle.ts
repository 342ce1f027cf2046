import type { BinaryOperator, ScalarType, UnaryOperator } from "#src/expression/expression.js";
import { isFloat, type Value } from "./operators.js";

/** What operators give, from their definitions: integers in unbounded arithmetic, floats in f64 and then rounded. */
export function unaryOracle(operator: UnaryOperator, type: ScalarType, x: Value): Value {
  if (type === "bool") return !x;
  if (!isFloat(type)) return wrapped(type, wholeUnary(operator, BigInt(x)));
  const value = floatUnary(operator, Number(x));
  return typeof value === "number" ? rounded(type, value) : value;
}

export function binaryOracle(operator: BinaryOperator, type: ScalarType, a: Value, b: Value): Value {
  const test = comparison(operator, a, b);
  if (test !== undefined) return test;
  if (isFloat(type)) return rounded(type, floatBinary(operator, Number(a), Number(b)));
  return wrapped(type, wholeBinary(operator, type, BigInt(a), BigInt(b)));
}

function rounded(type: ScalarType, value: number): number {
  return type === "f32" ? Math.fround(value) : value;
}

function wrapped(type: ScalarType, value: bigint): Value {
  const bits = type.endsWith("64") ? 64 : 32;
  const whole = type.startsWith("i") ? BigInt.asIntN(bits, value) : BigInt.asUintN(bits, value);
  return bits === 64 ? whole : Number(whole);
}

function wholeUnary(operator: UnaryOperator, x: bigint): bigint {
  switch (operator) {
    case "negate":
      return -x;
    case "bitNot":
      return ~x;
    case "abs":
      return x < 0n ? -x : x;
    case "sign":
      return x > 0n ? 1n : x < 0n ? -1n : 0n;
    case "isNan":
    case "isInfinite":
      return 0n;
    default:
      return x;
  }
}

function floatUnary(operator: UnaryOperator, x: number): number | boolean {
  switch (operator) {
    case "negate":
      return -x;
    case "sign":
      return Number.isNaN(x) ? x : Number(x > 0) - Number(x < 0);
    case "erf":
      return erf(x);
    case "round":
      return halfToEven(x);
    case "truncate":
      return Math.trunc(x);
    case "isNan":
      return Number.isNaN(x);
    case "isInfinite":
      return x === Infinity || x === -Infinity;
    case "not":
    case "bitNot":
      throw new TypeError(`${operator} takes no floats`);
    default:
      return Math[operator](x);
  }
}

function halfToEven(x: number): number {
  if (!Number.isFinite(x) || Math.abs(x) >= 2 ** 52) return x;
  const low = Math.floor(x);
  const up = x - low > 0.5 || (x - low === 0.5 && low % 2 !== 0);
  const result = up ? low + 1 : low;
  return result === 0 && (x < 0 || Object.is(x, -0)) ? -0 : result;
}

/** Simpson's rule for the integral that defines it. */
function erf(x: number): number {
  if (Number.isNaN(x) || x === 0) return x;
  if (Math.abs(x) > 6.5) return Math.sign(x);
  const steps = 4000;
  const width = x / steps;
  let sum = 1 + Math.exp(-x * x);
  for (let at = 1; at < steps; at++) sum += (at % 2 === 0 ? 2 : 4) * Math.exp(-((at * width) ** 2));
  return (2 / Math.sqrt(Math.PI)) * sum * (width / 3);
}

function comparison(operator: BinaryOperator, a: Value, b: Value): boolean | undefined {
  switch (operator) {
    case "equal":
      return a === b;
    case "notEqual":
      return a !== b;
    case "less":
      return a < b;
    case "lessEqual":
      return a <= b;
    case "greater":
      return a > b;
    case "greaterEqual":
      return a >= b;
    case "and":
      return Boolean(a) && Boolean(b);
    case "or":
      return Boolean(a) || Boolean(b);
    case "xor":
      return Boolean(a) !== Boolean(b);
    default:
      return undefined;
  }
}

function floatBinary(operator: BinaryOperator, a: number, b: number): number {
  switch (operator) {
    case "add":
      return a + b;
    case "subtract":
      return a - b;
    case "multiply":
      return a * b;
    case "divide":
      return a / b;
    case "remainder":
      return a % b;
    case "modulo": {
      const rest = a % b;
      if (rest === 0) return Object.is(Math.sign(b), -0) || b < 0 ? -0 : 0;
      return Math.sign(rest) !== Math.sign(b) && !Number.isNaN(rest) ? rest + b : rest;
    }
    case "power":
      if (a === 1 || (a === -1 && Math.abs(b) === Infinity)) return 1;
      return a ** b;
    case "atan2":
      return Math.atan2(a, b);
    case "minimum":
      return Math.min(a, b);
    case "maximum":
      return Math.max(a, b);
    default:
      throw new TypeError(`No oracle for ${operator} of floats`);
  }
}

function wholeBinary(operator: BinaryOperator, type: ScalarType, a: bigint, b: bigint): bigint {
  const width = type.endsWith("64") ? 64n : 32n;
  const floor = b === 0n ? a : a / b - (a % b !== 0n && a < 0n !== b < 0n ? 1n : 0n);
  switch (operator) {
    case "add":
      return a + b;
    case "subtract":
      return a - b;
    case "multiply":
      return a * b;
    case "divide":
      return b === 0n ? a : a / b;
    case "floorDivide":
      return floor;
    case "remainder":
      return b === 0n ? 0n : a % b;
    case "modulo":
      return b === 0n ? 0n : a - floor * b;
    case "power":
      return wholePower(a, b, 2n ** width);
    case "minimum":
      return a < b ? a : b;
    case "maximum":
      return a > b ? a : b;
    case "bitAnd":
      return a & b;
    case "bitOr":
      return a | b;
    case "bitXor":
      return a ^ b;
    case "shiftLeft":
      return a << BigInt.asUintN(6, b % width < 0n ? (b % width) + width : b % width);
    case "shiftRight":
      return a >> (b % width < 0n ? (b % width) + width : b % width);
    default:
      throw new TypeError(`No oracle for ${operator} of integers`);
  }
}

function wholePower(a: bigint, b: bigint, modulus: bigint): bigint {
  if (b < 0n) return a === 1n ? 1n : a === -1n ? (b % 2n === 0n ? 1n : -1n) : 0n;
  let [result, factor] = [1n, a];
  for (let rest = b; rest > 0n; rest /= 2n) {
    if (rest % 2n === 1n) result = (result * factor) % modulus;
    factor = (factor * factor) % modulus;
  }
  return result;
}
