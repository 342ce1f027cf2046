import type { ColumnType } from "../../../core/column-type.ts";
import type { ColumnFunction, ResolvedExpression } from "../expression.ts";
import { isFloat, isInteger, isTime, ticksPerSecond } from "../types.ts";
import { floored, sqlType, ticksOf, timeOf } from "./names.ts";
import { clockOf, instantOf } from "./zones.ts";

export interface SqlOperand {
  readonly text: string;
  readonly type: ColumnType;
  readonly node: ResolvedExpression;
}

type Writer = (operands: readonly SqlOperand[], result: ColumnType) => string;

export function functionToSql(
  name: ColumnFunction,
  operands: readonly SqlOperand[],
  result: ColumnType,
): string {
  return writers[name](operands, result);
}

const textsOf = (operands: readonly SqlOperand[]) => operands.map(({ text }) => text);

function infix(operator: string): Writer {
  return (operands) => `(${textsOf(operands).join(` ${operator} `)})`;
}

function named(name: string): Writer {
  return (operands) => `${name}(${textsOf(operands).join(", ")})`;
}

/** The engine's name where it gives another type. */
function namedAs(name: string): Writer {
  return (operands, result) => `CAST(${name}(${textsOf(operands).join(", ")}) AS ${sqlType(result)})`;
}

function sum(operator: "+" | "-"): Writer {
  return ([a, b], result) => {
    if (a === undefined || b === undefined) return "NULL";
    if (!isTime(a.type)) return `CAST(${a.text} ${operator} ${b.text} AS ${sqlType(result)})`;
    const ticks = `(${ticksOf(a.text, a.type)} ${operator} ${ticksOf(b.text, b.type)})`;
    return isTime(result) ? timeOf(ticks, result) : ticks;
  };
}

function divisor({ text, node }: SqlOperand): string {
  return node.kind === "literal" && Number(node.value) !== 0 ? text : `nullif(${text}, 0)`;
}

const modulo: Writer = ([a, b], result) => {
  if (a === undefined || b === undefined) return "NULL";
  const by = divisor(b);
  if (isFloat(result)) {
    const rest = `(${a.text} % ${by})`;
    return `CASE WHEN ${rest} <> 0 AND (${rest} < 0) <> (${by} < 0) THEN ${rest} + ${by} ELSE ${rest} END`;
  }
  return `CAST(${wholeModulo(a.text, by)} AS ${sqlType(result)})`;
};

const wholeModulo = (a: string, by: string) => `(((CAST(${a} AS HUGEINT) % ${by}) + ${by}) % ${by})`;

const floorDivide: Writer = ([a, b], result) => {
  if (a === undefined || b === undefined) return "NULL";
  const by = divisor(b);
  if (isFloat(result)) return `CAST(floor(${a.text} / ${by}) AS ${sqlType(result)})`;
  return `CAST((CAST(${a.text} AS HUGEINT) - ${wholeModulo(a.text, by)}) // ${by} AS ${sqlType(result)})`;
};

/** The engine multiplies two decimals of 64 bits in 64 bits, whatever the product's digits. */
const multiply: Writer = ([a, b], result) => {
  if (a === undefined || b === undefined) return "NULL";
  const isShort = a.type.kind === "decimal" && a.type.precision < 19;
  const wide = result.kind === "decimal" && result.precision > 18 && isShort;
  const left = wide ? `CAST(${a.text} AS DECIMAL(19, ${result.scale - scaleOf(b.type)}))` : a.text;
  return `CAST(${left} * ${b.text} AS ${sqlType(result)})`;
};

const scaleOf = (type: ColumnType) => (type.kind === "decimal" ? type.scale : 0);

const negate: Writer = ([a], result) => {
  const text = a?.text ?? "NULL";
  return isInteger(result) ? `CAST(-CAST(${text} AS HUGEINT) AS ${sqlType(result)})` : `(-${text})`;
};

function epochOf([a]: readonly SqlOperand[]): string {
  if (a === undefined) return "NULL";
  const ticks = ticksOf(a.text, a.type);
  if (a.type.kind === "date") return `(CAST(${ticks} AS DOUBLE) * 86400)`;
  const perSecond =
    a.type.kind === "timestamp" || a.type.kind === "duration" ? ticksPerSecond[a.type.unit] : 1n;
  if (perSecond === 1n) return `CAST(${ticks} AS DOUBLE)`;
  return `(CAST(${ticks} AS DOUBLE) / ${perSecond})`;
}

/**
 * A time as the engine's functions take it: the clock of its zone. They round nanoseconds towards zero, so they get
 * microseconds that were rounded down.
 */
function moment(operand: SqlOperand): string {
  const { type } = operand;
  const text = inMicroseconds(operand);
  return type.kind === "timestamp" && type.timeZone !== undefined ? clockOf(text, type.timeZone) : text;
}

function inMicroseconds({ text, type }: SqlOperand): string {
  if (type.kind !== "timestamp" || type.unit !== "ns") return text;
  return `make_timestamp(${floored(ticksOf(text, type), 1000n)})`;
}

function part(name: string): Writer {
  return ([a]) => (a === undefined ? "NULL" : `${name}(${moment(a)})`);
}

const parted = (operand: SqlOperand | undefined) =>
  operand?.node.kind === "literal" ? String(operand.node.value) : "day";

const smallParts: Readonly<Record<string, readonly [bigint, bigint]>> = {
  hour: [1n, 3600n],
  minute: [1n, 60n],
  second: [1n, 1n],
  millisecond: [1000n, 1n],
  microsecond: [1_000_000n, 1n],
};

