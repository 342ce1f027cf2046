import type * as ast from "../ast.ts";
import type { Expression, Statement, Value } from "../ir.ts";
import {
  hasFixedFootprint,
  i32,
  isConstructible,
  pointerTo,
  referenceTo,
  type Type,
  typeName,
  voidType,
} from "../types.ts";
import { combine, dereference } from "./expressions.ts";
import type { Scope } from "./scope.ts";

export function checkTarget(scope: Scope, expression: ast.Expression): Expression {
  const target = scope.expression(expression);
  if (target.type.kind !== "reference") {
    const hint = target.kind === "value" ? "A 'let' or parameter never changes; use 'var'." : undefined;
    throw scope.error(expression.span, "this cannot be assigned to", hint);
  }
  if (target.type.access === "read")
    throw scope.error(expression.span, "this memory is read-only", "Declare it var<storage, read_write>.");
  const { store } = target.type;
  if (!isConstructible(store) || !hasFixedFootprint(store)) {
    const hint = store.kind === "atomic" ? "Write atomicStore(&name, value)." : undefined;
    throw scope.error(expression.span, `a ${typeName(store)} cannot be assigned`, hint);
  }
  return target;
}

/** `v.xy = e` writes the named components one by one, after `e` is known. */
function checkSwizzleAssignment(
  scope: Scope,
  statement: ast.Statement & { kind: "assign" },
  swizzle: Expression & { kind: "swizzle" },
): Statement {
  const { span } = statement;
  const whole = swizzle.base.kind === "load" ? swizzle.base.from : undefined;
  if (whole?.type.kind !== "reference" || new Set(swizzle.components).size !== swizzle.components.length) {
    throw scope.error(span, "this cannot be assigned to", "Name each component of a variable once.");
  }
  if (whole.type.access === "read") throw scope.error(span, "this memory is read-only");
  markWrite(scope, whole);
  const given = scope.value(statement.value);
  const combined =
    statement.operator === undefined ? given : combine(scope, statement.operator, swizzle, given, span);
  const right = scope.expect(combined, swizzle.type, "the assigned value");
  const pointer: Value = {
    kind: "let",
    name: "swizzle_target",
    type: pointerTo(whole.type.space, whole.type.store, whole.type.access),
    builtin: undefined,
    span,
  };
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
    statements: [
      { kind: "let", value: pointer, initializer: address },
      { kind: "let", value, initializer: right },
      ...writes,
    ],
  };
}

export function checkAssignment(scope: Scope, statement: ast.Statement & { kind: "assign" }): Statement {
  if (statement.target === undefined) {
    const expression = scope.concrete(statement.value);
    return { kind: "evaluate", expression };
  }
  const named = scope.expression(statement.target);
  if (named.kind === "swizzle") return checkSwizzleAssignment(scope, statement, named);
  const target = checkTarget(scope, statement.target);
  const store = target.type.kind === "reference" ? target.type.store : voidType;
  markWrite(scope, target);
  if (statement.operator === undefined) {
    return {
      kind: "assign",
      target,
      operator: undefined,
      value: scope.expect(scope.value(statement.value), store, "the assigned value"),
    };
  }
  const combined = combine(
    scope,
    statement.operator,
    scope.load(target),
    scope.value(statement.value),
    statement.span,
  );
  scope.expect(combined, store, "the result");
  if (combined.kind !== "binary") throw scope.error(statement.span, "this assignment has no effect");
  return { kind: "assign", target, operator: statement.operator, value: combined.right };
}

/** Writes that a caller can see make the function impure. */
function markWrite(scope: Scope, target: Expression): void {
  if (scope.function !== undefined && target.type.kind === "reference" && !isOwn(target))
    scope.function.impure = true;
}

function isOwn(target: Expression): boolean {
  if (target.kind === "variable") return target.variable.space === "function";
  if (target.kind === "index" || target.kind === "member") return isOwn(target.base);
  return false;
}
