import type {
  Attribute,
  BinaryOperator,
  Block,
  Expression,
  Statement,
  SwitchCase,
  VariableDeclaration,
} from "../ast.ts";
import type { Cursor } from "./cursor.ts";
import {
  parseArguments,
  parseExpression,
  parseIdentifier,
  parseTemplate,
  parseUnary,
} from "./expressions.ts";

const compound: Readonly<Record<string, BinaryOperator>> = {
  "+=": "+",
  "-=": "-",
  "*=": "*",
  "/=": "/",
  "%=": "%",
  "&=": "&",
  "|=": "|",
  "^=": "^",
  "<<=": "<<",
  ">>=": ">>",
};

/** The attributes each place takes. */
const attributesOf = {
  function: "compute diagnostic fragment must_use subgroup_size vertex workgroup_size",
  variable: "binding group id input_attachment_index",
  member: "align blend_src builtin color interpolate invariant location size",
  parameter: "builtin color interpolate invariant location",
  result: "blend_src builtin interpolate invariant location",
  statement: "diagnostic",
} as const;

export type AttributePlace = keyof typeof attributesOf;

export function parseAttributes(cursor: Cursor): Attribute[] {
  const attributes: Attribute[] = [];
  while (cursor.is("@")) {
    const { start } = cursor.take();
    const name = cursor.token.kind === "identifier" ? cursor.take() : cursor.name("an attribute name");
    const args = cursor.is("(") ? parseArguments(cursor) : [];
    attributes.push({ name: name.text, args, span: cursor.since(start) });
  }
  return attributes;
}

/** Refuses attributes that do not belong to a place or stand twice. */
export function checkAttributes(
  cursor: Cursor,
  attributes: readonly Attribute[],
  place: AttributePlace,
): void {
  const seen = new Set<string>();
  for (const { name, span } of attributes) {
    const known = Object.values(attributesOf).some((names) => names.split(" ").includes(name));
    if (!known) throw cursor.error(span, `there is no attribute '@${name}'`);
    if (!attributesOf[place].split(" ").includes(name))
      throw cursor.error(span, `'@${name}' does not belong to a ${place}`);
    if (seen.has(name) && name !== "diagnostic") throw cursor.error(span, `'@${name}' stands twice`);
    seen.add(name);
  }
}

function parseStatementAttributes(cursor: Cursor): void {
  checkAttributes(cursor, parseAttributes(cursor), "statement");
}

export function parseBlock(cursor: Cursor, where: string): Block {
  parseStatementAttributes(cursor);
  const { start } = cursor.expect("{", where);
  const statements = parseStatements(cursor);
  cursor.expect("}", "to close the block");
  return { kind: "block", statements, span: cursor.since(start) };
}

function parseStatements(cursor: Cursor): Statement[] {
  const statements: Statement[] = [];
  while (!cursor.is("}") && !cursor.is("continuing") && cursor.token.kind !== "end") {
    if (cursor.accept(";")) continue;
    if (cursor.is("break") && cursor.next.text === "if") break;
    statements.push(parseStatement(cursor));
  }
  return statements;
}

function parseStatement(cursor: Cursor): Statement {
  parseStatementAttributes(cursor);
  const { start, text } = cursor.token;
  switch (text) {
    case "{":
      return parseBlock(cursor, "to open the block");
    case "if":
      return parseIf(cursor);
    case "switch":
      return parseSwitch(cursor);
    case "loop":
      return parseLoop(cursor);
    case "while": {
      cursor.take();
      const condition = parseExpression(cursor);
      const body = parseBlock(cursor, "after the condition");
      return { kind: "while", condition, body, span: cursor.since(start) };
    }
    case "for":
      return parseFor(cursor);
    case "break":
    case "continue":
      cursor.take();
      cursor.expect(";", `after '${text}'`);
      return { kind: text, span: cursor.since(start) };
    case "return": {
      cursor.take();
      const value = cursor.is(";") ? undefined : parseExpression(cursor);
      cursor.expect(";", "after the return statement");
      return { kind: "return", value, span: cursor.since(start) };
    }
    case "discard":
      throw cursor.error(cursor.token, "'discard' belongs to fragment shaders");
    default: {
      const statement = parseSimple(cursor);
      cursor.expect(";", "after the statement");
      return statement;
    }
  }
}

/** The statements that may also stand in a `for` header. */
function parseSimple(cursor: Cursor): Statement {
  const { start, text } = cursor.token;
  if (text === "var" || text === "let" || text === "const") return parseVariable(cursor, []);
  if (text === "const_assert") {
    cursor.take();
    const condition = parseExpression(cursor);
    return { kind: "assert", condition, span: cursor.since(start) };
  }
  if (cursor.is("_")) {
    cursor.take();
    cursor.expect("=", "after '_'");
    const value = parseExpression(cursor);
    return { kind: "assign", target: undefined, operator: undefined, value, span: cursor.since(start) };
  }
  const target = parseUnary(cursor);
  if (target.kind === "call" && !cursor.is("=") && compound[cursor.token.text] === undefined) {
    return { kind: "callStatement", call: target, span: target.span };
  }
  return parseAssignment(cursor, target, start);
}

