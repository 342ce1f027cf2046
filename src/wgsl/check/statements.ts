import type * as ast from "../ast.ts";
import { evaluate } from "../evaluate/evaluate.ts";
import type { Block, Case, Constant, Expression, Statement, Value, Variable } from "../ir.ts";
import {
  bool, concretize, i32, isConstructible, isInteger, isNumeric, isScalar, pointerTo, referenceTo, type Type, typeName, u32, voidType, hasFixedFootprint,
} from "../types.ts";
import { builtins } from "./builtins.ts";
import { checkConcrete, checkExpression, checkValue, combine, dereference } from "./expressions.ts";
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
        throw scope.error(statement.span, `'${statement.operator}${statement.operator}' needs an i32 or u32, found ${typeName(type)}`);
      }
      const value: Constant = { kind: "constant", type, span: statement.span, data: 1 };
      return { kind: "assign", target, operator: statement.operator, value };
    }
    case "callStatement":
      return checkCallStatement(scope, statement.call, context);
    case "if":
      return {
        kind: "if",
        condition: checkCondition(scope, statement.condition),
        then: checkBlock(scope, statement.then, context),
        otherwise: statement.otherwise === undefined ? undefined : checkStatement(scope, statement.otherwise, context),
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
      const initializer = statement.initializer === undefined ? undefined : checkStatement(header, statement.initializer, context);
      const condition = statement.condition === undefined ? undefined : checkCondition(header, statement.condition);
      const update = statement.update === undefined ? undefined : checkStatement(header, statement.update, context);
      return { kind: "for", initializer, condition, update, body: checkBlock(header, statement.body, context) };
    }
    case "break":
    case "continue":
      return { kind: statement.kind };
    case "return":
      return checkReturn(scope, statement, context);
  }
}

export function checkAssert(scope: Scope, assertion: ast.AssertDeclaration): void {
  const condition = checkValue(scope, assertion.condition);
  if (condition.kind !== "constant" || condition.type !== bool) {
    throw scope.error(assertion.condition.span, "const_assert needs a constant bool");
  }
  if (condition.data !== true) throw scope.error(assertion.span, "this const_assert is false");
}

function checkCondition(scope: Scope, expression: ast.Expression): Expression {
  return scope.expect(checkValue(scope, expression), bool, "a condition");
}

function checkLocal(scope: Scope, declaration: ast.VariableDeclaration): Statement | undefined {
  const { form, name, nameSpan } = declaration;
  const declared = declaration.type === undefined ? undefined : checkType(scope, declaration.type);
  if (form === "const") {
    scope.declare(name, nameSpan, { kind: "constant", constant: checkConstant(scope, declaration, declared) });
    return undefined;
  }
  if (form === "override") throw scope.error(declaration.span, "an override can only be declared at module scope");
  const initializer = checkInitializer(scope, declaration, declared);
  const type = declared ?? initializer?.type;
  if (type === undefined) throw scope.error(declaration.span, `'${name}' needs a type or a value`);
  if (form === "let") {
    if (initializer === undefined) throw scope.error(declaration.span, `'${name}' needs a value`);
    if (!isConstructible(type) && type.kind !== "pointer") throw scope.error(declaration.span, `a 'let' cannot hold ${typeName(type)}`);
    const value: Value = { kind: "let", name, type, builtin: undefined, span: nameSpan };
    scope.declare(name, nameSpan, { kind: "value", value });
    return { kind: "let", value, initializer };
  }
  const { space } = checkVariableTemplate(scope, declaration.template);
  if (space !== undefined && space !== "function") {
    throw scope.error(declaration.span, `a variable in a function cannot live in '${space}'`, "Declare it at module scope.");
  }
  if (!isConstructible(type)) throw scope.error(declaration.span, `a variable in a function cannot hold ${typeName(type)}`);
  const variable: Variable = {
    kind: "var", name, space: "function", access: "read_write", type, group: undefined, binding: undefined, initializer, span: nameSpan,
  };
  scope.declare(name, nameSpan, { kind: "variable", variable });
  return { kind: "var", variable };
}

