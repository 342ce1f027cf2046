import type { Block, Expression, Statement, Variable } from "../../ir.ts";
import { contains, expressionsOf, someStatement } from "../../walk.ts";

/**
 * Whether a loop surely ends soon: it counts a variable by a constant step towards a bound, changes it nowhere else, and
 * holds no loop or call of its own. Only other loops poll the watchdog.
 */
export function isCounted(loop: Statement & { kind: "loop" | "for" }): boolean {
  if (loop.kind !== "for" || holdsLoopOrCall(loop.body)) return false;
  const { initializer, condition, update } = loop;
  if (initializer?.kind !== "var" || condition?.kind !== "binary" || update?.kind !== "assign") return false;
  const { variable } = initializer;
  const counts = isVariable(update.target, variable) && (update.operator === "+" || update.operator === "-");
  const steps = update.value.kind === "constant" && Number(update.value.data) !== 0;
  const compares = ["<", "<=", ">", ">="].includes(condition.operator) && loads(condition.left, variable);
  return counts && steps && compares && !touches(loop.body, variable);
}

export function isLoop(statement: Statement): statement is Statement & { kind: "loop" | "for" } {
  return statement.kind === "loop" || statement.kind === "for";
}

function isVariable(expression: Expression, variable: Variable): boolean {
  return expression.kind === "variable" && expression.variable === variable;
}

function loads(expression: Expression, variable: Variable): boolean {
  return expression.kind === "load" && isVariable(expression.from, variable);
}

function holdsLoopOrCall(body: Block): boolean {
  return someStatement(body, (statement) => {
    return (
      isLoop(statement) ||
      expressionsOf(statement).some((item) => contains(item, (part) => part.kind === "call"))
    );
  });
}

/** Assigned to, or its address taken. */
function touches(body: Block, variable: Variable): boolean {
  return someStatement(body, (statement) => {
    if (statement.kind === "assign" && isVariable(statement.target, variable)) return true;
    const takes = (part: Expression) => part.kind === "addressOf" && isVariable(part.operand, variable);
    return expressionsOf(statement).some((item) => contains(item, takes));
  });
}
