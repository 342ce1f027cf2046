import type { Block, Expression, Statement } from "./ir.ts";

/** The expressions an expression is made of. */
export function children(expression: Expression): readonly Expression[] {
  switch (expression.kind) {
    case "load":
      return [expression.from];
    case "addressOf":
    case "dereference":
    case "unary":
    case "convert":
    case "bitcast":
      return [expression.operand];
    case "index":
      return [expression.base, expression.index];
    case "member":
    case "swizzle":
      return [expression.base];
    case "binary":
      return [expression.left, expression.right];
    case "construct":
    case "call":
    case "builtin":
      return expression.args;
    default:
      return [];
  }
}

/** Whether an expression or any part of it fits. */
export function contains(expression: Expression, fits: (expression: Expression) => boolean): boolean {
  return fits(expression) || children(expression).some((child) => contains(child, fits));
}

/** The expressions that stand in a statement itself, not in the statements inside it. */
export function expressionsOf(statement: Statement): readonly Expression[] {
  const given = (...list: readonly (Expression | undefined)[]) => list.filter((item) => item !== undefined);
  switch (statement.kind) {
    case "var":
      return given(statement.variable.initializer);
    case "let":
      return [statement.initializer];
    case "assign":
      return [statement.target, statement.value];
    case "evaluate":
      return [statement.expression];
    case "if":
      return [statement.condition];
    case "switch":
      return [statement.selector];
    case "loop":
      return given(statement.breakIf);
    case "for":
      return given(statement.condition);
    case "return":
      return given(statement.value);
    default:
      return [];
  }
}

/** The statements inside a statement. */
export function statementsOf(statement: Statement): readonly Statement[] {
  const given = (...list: readonly (Statement | undefined)[]) => list.filter((item) => item !== undefined);
  switch (statement.kind) {
    case "block":
      return statement.statements;
    case "if":
      return given(statement.consequent, statement.alternate);
    case "switch":
      return statement.cases.map((item) => item.body);
    case "loop":
      return given(statement.body, statement.continuing);
    case "for":
      return given(statement.initializer, statement.update, statement.body);
    default:
      return [];
  }
}

export function someStatement(statement: Statement, fits: (statement: Statement) => boolean): boolean {
  return fits(statement) || statementsOf(statement).some((inner) => someStatement(inner, fits));
}

/** Calls `visit` for every expression in a body, outermost first. */
export function visitExpressions(body: Block, visit: (expression: Expression) => void): void {
  const descend = (expression: Expression): void => {
    visit(expression);
    children(expression).forEach(descend);
  };
  const walk = (statement: Statement): void => {
    expressionsOf(statement).forEach(descend);
    statementsOf(statement).forEach(walk);
  };
  walk(body);
}
