import { type ColumnType, typeText } from "../../core/column-type.ts";
import { AikoError } from "../../errors.ts";

import type { ColumnFunction, ResolvedExpression } from "./expression.ts";
import { literalBeside, naturalLiteral } from "./literals.ts";
import { asType, commonOf, conditionOf, isFree, type Operand, settled } from "./operand.ts";
import { call, type Rule, refused } from "./rule.ts";
import { concat, dateDiff, datePart, dateTrunc, epoch, pattern, substring, texts } from "./text-rules.ts";
import {
  arithmeticType,
  asDecimal,
  bool,
  commonType,
  type DecimalType,
  decimalOf,
  finer,
  float64,
  int8,
  int64,
  isFloat,
  isInteger,
  isNumber,
  isTime,
  mostDigits,
  utf8,
} from "./types.ts";

/** The call of a function with operands of the types it computes with. Throws INVALID_ARGUMENT for others. */
export function functionRules(name: ColumnFunction, operands: readonly Operand[]): ResolvedExpression {
  const [least, most] = arity[name] ?? [1, 1];
  if (operands.length < least || operands.length > most) {
    const wanted =
      most === least ? `${least}` : most === Infinity ? `at least ${least}` : `${least} to ${most}`;
    throw new AikoError("INVALID_ARGUMENT", {
      message: `${name} takes ${wanted} operand${wanted === "1" ? "" : "s"}, got ${operands.length}`,
    });
  }
  return rules[name](name, operands);
}

const two = [2, 2] as const;
const many = [1, Number.POSITIVE_INFINITY] as const;

const arity: Readonly<Partial<Record<ColumnFunction, readonly [number, number]>>> = {
  ...Object.fromEntries(
    [
      "add subtract multiply divide floorDivide modulo power atan2 bitAnd bitOr bitXor equal notEqual less lessEqual greater",
      "greaterEqual isDistinctFrom isNotDistinctFrom nullIf startsWith endsWith contains like ilike matches dateTrunc",
    ].flatMap((names) => names.split(" ").map((name) => [name, two])),
  ),
  least: many,
  greatest: many,
  and: many,
  or: many,
  isIn: many,
  coalesce: many,
  concat: many,
  round: [1, 2],
  substring: [2, 3],
  replace: [3, 3],
  dateDiff: [3, 3],
};

/** Both as they are beside each other: a literal takes its type from the other operand. */
function pair(operands: readonly Operand[]): readonly [ResolvedExpression, ResolvedExpression] {
  const [a, b] = operands;
  if (a === undefined || b === undefined)
    throw new AikoError("INTERNAL", { message: "A pair of operands is missing" });
  if (isFree(a) && !isFree(b)) return [literalBeside(a.free, b.typed.type), b.typed];
  if (isFree(b) && !isFree(a)) return [a.typed, literalBeside(b.free, a.typed.type)];
  return [settled(a), settled(b)];
}

const additive: Rule = (name, operands) => {
  const [a, b] = pair(operands);
  const [x, y] = [a.type, b.type];
  if (isTime(x) || isTime(y) || x.kind === "duration" || y.kind === "duration") return timeSum(name, a, b);
  const type = arithmeticType(x, y);
  if (type === undefined) throw refused(name, "numbers, or times and durations", x, y);
  if (type.kind !== "decimal") return call(name, [asType(a, type), asType(b, type)], type);
  const [p, q] = [asDecimal(x), asDecimal(y)];
  const scale = Math.max(p?.scale ?? 0, q?.scale ?? 0);
  const whole = Math.max(wholeDigits(p), wholeDigits(q));
  const result = bounded(name, whole + scale + 1, scale, x, y);
  return call(name, [asType(a, result), asType(b, result)], result);
};

const wholeDigits = (type: DecimalType | undefined) => (type === undefined ? 0 : type.precision - type.scale);

function bounded(name: string, precision: number, scale: number, x: ColumnType, y: ColumnType): DecimalType {
  const type = decimalOf(precision, scale);
  if (type !== undefined) return type;
  throw new AikoError("INVALID_ARGUMENT", {
    message: `${name} of ${typeText(x)} and ${typeText(y)} has ${precision} digits; decimals have up to ${mostDigits}`,
    hint: "Cast one of them to fewer digits, or to float64.",
  });
}