/** The initialiser, converted to the declared type or made concrete. */
export function checkInitializer(scope: Scope, declaration: ast.VariableDeclaration, declared: Type | undefined): Expression | undefined {
  if (declaration.initializer === undefined) return undefined;
  if (declared === undefined) return checkConcrete(scope, declaration.initializer);
  return scope.expect(checkValue(scope, declaration.initializer), declared, `the value of '${declaration.name}'`);
}

export function checkConstant(scope: Scope, declaration: ast.VariableDeclaration, declared: Type | undefined): Constant {
  if (declaration.initializer === undefined) throw scope.error(declaration.span, `'${declaration.name}' needs a value`);
  const value = checkValue(scope, declaration.initializer);
  const typed = declared === undefined ? value : scope.expect(value, declared, `the value of '${declaration.name}'`);
  if (typed.kind !== "constant") {
    throw scope.error(declaration.initializer.span, `the value of the const '${declaration.name}' must be a constant expression`);
  }
  return typed;
}

function checkTarget(scope: Scope, expression: ast.Expression): Expression {
  const target = checkExpression(scope, expression);
  if (target.type.kind !== "reference") {
    const hint = target.kind === "value" ? "A 'let' or parameter never changes; use 'var'." : undefined;
    throw scope.error(expression.span, "this cannot be assigned to", hint);
  }
  if (target.type.access === "read") throw scope.error(expression.span, "this memory is read-only", "Declare it var<storage, read_write>.");
  const { store } = target.type;
  if (!isConstructible(store) || !hasFixedFootprint(store)) {
    const hint = store.kind === "atomic" ? "Write atomicStore(&name, value)." : undefined;
    throw scope.error(expression.span, `a ${typeName(store)} cannot be assigned`, hint);
  }
  return target;
}

/** `v.xy = e` writes the named components one by one, after `e` is known. */
function checkSwizzleAssignment(scope: Scope, statement: ast.Statement & { kind: "assign" }, swizzle: Expression & { kind: "swizzle" }): Statement {
  const { span } = statement;
  const whole = swizzle.base.kind === "load" ? swizzle.base.from : undefined;
  if (whole?.type.kind !== "reference" || new Set(swizzle.components).size !== swizzle.components.length) {
    throw scope.error(span, "this cannot be assigned to", "Name each component of a variable once.");
  }
  if (whole.type.access === "read") throw scope.error(span, "this memory is read-only");
  markWrite(scope, whole);
  const given = checkValue(scope, statement.value);
  const combined = statement.operator === undefined ? given : combine(scope, statement.operator, swizzle, given, span);
  const right = scope.expect(combined, swizzle.type, "the assigned value");
  const pointer: Value = { kind: "let", name: "swizzle_target", type: pointerTo(whole.type.space, whole.type.store, whole.type.access), builtin: undefined, span };
  const value: Value = { kind: "let", name: "swizzle_value", type: swizzle.type, builtin: undefined, span };
  const element = swizzle.type.kind === "vector" ? swizzle.type.element : swizzle.type;
  const at = (base: Expression, component: number, type: Type): Expression => {
    return { kind: "index", base, index: { kind: "constant", type: i32, span, data: component }, type, span };
  };
  const target = dereference({ kind: "value", value: pointer, type: pointer.type, span });
  const partType = referenceTo(whole.type.space, element, whole.type.access);
  const writes = swizzle.components.map((component, index): Statement => {
    const part = at({ kind: "value", value, type: value.type, span }, index, element);
    return { kind: "assign", target: at(target, component, partType), operator: undefined, value: part };
  });
  const address: Expression = { kind: "addressOf", operand: whole, type: pointer.type, span };
  return {
    kind: "block",
    statements: [{ kind: "let", value: pointer, initializer: address }, { kind: "let", value, initializer: right }, ...writes],
  };
}

