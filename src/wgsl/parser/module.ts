import type {
  AliasDeclaration,
  Declaration,
  Directive,
  FunctionDeclaration,
  Module,
  Parameter,
  StructDeclaration,
} from "../ast.ts";
import { Cursor } from "./cursor.ts";
import { parseExpression, parseIdentifier } from "./expressions.ts";
import {
  type AttributePlace,
  checkAttributes,
  parseAttributes,
  parseBlock,
  parseVariable,
} from "./statements.ts";

/** Parses one WGSL module. Throws KernelError at the first thing the grammar does not allow. */
export function parse(source: string): Module {
  const cursor = new Cursor(source);
  const directives: Directive[] = [];
  while (
    cursor.is("enable") ||
    cursor.is("requires") ||
    (cursor.is("diagnostic") && cursor.next.text === "(")
  ) {
    directives.push(parseDirective(cursor));
  }
  const declarations: Declaration[] = [];
  while (cursor.token.kind !== "end") {
    if (!cursor.accept(";")) declarations.push(parseDeclaration(cursor));
  }
  return { source, directives, declarations };
}

function parseDirective(cursor: Cursor): Directive {
  const { start, text } = cursor.take();
  const kind = text as Directive["kind"];
  const names: string[] = [];
  if (kind === "diagnostic") {
    cursor.expect("(", "after 'diagnostic'");
    const severity = cursor.take();
    if (!["off", "info", "warning", "error"].includes(severity.text)) {
      throw cursor.error(severity, `expected off, info, warning or error, found '${severity.text}'`);
    }
    names.push(severity.text);
    cursor.expect(",", "after the severity");
    let rule = cursor.name("a rule name").text;
    if (cursor.accept(".")) rule += `.${cursor.name("a rule name").text}`;
    names.push(rule);
    cursor.accept(",");
    cursor.expect(")", "after the rule");
  } else {
    do {
      if (cursor.is(";")) break;
      names.push(cursor.name("an extension's name").text);
    } while (cursor.accept(","));
    if (names.length === 0) throw cursor.unexpected("an extension's name");
  }
  cursor.expect(";", `after the ${kind} directive`);
  return { kind, names, span: cursor.since(start) };
}

function parseDeclaration(cursor: Cursor): Declaration {
  const attributes = parseAttributes(cursor);
  const { start, text } = cursor.token;
  switch (text) {
    case "fn":
      checkAttributes(cursor, attributes, "function");
      return parseFunction(cursor, attributes);
    case "var":
    case "const":
    case "override": {
      checkAttributes(cursor, attributes, "variable");
      const variable = parseVariable(cursor, attributes);
      cursor.expect(";", `after the ${variable.form} declaration`);
      return variable;
    }
    default:
  }
  const [attribute] = attributes;
  if (attribute !== undefined)
    throw cursor.error(attribute.span, `'@${attribute.name}' stands before nothing it applies to`);
  switch (text) {
    case "struct":
      return parseStruct(cursor);
    case "alias":
      return parseAlias(cursor);
    case "const_assert": {
      cursor.take();
      const condition = parseExpression(cursor);
      cursor.expect(";", "after const_assert");
      return { kind: "assert", condition, span: cursor.since(start) };
    }
    case "let":
      throw cursor.error(
        cursor.token,
        "'let' cannot stand at module scope",
        "Use const, override or var<private>.",
      );
    case "enable":
    case "requires":
      throw cursor.error(cursor.token, `'${text}' must come before all declarations`);
    default:
      throw cursor.unexpected("a declaration (fn, var, const, override, struct, alias)");
  }
}

function parseFunction(cursor: Cursor, attributes: FunctionDeclaration["attributes"]): FunctionDeclaration {
  const { start } = cursor.take();
  const name = cursor.name("the function's name");
  cursor.expect("(", "after the function's name");
  const parameters = parseMembers(cursor, ")", "parameter");
  cursor.expect(")", "after the parameters");
  let returnType: FunctionDeclaration["returnType"];
  let returnAttributes: FunctionDeclaration["returnAttributes"] = [];
  if (cursor.accept("->")) {
    returnAttributes = parseAttributes(cursor);
    checkAttributes(cursor, returnAttributes, "result");
    returnType = parseIdentifier(cursor, "the return type");
  }
  const body = parseBlock(cursor, "to open the function's body");
  const span = cursor.since(start);
  return {
    kind: "function",
    attributes,
    name: name.text,
    nameSpan: name,
    parameters,
    returnType,
    returnAttributes,
    body,
    span,
  };
}

function parseStruct(cursor: Cursor): StructDeclaration {
  const { start } = cursor.take();
  const name = cursor.name("the structure's name");
  cursor.expect("{", "after the structure's name");
  const members = parseMembers(cursor, "}", "member");
  cursor.expect("}", "to close the structure");
  return { kind: "struct", name: name.text, nameSpan: name, members, span: cursor.since(start) };
}

function parseMembers(cursor: Cursor, close: string, what: AttributePlace): Parameter[] {
  const members: Parameter[] = [];
  while (!cursor.is(close)) {
    const { start } = cursor.token;
    const attributes = parseAttributes(cursor);
    checkAttributes(cursor, attributes, what);
    const name = cursor.name(`a ${what}`);
    cursor.expect(":", `after the name of the ${what}`);
    const type = parseIdentifier(cursor, "a type");
    members.push({ name: name.text, nameSpan: name, attributes, type, span: cursor.since(start) });
    if (!cursor.accept(",")) break;
  }
  return members;
}

function parseAlias(cursor: Cursor): AliasDeclaration {
  const { start } = cursor.take();
  const name = cursor.name("the alias's name");
  cursor.expect("=", "after the alias's name");
  const type = parseIdentifier(cursor, "a type");
  cursor.expect(";", "after the alias");
  return { kind: "alias", name: name.text, nameSpan: name, type, span: cursor.since(start) };
}
