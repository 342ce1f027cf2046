import type { DType } from "../core/dtype.ts";
import { AikoError } from "../errors.ts";
import {
  type BinaryOperator,
  type ConstantValue,
  computeType,
  type Expression,
  isFloat,
  isInteger,
  isNarrow,
  isWide,
  type NarrowType,
  nodesOf,
  type ScalarType,
  type UnaryOperator,
} from "./expression.ts";

export function input(index: number, type: ScalarType): Expression {
  return { kind: "input", index, type };
}

/** A constant, rounded to f32 or wrapped where the type asks for it. Throws INVALID_ARGUMENT for a value of another kind. */
export function constant(value: ConstantValue, type: ScalarType): Expression {
  return { kind: "constant", value: constantOf(value, type), type };
}

function constantOf(value: ConstantValue, type: ScalarType): ConstantValue {
  if (type === "bool") {
    if (typeof value === "boolean") return value;
  } else if (isFloat(type)) {
    if (typeof value === "number") return type === "f32" ? Math.fround(value) : value;
  } else if (typeof value !== "boolean" && (typeof value === "bigint" || Number.isInteger(value))) {
    const whole = BigInt(value);
    if (isWide(type)) return type === "i64" ? BigInt.asIntN(64, whole) : BigInt.asUintN(64, whole);
    return Number(type === "i32" ? BigInt.asIntN(32, whole) : BigInt.asUintN(32, whole));
  }
  throw new AikoError("INVALID_ARGUMENT", { message: `${String(value)} is no constant of type ${type}` });
}

const anyNumber = (type: ScalarType) => type !== "bool";
const anyType = () => true;
const boolOnly = (type: ScalarType) => type === "bool";

interface Rule {
  readonly allows: (type: ScalarType) => boolean;
  readonly takes: string;
  /** Bool whatever the operands are. */
  readonly isTest?: boolean;
}

const floats: Rule = { allows: isFloat, takes: "floats" };
const numbers: Rule = { allows: anyNumber, takes: "numbers" };
const integers: Rule = { allows: isInteger, takes: "integers" };
const bools: Rule = { allows: boolOnly, takes: "bool" };
const tests: Rule = { ...numbers, isTest: true };
const equality: Rule = { allows: anyType, takes: "numbers or bool", isTest: true };

const unaryRules: Readonly<Record<UnaryOperator, Rule>> = {
  negate: numbers,
  not: bools,
  bitNot: integers,
  abs: numbers,
  sign: numbers,
  sqrt: floats,
  exp: floats,
  expm1: floats,
  log: floats,
  log1p: floats,
  log2: floats,
  sin: floats,
  cos: floats,
  tan: floats,
  asin: floats,
  acos: floats,
  atan: floats,
  sinh: floats,
  cosh: floats,
  tanh: floats,
  asinh: floats,
  acosh: floats,
  atanh: floats,
  erf: floats,
  floor: numbers,
  ceil: numbers,
  round: numbers,
  truncate: numbers,
  isNan: tests,
  isInfinite: tests,
};

const binaryRules: Readonly<Record<BinaryOperator, Rule>> = {
  add: numbers,
  subtract: numbers,
  multiply: numbers,
  divide: numbers,
  floorDivide: numbers,
  remainder: numbers,
  modulo: numbers,
  power: numbers,
  atan2: floats,
  minimum: numbers,
  maximum: numbers,
  equal: equality,
  notEqual: equality,
  less: tests,
  lessEqual: tests,
  greater: tests,
  greaterEqual: tests,
  and: bools,
  or: bools,
  xor: bools,
  bitAnd: integers,
  bitOr: integers,
  bitXor: integers,
  shiftLeft: integers,
  shiftRight: integers,
};

/** Whether an operator of one operand takes a type. */
export function unaryAllows(operator: UnaryOperator, type: ScalarType): boolean {
  return unaryRules[operator].allows(type);
}

/** `operator(operand)`. Throws INVALID_ARGUMENT for a type that it does not take. */
export function unary(operator: UnaryOperator, operand: Expression): Expression {
  const { type } = operand;
  const rule = unaryRules[operator];
  if (!rule.allows(type)) throw refused(operator, rule, type);
  if (!isFloat(type)) {
    if (rule.isTest) return constant(false, "bool");
    if (["floor", "ceil", "round", "truncate"].includes(operator)) return operand;
    if (operator === "abs" && (type === "u32" || type === "u64")) return operand;
  }
  return { kind: "unary", operator, operand, type: rule.isTest ? "bool" : type };
}

