import type { ColumnType, TimeUnit } from "../../../core/column-type.ts";
import { suggest } from "../../../core/suggest.ts";
import { toAikoError } from "../../../errors.ts";
import { branchOf } from "../branch.ts";
import type { ColumnExpression, ColumnFunction, LiteralValue } from "../expression.ts";
import { typedLiteral } from "../literals.ts";
import { parseType } from "../type-text.ts";
import type { Cursor } from "./cursor.ts";
import { aggregateNamed, functionNamed, knownFunctions } from "./names.ts";

const literal = (value: LiteralValue, type?: ColumnType): ColumnExpression => ({
  kind: "literal",
  value,
  ...(type === undefined ? {} : { type }),
});

function call(name: ColumnFunction, ...operands: readonly ColumnExpression[]): ColumnExpression {
  return { kind: "call", name, operands };
}

/** How tightly operators bind; `not` and comparisons lie between `and` and sums. */
const power = {
  or: 1,
  and: 2,
  not: 3,
  test: 4,
  concat: 5,
  sum: 6,
  product: 7,
  sign: 8,
  power: 9,
  cast: 10,
} as const;

const operators: Readonly<Record<string, readonly [number, ColumnFunction]>> = {
  or: [power.or, "or"],
  and: [power.and, "and"],
  "&&": [power.and, "and"],
  "=": [power.test, "equal"],
  "==": [power.test, "equal"],
  "!=": [power.test, "notEqual"],
  "<>": [power.test, "notEqual"],
  "<": [power.test, "less"],
  "<=": [power.test, "lessEqual"],
  ">": [power.test, "greater"],
  ">=": [power.test, "greaterEqual"],
  "||": [power.concat, "concat"],
  "+": [power.sum, "add"],
  "-": [power.sum, "subtract"],
  "*": [power.product, "multiply"],
  "/": [power.product, "divide"],
  "//": [power.product, "floorDivide"],
  "%": [power.product, "modulo"],
};

export function parseOperand(cursor: Cursor, least = 0): ColumnExpression {
  return cursor.nested(() => {
    let left = prefix(cursor);
    for (;;) {
      const next = infix(cursor, left, least);
      if (next === undefined) return left;
      left = next;
    }
  });
}

function infix(cursor: Cursor, left: ColumnExpression, least: number): ColumnExpression | undefined {
  const { kind, text } = cursor.token;
  if (kind !== "symbol" && kind !== "word") return undefined;
  const word = text.toLowerCase();
  if (word === "::" && least <= power.cast) {
    cursor.next();
    return { kind: "cast", operand: left, to: typeAt(cursor), orNull: false };
  }
  if (word === "**" && least <= power.power) {
    cursor.next();
    return call("power", left, parseOperand(cursor, power.sign));
  }
  if (least <= power.test) {
    const test = testAfter(cursor, left);
    if (test !== undefined) return test;
  }
  const found = Object.hasOwn(operators, word) ? operators[word] : undefined;
  if (found === undefined || found[0] < least) return undefined;
  cursor.next();
  const [binding, name] = found;
  const operands = [left, parseOperand(cursor, binding + 1)];
  if (name !== "and" && name !== "or" && name !== "concat") return { kind: "call", name, operands };
  const first = left.kind === "call" && left.name === name ? left.operands : [left];
  const more = operands.slice(1);
  while (nameAt(cursor) === name) {
    cursor.next();
    more.push(parseOperand(cursor, binding + 1));
  }
  return { kind: "call", name, operands: [...first, ...more] };
}

function nameAt(cursor: Cursor): ColumnFunction | undefined {
  const { kind, text } = cursor.token;
  const word = text.toLowerCase();
  return (kind === "symbol" || kind === "word") && Object.hasOwn(operators, word)
    ? operators[word]?.[1]
    : undefined;
}

const tests = new Set(["in", "between", "like", "ilike"]);

/** `is null`, `not in (...)`, `between a and b`, `like p`. */
function testAfter(cursor: Cursor, left: ColumnExpression): ColumnExpression | undefined {
  if (cursor.accept("is")) return afterIs(cursor, left);
  const negated = cursor.is("not") && tests.has(cursor.peek(1).text.toLowerCase());
  if (!negated && !(cursor.token.kind === "word" && tests.has(cursor.token.text.toLowerCase())))
    return undefined;
  if (negated) cursor.next();
  const test = positiveTest(cursor, left);
  return negated ? call("not", test) : test;
}

