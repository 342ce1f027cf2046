import type { BinaryOperator, Expression, Identifier } from "../ast.ts";
import type { Cursor } from "./cursor.ts";

const multiplicative = new Set(["*", "/", "%"]);
const additive = new Set(["+", "-"]);
const relational = new Set(["<", "<=", ">", ">=", "==", "!="]);
const bitwise = new Set(["&", "|", "^"]);
const shifts = new Set(["<<", ">>"]);
const logical = new Set(["&&", "||"]);

/** WGSL section 8.18: operators that do not mix without parentheses are refused as the grammar does. */
export function parseExpression(cursor: Cursor): Expression {
  const first = parseUnary(cursor);
  if (isOperator(cursor, bitwise)) {
    const result = chain(cursor, first, new Set([cursor.token.text]), parseUnary);
    refuseMixing(cursor);
    return result;
  }
  const left = parseRelational(cursor, first);
  if (!isOperator(cursor, logical)) {
    refuseMixing(cursor);
    return left;
  }
  const result = chain(cursor, left, new Set([cursor.token.text]), (inner) =>
    parseRelational(inner, parseUnary(inner)),
  );
  refuseMixing(cursor);
  return result;
}

function parseRelational(cursor: Cursor, first: Expression): Expression {
  const left = parseShift(cursor, first);
  if (!isOperator(cursor, relational)) return left;
  const operator = cursor.take();
  const right = parseShift(cursor, parseUnary(cursor));
  return binary(left, operator, right);
}

function parseShift(cursor: Cursor, first: Expression): Expression {
  if (isOperator(cursor, shifts)) {
    const operator = cursor.take();
    return binary(first, operator, parseUnary(cursor));
  }
  const product = chain(cursor, first, multiplicative, parseUnary);
  return chain(cursor, product, additive, (inner) =>
    chain(inner, parseUnary(inner), multiplicative, parseUnary),
  );
}

function chain(
  cursor: Cursor,
  first: Expression,
  operators: ReadonlySet<string>,
  operand: (cursor: Cursor) => Expression,
): Expression {
  let left = first;
  while (isOperator(cursor, operators)) {
    const operator = cursor.take();
    left = binary(left, operator, operand(cursor));
  }
  return left;
}

function binary(
  left: Expression,
  operator: { text: string; start: number; end: number },
  right: Expression,
): Expression {
  return {
    kind: "binary",
    operator: operator.text as BinaryOperator,
    left,
    right,
    operatorSpan: operator,
    span: { start: left.span.start, end: right.span.end },
  };
}

function isOperator(cursor: Cursor, operators: ReadonlySet<string>): boolean {
  return cursor.token.kind === "punctuation" && operators.has(cursor.token.text);
}

function refuseMixing(cursor: Cursor): void {
  for (const operators of [bitwise, shifts, logical, relational, additive, multiplicative]) {
    if (isOperator(cursor, operators)) {
      throw cursor.error(
        cursor.token,
        `'${cursor.token.text}' does not mix with the operator before it`,
        "Add parentheses.",
      );
    }
  }
}

export function parseUnary(cursor: Cursor): Expression {
  const { start, text, kind } = cursor.token;
  if (kind === "punctuation") {
    if (text === "--") {
      cursor.take();
      const operand = parseUnary(cursor);
      const span = cursor.since(start);
      return { kind: "unary", operator: "-", operand: { kind: "unary", operator: "-", operand, span }, span };
    }
    if (text === "&&") {
      throw cursor.error(
        cursor.token,
        `'${text}' is not a prefix operator`,
        `Write '${text.charAt(0)}(${text.charAt(0)}…)'.`,
      );
    }
    if (text === "-" || text === "!" || text === "~") {
      cursor.take();
      const operand = parseUnary(cursor);
      return { kind: "unary", operator: text, operand, span: cursor.since(start) };
    }
    if (text === "&" || text === "*") {
      cursor.take();
      const operand = parseUnary(cursor);
      return { kind: text === "&" ? "addressOf" : "dereference", operand, span: cursor.since(start) };
    }
  }
  return parsePostfix(cursor, parsePrimary(cursor));
}

function parsePostfix(cursor: Cursor, primary: Expression): Expression {
  let base = primary;
  for (;;) {
    if (cursor.accept("[")) {
      const index = parseExpression(cursor);
      cursor.expect("]", "after the index");
      base = { kind: "index", base, index, span: cursor.since(primary.span.start) };
    } else if (cursor.accept(".")) {
      const member = cursor.token.kind === "identifier" ? cursor.take() : cursor.name("a member name");
      base = {
        kind: "member",
        base,
        name: member.text,
        nameSpan: member,
        span: cursor.since(primary.span.start),
      };
    } else return base;
  }
}

function parsePrimary(cursor: Cursor): Expression {
  const token = cursor.token;
  if (token.kind === "number" || cursor.is("true") || cursor.is("false")) {
    cursor.take();
    return { kind: "literal", text: token.text, span: token };
  }
  if (cursor.accept("(")) {
    const inner = parseExpression(cursor);
    cursor.expect(")", "to close the parenthesis");
    return { ...inner, span: cursor.since(token.start) };
  }
  if (token.kind !== "identifier") throw cursor.unexpected("an expression");
  const callee = parseIdentifier(cursor, "an expression");
  if (!cursor.is("(")) return callee;
  const args = parseArguments(cursor);
  return { kind: "call", callee, args, span: cursor.since(token.start) };
}

/** A name with its template list, which is how WGSL spells types, too. */
export function parseIdentifier(cursor: Cursor, what: string): Identifier {
  const name = cursor.name(what);
  const template = parseTemplate(cursor);
  return { kind: "identifier", name: name.text, template, span: cursor.since(name.start) };
}

export function parseTemplate(cursor: Cursor): Expression[] | undefined {
  if (cursor.token.kind !== "templateStart") return undefined;
  cursor.take();
  const args: Expression[] = [];
  const atEnd = () => cursor.token.kind === "templateEnd";
  while (!atEnd()) {
    args.push(parseExpression(cursor));
    if (!cursor.accept(",")) break;
  }
  if (!atEnd()) throw cursor.unexpected("',' or '>' in the template list");
  if (args.length === 0) throw cursor.error(cursor.token, "the template list is empty");
  cursor.take();
  return args;
}

export function parseArguments(cursor: Cursor): Expression[] {
  cursor.expect("(", "before the arguments");
  const args: Expression[] = [];
  while (!cursor.is(")")) {
    args.push(parseExpression(cursor));
    if (!cursor.accept(",")) break;
  }
  cursor.expect(")", "after the arguments");
  return args;
}