/** `left operator right`. Throws INVALID_ARGUMENT when the types differ, or for a type that it does not take. */
export function binary(operator: BinaryOperator, left: Expression, right: Expression): Expression {
  const rule = binaryRules[operator];
  const { type } = left;
  if (!rule.allows(type)) throw refused(operator, rule, type);
  if (right.type !== type) {
    throw new AikoError("INVALID_ARGUMENT", {
      message: `${operator} takes two of one type, got ${type} and ${right.type}`,
      hint: `Cast one of them: to ${type} or to ${right.type}.`,
    });
  }
  if (operator === "power" && right.kind === "constant") {
    if (Number(right.value) === 1) return left;
    if (Number(right.value) === 2) return binary("multiply", left, left);
  }
  return { kind: "binary", operator, left, right, type: rule.isTest ? "bool" : type };
}

function refused(operator: string, rule: Rule, type: ScalarType): AikoError {
  return new AikoError("INVALID_ARGUMENT", {
    message: `${operator} takes ${rule.takes}, not ${type}`,
    hint: "Cast it first.",
  });
}

/** `yes` where the condition holds, else `no`. */
export function select(condition: Expression, yes: Expression, no: Expression): Expression {
  if (condition.type !== "bool") throw refused("The condition of select", bools, condition.type);
  if (yes.type !== no.type) {
    throw new AikoError("INVALID_ARGUMENT", {
      message: `select takes two of one type, got ${yes.type} and ${no.type}`,
      hint: `Cast one of them: to ${yes.type} or to ${no.type}.`,
    });
  }
  if (condition.kind === "constant") return condition.value ? yes : no;
  return { kind: "select", condition, yes, no, type: yes.type };
}

export function cast(operand: Expression, type: ScalarType): Expression {
  return operand.type === type ? operand : { kind: "cast", operand, type };
}

/** Rounds or wraps to what the narrow type holds. */
export function narrow(operand: Expression, to: NarrowType): Expression {
  if (operand.type !== computeType(to)) throw refused(`Narrowing to ${to}`, integers, operand.type);
  if (operand.kind === "narrow" && operand.to === to) return operand;
  return { kind: "narrow", operand, to, type: operand.type };
}

const ranges = { i8: [-128, 127], u8: [0, 255], i16: [-32_768, 32_767], u16: [0, 65_535] } as const;

/** The value as an element type would hold it: floats saturate to integers, also to narrow ones. */
export function convert(operand: Expression, dtype: DType): Expression {
  const type = computeType(dtype);
  const whole = cast(operand, type);
  if (!isNarrow(dtype) || operand.type === "bool") return whole;
  if (dtype === "f16" || dtype === "bf16" || !isFloat(operand.type)) return narrow(whole, dtype);
  const [low, high] = ranges[dtype];
  return binary("minimum", binary("maximum", whole, constant(low, type)), constant(high, type));
}

/** What an operation on an element type gives, as that type holds it. */
export function settled(result: Expression, dtype: DType): Expression {
  return isNarrow(dtype) ? narrow(result, dtype) : result;
}

/** The same expression of other inputs: `inputs[k]` stands for input k. Shared parts stay shared. */
export function substitute(expression: Expression, inputs: readonly Expression[]): Expression {
  const made = new Map<Expression, Expression>();
  const get = (node: Expression) => made.get(node) ?? node;
  for (const node of nodesOf([expression])) made.set(node, withParts(node, get, inputs));
  return get(expression);
}

function withParts(
  node: Expression,
  get: (node: Expression) => Expression,
  inputs: readonly Expression[],
): Expression {
  switch (node.kind) {
    case "input":
      return inputs[node.index] ?? node;
    case "constant":
      return node;
    case "binary":
      return { ...node, left: get(node.left), right: get(node.right) };
    case "select":
      return { ...node, condition: get(node.condition), yes: get(node.yes), no: get(node.no) };
    default:
      return { ...node, operand: get(node.operand) };
  }
}