const dateTrunc: Writer = ([name, time], result) => {
  if (time === undefined) return "NULL";
  const small = smallParts[parted(name)];
  if (result.kind !== "timestamp") {
    return small === undefined ? `CAST(date_trunc('${parted(name)}', ${time.text}) AS DATE)` : time.text;
  }
  const part = parted(name);
  if (result.timeZone !== undefined && (small === undefined || part === "hour")) {
    const clock = moment(time);
    const truncated = `date_trunc('${part}', ${clock})`;
    const instant = `CAST(${inMicroseconds(time)} AS TIMESTAMPTZ)`;
    const start =
      part === "hour" ? `(${instant} - (${clock} - ${truncated}))` : instantOf(truncated, result.timeZone);
    return timeOf(ticksOf(`CAST(${start} AS TIMESTAMP)`, { kind: "timestamp", unit: result.unit }), result);
  }
  if (small === undefined) {
    const truncated = `date_trunc('${part}', ${moment(time)})`;
    const type: ColumnType = { kind: "timestamp", unit: "us" };
    const seconds = floored(ticksOf(`CAST(${truncated} AS TIMESTAMP)`, type), 1_000_000n);
    return timeOf(`(${seconds} * ${ticksPerSecond[result.unit]})`, result);
  }
  const step = (small[1] * ticksPerSecond[result.unit]) / small[0];
  if (step <= 1n) return time.text;
  return timeOf(`(${floored(ticksOf(time.text, result), step)} * ${step})`, result);
};

const dateDiff: Writer = ([name, from, to]) => {
  if (from === undefined || to === undefined) return "NULL";
  const part = parted(name);
  const small = smallParts[part];
  const { type } = from;
  if (part === "week") {
    const week = (each: SqlOperand) =>
      floored(`(${ticksOf(`CAST(${moment(each)} AS DATE)`, { kind: "date" })} + 3)`, 7n);
    return `(${week(to)} - ${week(from)})`;
  }
  if (small === undefined || type.kind !== "timestamp") {
    return `date_diff('${part}', ${moment(from)}, ${moment(to)})`;
  }
  const count = (each: SqlOperand) => {
    const ticks = ticksOf(each.text, type);
    const [many, one] = [small[0], small[1] * ticksPerSecond[type.unit]];
    return many >= one ? `(${ticks} * ${many / one})` : floored(ticks, one / many);
  };
  return `(${count(to)} - ${count(from)})`;
};

const like = (operator: string): Writer => {
  return (operands) => `(${textsOf(operands).join(` ${operator} `)} ESCAPE '\\')`;
};

const isIn: Writer = ([value, ...list]) => {
  if (value === undefined || list.length === 0) return "false";
  return `(${value.text} IN (${textsOf(list).join(", ")}))`;
};

const whole = (name: string): Writer => namedAs(name);

const writers: Readonly<Record<ColumnFunction, Writer>> = {
  add: sum("+"),
  subtract: sum("-"),
  multiply,
  divide: infix("/"),
  floorDivide,
  modulo,
  power: named("pow"),
  negate,
  abs: named("abs"),
  sign: namedAs("sign"),
  floor: whole("floor"),
  ceil: whole("ceil"),
  round: whole("round"),
  truncate: whole("trunc"),
  sqrt: named("sqrt"),
  exp: named("exp"),
  log: named("ln"),
  log2: named("log2"),
  log10: named("log10"),
  sin: named("sin"),
  cos: named("cos"),
  tan: named("tan"),
  asin: named("asin"),
  acos: named("acos"),
  atan: named("atan"),
  atan2: named("atan2"),
  isNan: named("isnan"),
  isFinite: named("isfinite"),
  least: named("least"),
  greatest: named("greatest"),
  bitAnd: infix("&"),
  bitOr: infix("|"),
  bitXor: named("xor"),
  equal: infix("="),
  notEqual: infix("<>"),
  less: infix("<"),
  lessEqual: infix("<="),
  greater: infix(">"),
  greaterEqual: infix(">="),
  isDistinctFrom: infix("IS DISTINCT FROM"),
  isNotDistinctFrom: infix("IS NOT DISTINCT FROM"),
  isNull: ([a]) => `(${a?.text} IS NULL)`,
  isNotNull: ([a]) => `(${a?.text} IS NOT NULL)`,
  and: infix("AND"),
  or: infix("OR"),
  not: ([a]) => `(NOT ${a?.text})`,
  isIn,
  coalesce: named("coalesce"),
  nullIf: named("nullif"),
  length: named("length"),
  byteLength: named("strlen"),
  lower: named("lower"),
  upper: named("upper"),
  trim: named("trim"),
  substring: named("substring"),
  concat: named("concat"),
  replace: named("replace"),
  startsWith: named("starts_with"),
  endsWith: named("suffix"),
  contains: named("contains"),
  like: like("LIKE"),
  ilike: like("ILIKE"),
  matches: (operands) => `regexp_matches(${textsOf(operands).join(", ")}, 's')`,
  year: part("year"),
  quarter: part("quarter"),
  month: part("month"),
  week: part("week"),
  day: part("day"),
  dayOfWeek: part("isodow"),
  dayOfYear: part("dayofyear"),
  hour: part("hour"),
  minute: part("minute"),
  second: part("second"),
  millisecond: part("millisecond"),
  epoch: epochOf,
  dateTrunc,
  dateDiff,
};