function checkAssignment(scope: Scope, statement: ast.Statement & { kind: "assign" }): Statement {
  if (statement.target === undefined) {
    const expression = checkConcrete(scope, statement.value);
    return { kind: "evaluate", expression };
  }
  const named = checkExpression(scope, statement.target);
  if (named.kind === "swizzle") return checkSwizzleAssignment(scope, statement, named);
  const target = checkTarget(scope, statement.target);
  const store = target.type.kind === "reference" ? target.type.store : voidType;
  markWrite(scope, target);
  if (statement.operator === undefined) {
    return { kind: "assign", target, operator: undefined, value: scope.expect(checkValue(scope, statement.value), store, "the assigned value") };
  }
  const combined = combine(scope, statement.operator, scope.load(target), checkValue(scope, statement.value), statement.span);
  scope.expect(combined, store, "the result");
  if (combined.kind !== "binary") throw scope.error(statement.span, "this assignment has no effect");
  return { kind: "assign", target, operator: statement.operator, value: combined.right };
}

/** Writes that a caller can see make the function impure. */
function markWrite(scope: Scope, target: Expression): void {
  if (scope.function !== undefined && target.type.kind === "reference" && !isOwn(target)) scope.function.impure = true;
}

function isOwn(target: Expression): boolean {
  if (target.kind === "variable") return target.variable.space === "function";
  if (target.kind === "index" || target.kind === "member") return isOwn(target.base);
  return false;
}

function checkCallStatement(scope: Scope, call: ast.Expression & { kind: "call" }, context: BodyContext): Statement {
  const expression = checkExpression(scope, call);
  const { name } = call.callee;
  const droppable = expression.kind === "call" ? !context.mustUse(name) : expression.kind === "builtin" && builtins.get(name)?.droppable === true;
  if (!droppable && expression.type.kind !== "void") {
    throw scope.error(call.span, `the result of '${name}' is not used`, `Write _ = ${name}(…);`);
  }
  return { kind: "evaluate", expression };
}

function checkSwitch(scope: Scope, statement: ast.Statement & { kind: "switch" }, context: BodyContext): Statement {
  const given = checkValue(scope, statement.selector);
  const values = statement.cases.flatMap((item) => item.selectors.map((selector) => selector && checkValue(scope, selector)));
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
      const value = scope.expect(checkValue(scope, each), type, "a case selector");
      if (value.kind !== "constant") throw scope.error(each.span, "a case selector must be a constant expression");
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
function checkLoop(scope: Scope, statement: ast.Statement & { kind: "loop" }, context: BodyContext): Statement {
  const inside = scope.inner();
  const body = checkInside(inside, statement.body, context);
  if (statement.continuing === undefined) return { kind: "loop", body, continuing: undefined, breakIf: undefined };
  const last = inside.inner();
  const continuing = checkInside(last, statement.continuing, context);
  const breakIf = statement.breakIf === undefined ? undefined : checkCondition(last, statement.breakIf);
  return { kind: "loop", body, continuing, breakIf };
}

function checkReturn(scope: Scope, statement: ast.Statement & { kind: "return" }, context: BodyContext): Statement {
  const { returnType } = context;
  if (statement.value === undefined) {
    if (returnType.kind !== "void") throw scope.error(statement.span, `this function returns ${typeName(returnType)}`);
    return { kind: "return", value: undefined };
  }
  if (returnType.kind === "void") throw scope.error(statement.value.span, "this function returns no value");
  return { kind: "return", value: scope.expect(checkValue(scope, statement.value), returnType, "the returned value") };
}

/** A number known before the kernel runs, as attributes need. */
export function checkStaticInteger(scope: Scope, expression: ast.Expression, what: string): number {
  const value = checkValue(scope, expression);
  const data = value.kind === "constant" ? evaluate(value) : undefined;
  if (data === undefined || !isNumeric(value.type) || !isInteger(concretize(value.type))) {
    throw scope.error(expression.span, `${what} must be a constant integer`);
  }
  return Number(data);
}