function timeSum(name: ColumnFunction, a: ResolvedExpression, b: ResolvedExpression): ResolvedExpression {
  const [x, y] = [a.type, b.type];
  if (x.kind === "duration" && y.kind === "duration") {
    const type: ColumnType = { kind: "duration", unit: finer(x.unit, y.unit) };
    return call(name, [asType(a, type), asType(b, type)], type);
  }
  if (name === "subtract" && isTime(x) && isTime(y)) {
    const common = commonType(x, y) ?? x;
    const type: ColumnType = { kind: "duration", unit: common.kind === "timestamp" ? common.unit : "s" };
    const as: ColumnType = common.kind === "timestamp" ? common : { kind: "timestamp", unit: "s" };
    return call(name, [asType(a, as), asType(b, as)], type);
  }
  if (isTime(y) && x.kind === "duration" && name === "add") return timeSum(name, b, a);
  if (!isTime(x) || y.kind !== "duration") {
    throw refused(name, 'numbers, or a time and a duration such as literal(60, "duration(s)")', x, y);
  }
  const unit = x.kind === "timestamp" ? finer(x.unit, y.unit) : y.unit;
  const type: ColumnType = x.kind === "timestamp" ? { ...x, unit } : { kind: "timestamp", unit };
  return call(name, [asType(a, type), asType(b, { kind: "duration", unit })], type);
}

const multiply: Rule = (name, operands) => {
  const [a, b] = pair(operands);
  const type = arithmeticType(a.type, b.type);
  if (type === undefined) throw refused(name, "numbers", a.type, b.type);
  if (type.kind !== "decimal") return call(name, [asType(a, type), asType(b, type)], type);
  const [p, q] = [asDecimal(a.type) ?? type, asDecimal(b.type) ?? type];
  const result = bounded(name, p.precision + q.precision, p.scale + q.scale, a.type, b.type);
  return call(name, [asType(a, p), asType(b, q)], result);
};

const divide: Rule = (name, operands) => {
  const [a, b] = pair(operands);
  const type = arithmeticType(a.type, b.type);
  if (type === undefined) throw refused(name, "numbers", a.type, b.type);
  const as = type.kind === "float32" ? type : float64;
  return call(name, [asType(a, as), asType(b, as)], as);
};

/** Integers stay integers; decimals become floats. */
const rounding: Rule = (name, operands) => {
  const [a, b] = pair(operands);
  const type = arithmeticType(a.type, b.type);
  if (type === undefined) throw refused(name, "numbers", a.type, b.type);
  const as = type.kind === "decimal" ? float64 : type;
  return call(name, [asType(a, as), asType(b, as)], as);
};

const real: Rule = (name, operands) => {
  for (const operand of operands) {
    if (isFree(operand) ? isText(operand.free) : !isNumber(operand.typed.type)) {
      throw refused(name, "numbers", settled(operand).type);
    }
  }
  return call(
    name,
    operands.map((each) => asType(each, float64)),
    float64,
  );
};

const isText = (value: unknown) => value !== null && typeof value !== "number" && typeof value !== "bigint";

function numberOf(name: string, operands: readonly Operand[]): ResolvedExpression {
  const [operand] = operands;
  const typed = operand === undefined ? naturalLiteral(null) : settled(operand);
  if (!isNumber(typed.type)) throw refused(name, "numbers", typed.type);
  return typed;
}

const signed: Rule = (name, operands) => {
  const operand = numberOf(name, operands);
  const { type } = operand;
  if (!isInteger(type)) return call(name, [operand], type);
  const as = name === "abs" ? (arithmeticType(type) ?? int64) : int64;
  return call(name, [asType(operand, as)], as);
};

const sign: Rule = (name, operands) => call(name, [numberOf(name, operands)], int8);

const whole: Rule = (name, operands) => {
  const operand = numberOf(name, operands);
  const { type } = operand;
  const digits = digitsOf(operands[1]);
  if (digits !== 0 && !isInteger(type)) return roundedTo(operand, digits);
  if (isFloat(type)) return call(name, [operand], type);
  if (type.kind !== "decimal" || type.scale === 0) return operand;
  const result: ColumnType = { kind: "decimal", precision: wholeDigits(type) + 1, scale: 0 };
  return name === "round" ? asType(operand, result) : call(name, [operand], result);
};

