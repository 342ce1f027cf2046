import type { Block, Expression, Statement, Variable } from "../../ir.ts";

type Loop = Statement & { kind: "loop" | "for" };

/**
 * Whether a loop surely ends soon: it counts a variable by a constant step towards a bound, changes it nowhere else, and
 * holds no loop or call of its own. Only other loops poll the watchdog.
 */
export function isCounted(loop: Loop): boolean {
  if (loop.kind !== "for" || hasLoopOrCall(loop.body)) return false;
  const { initializer, condition, update } = loop;
  if (initializer?.kind !== "var" || condition?.kind !== "binary" || update?.kind !== "assign") return false;
  const { variable } = initializer;
  const counts = isVariable(update.target, variable) && (update.operator === "+" || update.operator === "-") && update.value.kind === "constant";
  const compares = ["<", "<=", ">", ">="].includes(condition.operator) && loads(condition.left, variable);
  return counts && Number(update.value.kind === "constant" ? update.value.data : 0) !== 0 && compares && !changes(loop.body, variable);
}

function isVariable(expression: Expression, variable: Variable): boolean {
  return expression.kind === "variable" && expression.variable === variable;
}

function loads(expression: Expression, variable: Variable): boolean {
  return expression.kind === "load" && isVariable(expression.from, variable);
}

function hasLoopOrCall(block: Block): boolean {
  return some(block, (statement) => statement.kind === "loop" || statement.kind === "for" || JSON.stringify(statement, skipObjects).includes('"kind":"call"'));
}

function skipObjects(key: string, item: unknown): unknown {
  if (key === "type" || key === "span" || key === "variable" || key === "function") return undefined;
  return typeof item === "bigint" ? String(item) : item;
}

function changes(block: Block, variable: Variable): boolean {
  return some(block, (statement) => statement.kind === "assign" && isVariable(statement.target, variable));
}

/** Whether any statement inside fits; also used to find what a function's body contains. */
export function some(statement: Statement, fits: (statement: Statement) => boolean): boolean {
  if (statement.kind !== "block" && fits(statement)) return true;
  switch (statement.kind) {
    case "block":
      return statement.statements.some((item) => some(item, fits));
    case "if":
      return some(statement.then, fits) || (statement.otherwise !== undefined && some(statement.otherwise, fits));
    case "switch":
      return statement.cases.some((item) => some(item.body, fits));
    case "loop":
      return some(statement.body, fits) || (statement.continuing !== undefined && some(statement.continuing, fits));
    case "for":
      return some(statement.body, fits);
    default:
      return false;
  }
}
