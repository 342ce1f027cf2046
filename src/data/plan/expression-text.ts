import { type ColumnType, type Schema, typeText } from "../../core/column-type.ts";
import type { ResolvedExpression } from "../../expression/column/expression.ts";

const operators: Readonly<Record<string, string>> = {
  add: "+",
  subtract: "-",
  multiply: "*",
  divide: "/",
  equal: "=",
  notEqual: "<>",
  less: "<",
  lessEqual: "<=",
  greater: ">",
  greaterEqual: ">=",
  and: "and",
  or: "or",
};

/** An expression for people to read. */
export function expressionText(expression: ResolvedExpression, schema: Schema, isInside = false): string {
  const inner = (operand: ResolvedExpression) => expressionText(operand, schema, true);
  switch (expression.kind) {
    case "column":
      return schema[expression.index]?.name ?? `#${expression.index}`;
    case "literal":
      return valueText(expression.value, expression.type);
    case "cast": {
      const name = expression.orNull ? "try_cast" : "cast";
      return `${name}(${expressionText(expression.operand, schema)} as ${typeText(expression.type)})`;
    }
    case "case": {
      const branches = expression.branches.map(
        (branch) => `when ${inner(branch.when)} then ${inner(branch.then)}`,
      );
      return `case ${branches.join(" ")} else ${inner(expression.otherwise)} end`;
    }
    case "call": {
      const operator = operators[expression.name];
      if (operator === undefined || expression.operands.length < 2) {
        const operands = expression.operands.map((operand) => expressionText(operand, schema));
        return `${expression.name}(${operands.join(", ")})`;
      }
      const text = expression.operands.map(inner).join(` ${operator} `);
      return isInside ? `(${text})` : text;
    }
  }
}

function valueText(value: unknown, type: ColumnType): string {
  if (value === null) return "null";
  if (type.kind === "utf8") return `'${String(value)}'`;
  if (value instanceof Date) return value.toISOString();
  if (type.kind === "decimal" && typeof value === "bigint") return decimalText(value, type.scale);
  if (type.kind === "date") return new Date(Number(value) * 86_400_000).toISOString().slice(0, 10);
  return String(value);
}

function decimalText(value: bigint, scale: number): string {
  const digits = String(value < 0n ? -value : value).padStart(scale + 1, "0");
  const whole = digits.slice(0, digits.length - scale);
  const text = scale === 0 ? whole : `${whole}.${digits.slice(-scale)}`;
  return value < 0n ? `-${text}` : text;
}
