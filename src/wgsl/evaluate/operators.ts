import type { BinaryOperator, UnaryOperator } from "../ast.ts";
import {
  abstractInt,
  bitsOf,
  bool,
  isFloat,
  isUnsigned,
  type ScalarType,
  type Type,
  typeName,
} from "../types.ts";
import { at, type Data, foldError, list, mapScalars, settle } from "./value.ts";

export function foldUnary(operator: UnaryOperator, scalar: ScalarType, value: Data): Data {
  return mapScalars(value, (item) => {
    if (typeof item === "object") return item;
    if (operator === "!") return !item;
    if (operator === "-") return isFloat(scalar) ? -Number(item) : settle(scalar, -BigInt(item));
    return settle(scalar, ~BigInt(item));
  });
}

/** Folds an operator over operands whose types the checker has already matched. */
export function foldBinary(
  operator: BinaryOperator,
  left: Data,
  leftType: Type,
  right: Data,
  rightType: Type,
): Data {
  if (leftType.kind === "matrix" || rightType.kind === "matrix") {
    if (operator === "*") return multiply(left, leftType, right, rightType);
  }
  const scalar = scalarOf(leftType);
  return zip(left, right, (a, b) => foldScalar(operator, a, b, scalar));
}

function scalarOf(type: Type): ScalarType {
  if (type.kind === "scalar") return type;
  if (type.kind === "vector" || type.kind === "matrix") return type.element;
  throw foldError("operators take scalars, vectors and matrices");
}

function zip(left: Data, right: Data, combine: (a: Data, b: Data) => Data): Data {
  if (typeof left === "object" && typeof right === "object")
    return left.map((item, index) => zip(item, at(right, index), combine));
  if (typeof left === "object") return left.map((item) => zip(item, right, combine));
  if (typeof right === "object") return right.map((item) => zip(left, item, combine));
  return combine(left, right);
}

function foldScalar(operator: BinaryOperator, a: Data, b: Data, type: ScalarType): Data {
  if (typeof a === "object" || typeof b === "object") throw foldError("scalars were expected");
  switch (operator) {
    case "==":
      return a === b;
    case "!=":
      return a !== b;
    case "<":
      return a < b;
    case "<=":
      return a <= b;
    case ">":
      return a > b;
    case ">=":
      return a >= b;
    case "&&":
      return Boolean(a) && Boolean(b);
    case "||":
      return Boolean(a) || Boolean(b);
    case "&":
    case "|":
    case "^":
      return bitwise(operator, a, b, type);
    case "<<":
    case ">>":
      return shift(operator, a, b, type);
    default:
      return isFloat(type)
        ? floatArithmetic(operator, Number(a), Number(b), type)
        : integerArithmetic(operator, BigInt(a), BigInt(b), type);
  }
}

function bitwise(
  operator: "&" | "|" | "^",
  a: number | bigint | boolean,
  b: number | bigint | boolean,
  type: ScalarType,
): Data {
  const x = BigInt(a);
  const y = BigInt(b);
  const bits = operator === "&" ? x & y : operator === "|" ? x | y : x ^ y;
  return type === bool ? bits !== 0n : settle(type, bits);
}

function shift(
  operator: "<<" | ">>",
  a: number | bigint | boolean,
  b: number | bigint | boolean,
  type: ScalarType,
): Data {
  const value = BigInt(a);
  const count = BigInt(b);
  const width = BigInt(bitsOf(type));
  if (count < 0n || count >= width)
    throw foldError(`cannot shift a ${width}-bit value by ${count}: at most ${width - 1n}`);
  if (operator === ">>") return settle(type, value >> count);
  const shifted = value << count;
  const fits = (isUnsigned(type) ? BigInt.asUintN : BigInt.asIntN)(bitsOf(type), shifted) === shifted;
  if (!fits) throw foldError(`shifting ${value} left by ${count} loses bits`);
  return settle(type, shifted);
}

function floatArithmetic(operator: BinaryOperator, a: number, b: number, type: ScalarType): Data {
  switch (operator) {
    case "+":
      return settle(type, a + b);
    case "-":
      return settle(type, a - b);
    case "*":
      return settle(type, a * b);
    default:
      if (b === 0) throw foldError(`${a} ${operator} ${b} divides by zero`);
      return settle(type, operator === "/" ? a / b : a % b);
  }
}

function integerArithmetic(operator: BinaryOperator, a: bigint, b: bigint, type: ScalarType): Data {
  switch (operator) {
    case "+":
      return settle(type, a + b);
    case "-":
      return settle(type, a - b);
    case "*":
      return settle(type, a * b);
    default:
      if (b === 0n) throw foldError(`${a} ${operator} 0 divides by zero`);
      if (type !== abstractInt && b === -1n && a === -(2n ** BigInt(bitsOf(type) - 1)))
        throw foldError(`${a} ${operator} -1 overflows ${typeName(type)}`);
      return settle(type, operator === "/" ? a / b : a % b);
  }
}

function multiply(left: Data, leftType: Type, right: Data, rightType: Type): Data {
  const scalar = leftType.kind === "matrix" ? leftType.element : scalarOf(rightType);
  const times = (a: Data, b: Data) => foldScalar("*", a, b, scalar);
  if (leftType.kind === "scalar" || rightType.kind === "scalar") return zip(left, right, times);
  if (leftType.kind === "matrix" && rightType.kind === "matrix") {
    return list(right).map((column) => combineColumns(left, column, leftType.rows, times, scalar));
  }
  if (leftType.kind === "matrix") return combineColumns(left, right, leftType.rows, times, scalar);
  return list(right).map((column) =>
    sum(
      list(column).map((item, row) => times(at(left, row), item)),
      scalar,
    ),
  );
}

function combineColumns(
  matrix: Data,
  vector: Data,
  rows: number,
  times: (a: Data, b: Data) => Data,
  scalar: ScalarType,
): Data {
  return Array.from({ length: rows }, (_, row) =>
    sum(
      list(matrix).map((column, index) => times(at(column, row), at(vector, index))),
      scalar,
    ),
  );
}

export function sum(terms: readonly Data[], scalar: ScalarType): Data {
  return terms.reduce((total, term) => foldScalar("+", total, term, scalar));
}
