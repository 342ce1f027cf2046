import type * as ast from "../ast.ts";
import { evaluate } from "../evaluate/evaluate.ts";
import type { Block, Case, Constant, Expression, Statement, Value, Variable } from "../ir.ts";
import {
  bool,
  concretize,
  i32,
  isConstructible,
  isInteger,
  isScalar,
  isWideInteger,
  type Type,
  typeName,
  u32,
} from "../types.ts";
import { checkAssignment, checkTarget } from "./assignments.ts";
import { builtins } from "./builtins.ts";
import type { Scope } from "./scope.ts";
import { checkType, checkVariableTemplate } from "./types.ts";

export interface BodyContext {
  readonly returnType: Type;
  readonly mustUse: (name: string) => boolean;
}

export function checkBlock(scope: Scope, block: ast.Block, context: BodyContext): Block {
  return checkInside(scope.inner(), block, context);
}

/** Checks the statements in `scope` itself: function bodies share their scope with the parameters. */
export function checkInside(scope: Scope, block: ast.Block, context: BodyContext): Block {
  const statements: Statement[] = [];
  for (const statement of block.statements) {
    const checked = checkStatement(scope, statement, context);
    if (checked !== undefined) statements.push(checked);
  }
  return { kind: "block", statements };
}

function checkStatement(scope: Scope, statement: ast.Statement, context: BodyContext): Statement | undefined {
  switch (statement.kind) {
    case "block":
      return checkBlock(scope, statement, context);
    case "variable":
      return checkLocal(scope, statement);
    case "assert":
      checkAssert(scope, statement);
      return undefined;
    case "assign":
      return checkAssignment(scope, statement);
    case "step": {
      const target = checkTarget(scope, statement.target);
      const type = target.type.kind === "reference" ? target.type.store : target.type;
      if (!isScalar(type) || !isInteger(type)) {
        throw scope.error(
          statement.span,
          `'${statement.operator}${statement.operator}' needs an integer, found ${typeName(type)}`,
        );
      }
      const data = isWideInteger(type) ? 1n : 1;
      const value: Constant = { kind: "constant", type, span: statement.span, data };
      return { kind: "assign", target, operator: statement.operator, value };
    }
    case "callStatement":
      return checkCallStatement(scope, statement.call, context);
    case "if":
      return {
        kind: "if",
        condition: checkCondition(scope, statement.condition),
        consequent: checkBlock(scope, statement.consequent, context),
        alternate:
          statement.alternate === undefined ? undefined : checkStatement(scope, statement.alternate, context),
      };
    case "switch":
      return checkSwitch(scope, statement, context);
    case "loop":
      return checkLoop(scope, statement, context);
    case "while":
      return {
        kind: "for",
        initializer: undefined,
        condition: checkCondition(scope, statement.condition),
        update: undefined,
        body: checkBlock(scope, statement.body, context),
      };
    case "for": {
      const header = scope.inner();
      const initializer =
        statement.initializer === undefined
          ? undefined
          : checkStatement(header, statement.initializer, context);
      const condition =
        statement.condition === undefined ? undefined : checkCondition(header, statement.condition);
      const update =
        statement.update === undefined ? undefined : checkStatement(header, statement.update, context);
      return {
        kind: "for",
        initializer,
        condition,
        update,
        body: checkBlock(header, statement.body, context),
      };
    }
    case "break":
    case "continue":
      return { kind: statement.kind };
    case "return":
      return checkReturn(scope, statement, context);
  }
}

export function checkAssert(scope: Scope, assertion: ast.AssertDeclaration): void {
  const condition = scope.value(assertion.condition);
  if (condition.kind !== "constant" || condition.type !== bool) {
    throw scope.error(assertion.condition.span, "const_assert needs a constant bool");
  }
  if (condition.data !== true) throw scope.error(assertion.span, "this const_assert is false");
}

function checkCondition(scope: Scope, expression: ast.Expression): Expression {
  return scope.expect(scope.value(expression), bool, "a condition");
}

function checkLocal(scope: Scope, declaration: ast.VariableDeclaration): Statement | undefined {
  const { form, name, nameSpan } = declaration;
  const declared = declaration.type === undefined ? undefined : checkType(scope, declaration.type);
  if (form === "const") {
    scope.declare(name, nameSpan, {
      kind: "constant",
      constant: checkConstant(scope, declaration, declared),
    });
    return undefined;
  }
  if (form === "override")
    throw scope.error(declaration.span, "an override can only be declared at module scope");
  const initializer = checkInitializer(scope, declaration, declared);
  const type = declared ?? initializer?.type;
  if (type === undefined) throw scope.error(declaration.span, `'${name}' needs a type or a value`);
  if (form === "let") {
    if (initializer === undefined) throw scope.error(declaration.span, `'${name}' needs a value`);
    if (!isConstructible(type) && type.kind !== "pointer")
      throw scope.error(declaration.span, `a 'let' cannot hold ${typeName(type)}`);
    const value: Value = { kind: "let", name, type, builtin: undefined, span: nameSpan };
    scope.declare(name, nameSpan, { kind: "value", value });
    return { kind: "let", value, initializer };
  }
  const { space } = checkVariableTemplate(scope, declaration.template);
  if (space !== undefined && space !== "function") {
    throw scope.error(
      declaration.span,
      `a variable in a function cannot live in '${space}'`,
      "Declare it at module scope.",
    );
  }
  if (!isConstructible(type))
    throw scope.error(declaration.span, `a variable in a function cannot hold ${typeName(type)}`);
  const variable: Variable = {
    kind: "var",
    name,
    space: "function",
    access: "read_write",
    type,
    group: undefined,
    binding: undefined,
    initializer,
    span: nameSpan,
  };
  scope.declare(name, nameSpan, { kind: "variable", variable });
  return { kind: "var", variable };
}