function digitsOf(operand: Operand | undefined): number {
  if (operand === undefined) return 0;
  const typed = settled(operand);
  const digits = typed.kind === "literal" ? Number(typed.value) : Number.NaN;
  if (Number.isInteger(digits) && digits >= 0 && digits <= 18) return digits;
  throw new AikoError("INVALID_ARGUMENT", { message: "round takes a literal number of places from 0 to 18" });
}

function roundedTo(operand: ResolvedExpression, digits: number): ResolvedExpression {
  const { type } = operand;
  if (type.kind === "decimal") {
    if (type.scale <= digits) return operand;
    const precision = Math.min(mostDigits, wholeDigits(type) + digits + 1);
    return asType(operand, { kind: "decimal", precision, scale: digits });
  }
  const power = asType({ free: 10 ** digits }, float64);
  const scaled = call("multiply", [asType(operand, float64), power], float64);
  return asType(call("divide", [call("round", [scaled], float64), power], float64), type);
}

const floatTest: Rule = (name, operands) => {
  const operand = numberOf(name, operands);
  return call(name, [isFloat(operand.type) ? operand : asType(operand, float64)], bool);
};

const bits: Rule = (name, operands) => {
  const [a, b] = pair(operands);
  if (!isInteger(a.type) || !isInteger(b.type)) throw refused(name, "integers", a.type, b.type);
  const type = arithmeticType(a.type, b.type) ?? int64;
  return call(name, [asType(a, type), asType(b, type)], type);
};

function mixedAs(type: (common: ColumnType) => ColumnType): Rule {
  return (name, operands) => {
    const common = commonOf(operands, name);
    if (common.kind === "list") throw refused(name, "single values", common);
    return call(
      name,
      operands.map((each) => asType(each, common)),
      type(common),
    );
  };
}

const compare = mixedAs(() => bool);
const same = mixedAs((common) => common);

const logic: Rule = (name, operands) => {
  const conditions = operands.map(conditionOf);
  const [only] = conditions;
  return only !== undefined && conditions.length === 1 && name !== "not"
    ? only
    : call(name, conditions, bool);
};

const nullTest: Rule = (name, operands) => call(name, operands.map(settled), bool);

const rules: Readonly<Record<ColumnFunction, Rule>> = {
  add: additive,
  subtract: additive,
  multiply,
  divide,
  floorDivide: rounding,
  modulo: rounding,
  power: real,
  negate: signed,
  abs: signed,
  sign,
  floor: whole,
  ceil: whole,
  round: whole,
  truncate: whole,
  sqrt: real,
  exp: real,
  log: real,
  log2: real,
  log10: real,
  sin: real,
  cos: real,
  tan: real,
  asin: real,
  acos: real,
  atan: real,
  atan2: real,
  isNan: floatTest,
  isFinite: floatTest,
  least: same,
  greatest: same,
  bitAnd: bits,
  bitOr: bits,
  bitXor: bits,
  equal: compare,
  notEqual: compare,
  less: compare,
  lessEqual: compare,
  greater: compare,
  greaterEqual: compare,
  isDistinctFrom: compare,
  isNotDistinctFrom: compare,
  isNull: nullTest,
  isNotNull: nullTest,
  and: logic,
  or: logic,
  not: logic,
  isIn: compare,
  coalesce: same,
  nullIf: same,
  length: texts(int64),
  byteLength: texts(int64),
  lower: texts(utf8),
  upper: texts(utf8),
  trim: texts(utf8),
  substring,
  concat,
  replace: texts(utf8),
  startsWith: texts(bool),
  endsWith: texts(bool),
  contains: texts(bool),
  like: pattern,
  ilike: pattern,
  matches: texts(bool),
  year: datePart,
  quarter: datePart,
  month: datePart,
  week: datePart,
  day: datePart,
  dayOfWeek: datePart,
  dayOfYear: datePart,
  hour: datePart,
  minute: datePart,
  second: datePart,
  millisecond: datePart,
  epoch,
  dateTrunc,
  dateDiff,
};

export const functionNames = Object.keys(rules) as readonly ColumnFunction[];
