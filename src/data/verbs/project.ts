import { AikoError } from "../../errors.ts";
import type { PlanNode } from "../plan/node.ts";
import { columnAt, type NamedExpression, namedExpressions } from "./computed.ts";
import { distinctNames, positionOf } from "./names.ts";

/** A project of named expressions. */
export function projected(input: PlanNode, columns: readonly NamedExpression[], verb: string): PlanNode {
  const schema = distinctNames(
    columns.map(({ field }) => field),
    verb,
  );
  if (schema.length === 0) {
    throw new AikoError("INVALID_ARGUMENT", { message: `${verb} would leave no column` });
  }
  return { kind: "project", schema, input, expressions: columns.map(({ expression }) => expression) };
}

export function select(input: PlanNode, items: readonly unknown[]): PlanNode {
  return projected(input, namedExpressions(input.schema, items, "select"), "select");
}

export function drop(input: PlanNode, names: readonly string[]): PlanNode {
  const gone = new Set(names.map((name) => positionOf(input.schema, name)));
  const kept = input.schema.map((_, at) => at).filter((at) => !gone.has(at));
  return projected(
    input,
    kept.map((at) => columnAt(input.schema, at)),
    "drop",
  );
}

/** `names` are { before: after }. */
export function rename(input: PlanNode, names: Readonly<Record<string, string>>): PlanNode {
  const after = new Map(Object.entries(names).map(([from, to]) => [positionOf(input.schema, from), to]));
  const columns = input.schema.map((field, at) => {
    const { expression } = columnAt(input.schema, at);
    return { field: { ...field, name: after.get(at) ?? field.name }, expression };
  });
  return projected(input, columns, "rename");
}

/** All columns and new ones; a new one takes the place of one of its name. */
export function derive(input: PlanNode, columns: Readonly<Record<string, unknown>>): PlanNode {
  const { schema } = input;
  const added = new Map(
    namedExpressions(schema, [columns], "derive").map((column) => [column.field.name, column]),
  );
  const old = schema.map(({ name }, at) => added.get(name) ?? columnAt(schema, at));
  const isNew = ([name]: readonly [string, NamedExpression]) => !schema.some((field) => field.name === name);
  return projected(input, [...old, ...[...added].filter(isNew).map(([, column]) => column)], "derive");
}