function afterIs(cursor: Cursor, left: ColumnExpression): ColumnExpression {
  const negated = cursor.accept("not");
  if (cursor.accept("null")) return call(negated ? "isNotNull" : "isNull", left);
  if (cursor.accept("distinct")) {
    cursor.expect("from");
    return call(negated ? "isNotDistinctFrom" : "isDistinctFrom", left, parseOperand(cursor, power.test + 1));
  }
  if (cursor.is("true") || cursor.is("false")) {
    const value = literal(cursor.next().text.toLowerCase() === "true");
    return call(negated ? "isDistinctFrom" : "isNotDistinctFrom", left, value);
  }
  throw cursor.error(`Expected null, true, false or distinct from, found ${cursor.found()}`);
}

function positiveTest(cursor: Cursor, left: ColumnExpression): ColumnExpression {
  const word = cursor.next().text.toLowerCase();
  if (word === "in") {
    cursor.expect("(");
    return call("isIn", left, ...operandsUntilClose(cursor));
  }
  const right = parseOperand(cursor, power.test + 1);
  if (word === "like" || word === "ilike") return call(word, left, right);
  cursor.expect("and");
  return call(
    "and",
    call("greaterEqual", left, right),
    call("lessEqual", left, parseOperand(cursor, power.test + 1)),
  );
}

function operandsUntilClose(cursor: Cursor): ColumnExpression[] {
  const operands: ColumnExpression[] = [];
  if (cursor.accept(")")) return operands;
  do operands.push(parseOperand(cursor));
  while (cursor.accept(","));
  cursor.expect(")");
  return operands;
}

function prefix(cursor: Cursor): ColumnExpression {
  const { token } = cursor;
  switch (token.kind) {
    case "number":
      cursor.next();
      return literal(numberOf(token.text));
    case "text":
      cursor.next();
      return literal(token.text);
    case "name":
      cursor.next();
      return { kind: "column", name: token.text };
    case "word":
      return word(cursor);
    case "symbol":
      return symbol(cursor);
    case "end":
      throw cursor.error("Expected a column or a value, found the end");
  }
}

function symbol(cursor: Cursor): ColumnExpression {
  if (cursor.accept("(")) {
    const inner = parseOperand(cursor);
    cursor.expect(")");
    return inner;
  }
  if (cursor.accept("+")) return parseOperand(cursor, power.sign);
  if (cursor.accept("!")) return call("not", parseOperand(cursor, power.sign));
  if (!cursor.is("-")) throw cursor.error(`Expected a column or a value, found ${cursor.found()}`);
  cursor.next();
  if (cursor.token.kind === "number" && !cursor.is("**", 1) && !cursor.is("::", 1)) {
    const value = numberOf(cursor.next().text);
    return literal(typeof value === "bigint" || value !== 0 || !Number.isInteger(value) ? -value : -0);
  }
  return call("negate", parseOperand(cursor, power.sign));
}

function numberOf(text: string): number | bigint {
  const plain = text.replaceAll("_", "");
  const value = Number(plain);
  return /^\d+$/.test(plain) && !Number.isSafeInteger(value) ? BigInt(plain) : value;
}

const constants: Readonly<Record<string, LiteralValue>> = { true: true, false: false, null: null };

function word(cursor: Cursor): ColumnExpression {
  const token = cursor.next();
  const name = token.text.toLowerCase();
  if (cursor.is("(")) return called(cursor, token.text, name, token);
  if (cursor.token.kind === "text" && (name === "date" || name === "timestamp"))
    return timeLiteral(cursor, name);
  if (name === "interval") return interval(cursor);
  if (Object.hasOwn(constants, name)) return literal(constants[name] ?? null);
  if (name === "not") return call("not", parseOperand(cursor, power.not));
  if (name === "case") return caseAt(cursor);
  if (reserved.has(name))
    throw cursor.error(
      `"${token.text}" is not expected here`,
      `A column of that name is written "${token.text}".`,
      token,
    );
  return { kind: "column", name: token.text };
}

const reserved = new Set("and or in is like ilike between when then else end as asc desc".split(" "));

function timeLiteral(cursor: Cursor, name: "date" | "timestamp"): ColumnExpression {
  const token = cursor.next();
  const type: ColumnType = name === "date" ? { kind: "date" } : { kind: "timestamp", unit: "us" };
  try {
    typedLiteral(token.text, type);
  } catch (error) {
    throw cursor.error(
      `'${token.text}' is no ${name}`,
      toAikoError(error).hint ?? "Write 2024-01-31.",
      token,
    );
  }
  return literal(token.text, type);
}

