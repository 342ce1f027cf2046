import { AikoError } from "../../errors.ts";
import { column } from "../../expression/column/index.ts";
import { conjunction } from "../plan/expressions.ts";
import type { PlanNode } from "../plan/node.ts";
import { columnAt, expressionIn } from "./computed.ts";
import { positionOf } from "./names.ts";
import { derive } from "./project.ts";

/** A value for nulls by column name, or one for every column whose type takes it. */
export function fillNull(input: PlanNode, values: unknown): PlanNode {
  const { schema } = input;
  const isByName = typeof values === "object" && values !== null && !(values instanceof Date);
  if (isByName) {
    const filled = Object.entries(values).map(([name, value]) => {
      positionOf(schema, name);
      return [name, column(name).coalesce(value)];
    });
    return derive(input, Object.fromEntries(filled));
  }
  const takes = (name: string) => {
    try {
      expressionIn(schema, column(name).coalesce(values as string), "fillNull");
      return true;
    } catch {
      return false;
    }
  };
  const names = schema.map(({ name }) => name).filter(takes);
  if (names.length === 0) {
    throw new AikoError("INVALID_ARGUMENT", {
      message: `fillNull: no column takes ${String(values)}`,
      hint: 'Name columns: fillNull({ city: "" }).',
    });
  }
  return derive(
    input,
    Object.fromEntries(names.map((name) => [name, column(name).coalesce(values as string)])),
  );
}

/** The rows without null in the named columns, in any by default. */
export function dropNull(input: PlanNode, names: readonly string[]): PlanNode {
  const { schema } = input;
  const at = names.length === 0 ? [...schema.keys()] : names.map((name) => positionOf(schema, name));
  const predicate = conjunction(
    at.map((index) => ({
      kind: "call",
      name: "isNotNull",
      operands: [columnAt(schema, index).expression],
      type: { kind: "bool" },
    })),
  );
  return predicate === undefined ? input : { kind: "filter", schema, input, predicate };
}