/** The initialiser, converted to the declared type or made concrete. */
export function checkInitializer(
  scope: Scope,
  declaration: ast.VariableDeclaration,
  declared: Type | undefined,
): Expression | undefined {
  if (declaration.initializer === undefined) return undefined;
  if (declared === undefined) return scope.concrete(declaration.initializer);
  return scope.expect(scope.value(declaration.initializer), declared, `the value of '${declaration.name}'`);
}

export function checkConstant(
  scope: Scope,
  declaration: ast.VariableDeclaration,
  declared: Type | undefined,
): Constant {
  if (declaration.initializer === undefined)
    throw scope.error(declaration.span, `'${declaration.name}' needs a value`);
  const value = scope.value(declaration.initializer);
  const typed =
    declared === undefined ? value : scope.expect(value, declared, `the value of '${declaration.name}'`);
  if (typed.kind !== "constant") {
    throw scope.error(
      declaration.initializer.span,
      `the value of the const '${declaration.name}' must be a constant expression`,
    );
  }
  return typed;
}

function checkCallStatement(
  scope: Scope,
  call: ast.Expression & { kind: "call" },
  context: BodyContext,
): Statement {
  const expression = scope.expression(call);
  const { name } = call.callee;
  const droppable =
    expression.kind === "call"
      ? !context.mustUse(name)
      : expression.kind === "builtin" && builtins.get(name)?.droppable === true;
  if (!droppable && expression.type.kind !== "void") {
    throw scope.error(call.span, `the result of '${name}' is not used`, `Write _ = ${name}(…);`);
  }
  return { kind: "evaluate", expression };
}

function checkSwitch(
  scope: Scope,
  statement: ast.Statement & { kind: "switch" },
  context: BodyContext,
): Statement {
  const given = scope.value(statement.selector);
  const values = statement.cases.flatMap((item) =>
    item.selectors.map((selector) => selector && scope.value(selector)),
  );
  const wantsUnsigned = [given, ...values].some((value) => value?.type === u32);
  const type = wantsUnsigned ? u32 : i32;
  const selector = scope.expect(given, type, "a switch selector");
  const seen = new Set<unknown>();
  let defaults = 0;
  const cases = statement.cases.map((item): Case => {
    const selectors = item.selectors.map((each): Constant | undefined => {
      if (each === undefined) {
        if (++defaults > 1) throw scope.error(item.span, "a switch has one default");
        return undefined;
      }
      const value = scope.expect(scope.value(each), type, "a case selector");
      if (value.kind !== "constant")
        throw scope.error(each.span, "a case selector must be a constant expression");
      if (seen.has(value.data)) throw scope.error(each.span, `the case ${value.data} stands twice`);
      seen.add(value.data);
      return value;
    });
    return { selectors, body: checkBlock(scope, item.body, context) };
  });
  if (defaults === 0) throw scope.error(statement.span, "this switch has no default", "Add: default {}");
  return { kind: "switch", selector, cases };
}

/** `continuing` sees the names declared in the loop's body. */
function checkLoop(
  scope: Scope,
  statement: ast.Statement & { kind: "loop" },
  context: BodyContext,
): Statement {
  const inside = scope.inner();
  const body = checkInside(inside, statement.body, context);
  if (statement.continuing === undefined)
    return { kind: "loop", body, continuing: undefined, breakIf: undefined };
  const last = inside.inner();
  const continuing = checkInside(last, statement.continuing, context);
  const breakIf = statement.breakIf === undefined ? undefined : checkCondition(last, statement.breakIf);
  return { kind: "loop", body, continuing, breakIf };
}

function checkReturn(
  scope: Scope,
  statement: ast.Statement & { kind: "return" },
  context: BodyContext,
): Statement {
  const { returnType } = context;
  if (statement.value === undefined) {
    if (returnType.kind !== "void")
      throw scope.error(statement.span, `this function returns ${typeName(returnType)}`);
    return { kind: "return", value: undefined };
  }
  if (returnType.kind === "void") throw scope.error(statement.value.span, "this function returns no value");
  return {
    kind: "return",
    value: scope.expect(scope.value(statement.value), returnType, "the returned value"),
  };
}

/** A number known before the kernel runs, as attributes need. */
export function checkStaticInteger(scope: Scope, expression: ast.Expression, what: string): number {
  const value = scope.value(expression);
  const data = value.kind === "constant" ? evaluate(value) : undefined;
  const type = concretize(value.type);
  if (data === undefined || (type !== i32 && type !== u32)) {
    throw scope.error(expression.span, `${what} must be a constant i32 or u32`);
  }
  return Number(data);
}