const units: Readonly<Record<string, readonly [number, TimeUnit]>> = {
  week: [604_800, "s"],
  day: [86_400, "s"],
  hour: [3600, "s"],
  minute: [60, "s"],
  second: [1, "s"],
  millisecond: [1, "ms"],
  microsecond: [1, "us"],
  nanosecond: [1, "ns"],
};

function interval(cursor: Cursor): ColumnExpression {
  const { token } = cursor;
  const text = cursor.next().text;
  const whole = token.kind === "number" ? `${text} ${cursor.next().text}` : text;
  const match = /^\s*(-?\d+)\s+([a-z]+?)s?\s*$/i.exec(whole);
  const unit = units[match?.[2]?.toLowerCase() ?? ""];
  if (match === null || unit === undefined) {
    throw cursor.error(
      "An interval is a whole number and a unit",
      "As in interval '3 hours'; months and years have no fixed length.",
      token,
    );
  }
  return literal(BigInt(match[1] ?? 0) * BigInt(unit[0]), { kind: "duration", unit: unit[1] });
}

function caseAt(cursor: Cursor): ColumnExpression {
  const subject = cursor.is("when") ? undefined : parseOperand(cursor);
  const branches = [];
  while (cursor.accept("when")) {
    const condition = parseOperand(cursor);
    cursor.expect("then");
    const when = subject === undefined ? condition : call("equal", subject, condition);
    branches.push(branchOf(when, parseOperand(cursor)));
  }
  if (branches.length === 0) cursor.expect("when");
  const otherwise = cursor.accept("else") ? parseOperand(cursor) : undefined;
  cursor.expect("end");
  return { kind: "case", branches, ...(otherwise === undefined ? {} : { otherwise }) };
}

function called(cursor: Cursor, text: string, name: string, token: Cursor["token"]): ColumnExpression {
  if (name === "not") return call("not", parseOperand(cursor, power.not));
  if (name === "case") return caseAt(cursor);
  if (name === "and" || name === "or" || name === "in")
    throw cursor.error(`"${text}" is not expected here`, undefined, token);
  cursor.expect("(");
  if (name === "cast" || name === "try_cast" || name === "trycast") {
    const operand = parseOperand(cursor);
    cursor.expect("as");
    const to = typeAt(cursor);
    cursor.expect(")");
    return { kind: "cast", operand, to, orNull: name !== "cast" };
  }
  if (name === "extract") return extract(cursor);
  const operands = operandsUntilClose(cursor);
  if (name === "if" && operands.length === 3) {
    const [condition = literal(null), yes = literal(null), no = literal(null)] = operands;
    return { kind: "case", branches: [branchOf(condition, yes)], otherwise: no };
  }
  const found = functionNamed(text);
  if (found !== undefined) return call(found, ...operands);
  if (aggregateNamed(text) !== undefined) {
    throw cursor.error(
      `${text} is a function of many rows`,
      "It belongs into the aggregates of a group.",
      token,
    );
  }
  const close = suggest(text, knownFunctions);
  throw cursor.error(
    `There is no function ${text}`,
    close === undefined ? `Functions are ${knownFunctions.join(", ")}.` : `Did you mean ${close}?`,
    token,
  );
}

function extract(cursor: Cursor): ColumnExpression {
  const { token } = cursor;
  const name = functionNamed(cursor.next().text);
  if (name === undefined) throw cursor.error(`${token.text} is no part of time`, undefined, token);
  cursor.expect("from");
  const operand = parseOperand(cursor);
  cursor.expect(")");
  return call(name, operand);
}

/** A type by its name, with its arguments in parentheses. */
function typeAt(cursor: Cursor): ColumnType {
  const { token } = cursor;
  if (token.kind !== "word") throw cursor.error(`Expected a type, found ${cursor.found()}`);
  cursor.next();
  let end = token.end;
  if (cursor.is("(")) {
    while (!cursor.is(")")) {
      if (cursor.token.kind === "end") throw cursor.error('Expected ")", found the end');
      cursor.next();
    }
    end = cursor.next().end;
  }
  try {
    return parseType(cursor.source.slice(token.start, end));
  } catch (error) {
    throw cursor.error(toAikoError(error).message, undefined, token);
  }
}