function parseAssignment(cursor: Cursor, target: Expression, start: number): Statement {
  if (cursor.is("++") || cursor.is("--")) {
    const operator = cursor.take().text === "++" ? "+" : "-";
    return { kind: "step", target, operator, span: cursor.since(start) };
  }
  const operator = compound[cursor.token.text];
  if (operator === undefined && !cursor.is("=")) throw cursor.unexpected("an assignment or a call");
  cursor.take();
  const value = parseExpression(cursor);
  return { kind: "assign", target, operator, value, span: cursor.since(start) };
}

export function parseVariable(cursor: Cursor, attributes: readonly Attribute[]): VariableDeclaration {
  const { start, text } = cursor.take();
  const form = text as VariableDeclaration["form"];
  const template = form === "var" ? parseTemplate(cursor) : undefined;
  const name = cursor.name(`the name of the '${form}'`);
  const type = cursor.accept(":") ? parseIdentifier(cursor, "a type") : undefined;
  const initializer = cursor.accept("=") ? parseExpression(cursor) : undefined;
  if (initializer === undefined && (form === "let" || form === "const")) {
    throw cursor.unexpected(`'=': a '${form}' needs a value`);
  }
  const span = cursor.since(start);
  return {
    kind: "variable",
    form,
    attributes,
    template,
    name: name.text,
    nameSpan: name,
    type,
    initializer,
    span,
  };
}

function parseIf(cursor: Cursor): Statement {
  const { start } = cursor.take();
  const condition = parseExpression(cursor);
  const consequent = parseBlock(cursor, "after the condition");
  let alternate: Statement | undefined;
  if (cursor.accept("else"))
    alternate = cursor.is("if") ? parseIf(cursor) : parseBlock(cursor, "after 'else'");
  return { kind: "if", condition, consequent, alternate, span: cursor.since(start) };
}

function parseSwitch(cursor: Cursor): Statement {
  const { start } = cursor.take();
  const selector = parseExpression(cursor);
  parseStatementAttributes(cursor);
  cursor.expect("{", "after the selector");
  const cases: SwitchCase[] = [];
  while (!cursor.is("}")) cases.push(parseCase(cursor));
  cursor.take();
  return { kind: "switch", selector, cases, span: cursor.since(start) };
}

function parseCase(cursor: Cursor): SwitchCase {
  const { start } = cursor.token;
  const selectors: (Expression | undefined)[] = [];
  if (cursor.accept("default")) selectors.push(undefined);
  else {
    cursor.expect("case", "or 'default' in the switch");
    do {
      if (cursor.is(":") || cursor.is("{")) break;
      selectors.push(cursor.accept("default") ? undefined : parseExpression(cursor));
    } while (cursor.accept(","));
    if (selectors.length === 0) throw cursor.unexpected("a case selector");
  }
  cursor.accept(":");
  const body = parseBlock(cursor, "after the case selector");
  return { selectors, body, span: cursor.since(start) };
}

function parseLoop(cursor: Cursor): Statement {
  const { start } = cursor.take();
  parseStatementAttributes(cursor);
  const open = cursor.expect("{", "after 'loop'");
  const statements = parseStatements(cursor);
  const body: Block = { kind: "block", statements, span: { start: open.start, end: cursor.token.end } };
  let continuing: Block | undefined;
  let breakIf: Expression | undefined;
  if (cursor.accept("continuing")) {
    parseStatementAttributes(cursor);
    const inner = cursor.expect("{", "after 'continuing'");
    const last = parseStatements(cursor);
    if (cursor.is("break")) {
      cursor.take();
      cursor.expect("if", "after 'break'");
      breakIf = parseExpression(cursor);
      cursor.expect(";", "after 'break if'");
    }
    cursor.expect("}", "to close the continuing block");
    continuing = { kind: "block", statements: last, span: cursor.since(inner.start) };
  } else if (cursor.is("break")) {
    throw cursor.error(cursor.token, "'break if' stands only at the end of a continuing block");
  }
  cursor.expect("}", "to close the loop");
  return { kind: "loop", body, continuing, breakIf, span: cursor.since(start) };
}

function parseFor(cursor: Cursor): Statement {
  const { start } = cursor.take();
  cursor.expect("(", "after 'for'");
  const initializer = cursor.is(";") ? undefined : parseSimple(cursor);
  if (initializer?.kind === "assert")
    throw cursor.error(initializer.span, "const_assert cannot be the loop's first part");
  cursor.expect(";", "after the loop's first part");
  const condition = cursor.is(";") ? undefined : parseExpression(cursor);
  cursor.expect(";", "after the loop's condition");
  const update = cursor.is(")") ? undefined : parseSimple(cursor);
  cursor.expect(")", "to close the loop's header");
  if (update?.kind === "variable")
    throw cursor.error(update.span, "a declaration cannot be the loop's last part");
  const body = parseBlock(cursor, "after the loop's header");
  return { kind: "for", initializer, condition, update, body, span: cursor.since(start) };
}
