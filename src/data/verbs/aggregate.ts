import { AikoError } from "../../errors.ts";
import { branchOf } from "../../expression/column/branch.ts";
import {
  type Aggregate,
  column,
  literal,
  type ResolvedExpression,
  resolve,
  typeOfAggregate,
} from "../../expression/column/index.ts";
import type { PlanNode } from "../plan/node.ts";
import { aggregateIn, columnNamed, namedAggregates, namedExpressions } from "./computed.ts";
import { distinctNames, fieldOf, positionOf } from "./names.ts";

/** One row for each combination of keys; one for all without keys. */
export function aggregate(
  input: PlanNode,
  keys: readonly unknown[],
  columns: Readonly<Record<string, unknown>>,
): PlanNode {
  const { schema } = input;
  const by = namedExpressions(schema, keys, "groupBy");
  const list = by.find(({ field }) => field.type.kind === "list");
  if (list !== undefined) {
    throw new AikoError("INVALID_ARGUMENT", { message: `groupBy: "${list.field.name}" holds lists` });
  }
  const values = namedAggregates(schema, columns, "aggregate");
  if (by.length + values.length === 0) {
    throw new AikoError("INVALID_ARGUMENT", {
      message: "aggregate would give no column",
      hint: "As in aggregate({ rows: count() }).",
    });
  }
  return {
    kind: "aggregate",
    schema: distinctNames(
      [...by, ...values].map(({ field }) => field),
      "aggregate",
    ),
    input,
    keys: by.map(({ expression }) => expression),
    aggregates: values.map((value) => value.aggregate),
  };
}

export type PivotValue = string | number | bigint | boolean;

export interface PivotParts {
  readonly keys: readonly string[];
  readonly names: string;
  readonly values: readonly PivotValue[];
  readonly aggregate: unknown;
}

export const mostPivotValues = 1000;

/** A row for each combination of keys, with a column for each value of `names`. */
export function pivot(input: PlanNode, { keys, names, values, aggregate: of }: PivotParts): PlanNode {
  const { schema } = input;
  if (values.length === 0 || values.length > mostPivotValues) {
    throw new AikoError("INVALID_ARGUMENT", {
      message: `pivot makes 1 to ${mostPivotValues} columns, not ${values.length}`,
      hint: `"${names}" has to have few different values.`,
    });
  }
  const one = aggregateIn(schema, of, "pivot");
  const name = fieldOf(schema, positionOf(schema, names)).name;
  const operand: ResolvedExpression = one.operand ?? resolve(literal(1).expression, schema);
  const isCount = one.function === "countRows";
  const aggregates = values.map(
    (value): Aggregate<ResolvedExpression> => ({
      ...one,
      function: isCount ? "count" : one.function,
      operand: {
        kind: "case",
        branches: [branchOf(resolve(column(name).equal(value).expression, schema), operand)],
        otherwise: { kind: "literal", value: null, type: operand.type },
        type: operand.type,
      },
    }),
  );
  const type = typeOfAggregate(one);
  const by = keys.map((key) => columnNamed(schema, key));
  const fields = [...by.map(({ field }) => field), ...values.map((value) => ({ name: String(value), type }))];
  return {
    kind: "aggregate",
    schema: distinctNames(fields, "pivot"),
    input,
    keys: by.map(({ expression }) => expression),
    aggregates,
  };
}
