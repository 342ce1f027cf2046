import type { Schema } from "../../core/column-type.ts";
import type { Aggregate, ResolvedExpression, SortKey } from "../../expression/column/index.ts";
import { expressionText } from "./expression-text.ts";
import { inputsOf } from "./inputs.ts";
import type { PlanNode } from "./node.ts";

/** What a node does, in one line. */
export function nodeText(node: PlanNode): string {
  const [input] = inputsOf(node);
  const over = input?.schema ?? [];
  const text = (expression: ResolvedExpression) => expressionText(expression, over);
  switch (node.kind) {
    case "scan":
      return scanText(node);
    case "filter":
      return `filter ${text(node.predicate)}`;
    case "project":
      return `project ${node.expressions.map((one, at) => namedText(text(one), node.schema, at)).join(", ")}`;
    case "aggregate": {
      const keys = node.keys.map((key, at) => namedText(text(key), node.schema, at));
      const values = node.aggregates.map((one, at) =>
        namedText(aggregateText(one, text), node.schema, keys.length + at),
      );
      return `aggregate ${values.join(", ")}${keys.length === 0 ? "" : ` by ${keys.join(", ")}`}`;
    }
    case "join": {
      const pairs = node.leftKeys.map((key, at) => {
        const other = node.rightKeys[at];
        const right = other === undefined ? "" : expressionText(other, node.right.schema);
        return `${expressionText(key, node.left.schema)} = ${right}`;
      });
      return `join ${node.how}${pairs.length === 0 ? "" : ` on ${pairs.join(" and ")}`}${node.nullsEqual ? ", nulls equal" : ""}`;
    }
    case "sort": {
      const keys = node.keys.map((key) => keyText(key, text)).join(", ");
      return `${node.limit === undefined ? "sort" : `top ${node.limit}`} by ${keys}`;
    }
    case "limit":
      return `limit ${node.count}${node.offset === 0 ? "" : ` after ${node.offset}`}`;
    case "distinct":
      return node.columns === undefined ? "distinct" : `distinct on ${names(node.schema, node.columns)}`;
    case "concat":
      return `concat of ${node.inputs.length}`;
    case "window":
      return `window ${node.columns.map((one) => one.function).join(", ")}${node.partitionBy.length === 0 ? "" : ` for each ${node.partitionBy.map(text).join(", ")}`}`;
    case "explode":
      return `explode ${names(node.schema, [node.column])}`;
    case "unpivot":
      return `unpivot ${names(over, node.columns)}`;
  }
}

function scanText({ source, schema, predicate }: PlanNode & { readonly kind: "scan" }): string {
  const columns = schema.map(({ name }) => name).join(", ");
  if (source.kind === "memory") return `scan ${source.columns.rows} rows in memory: ${columns}`;
  const [first = "", ...others] = source.paths;
  const where = predicate === undefined ? "" : ` where ${expressionText(predicate, source.schema)}`;
  return `read ${first}${others.length === 0 ? "" : ` and ${others.length} more`}: ${columns}${where}`;
}

function namedText(text: string, schema: Schema, at: number): string {
  const name = schema[at]?.name ?? "";
  return text === name ? name : `${name} = ${text}`;
}

function aggregateText(
  aggregate: Aggregate<ResolvedExpression>,
  text: (e: ResolvedExpression) => string,
): string {
  const { operand, fraction } = aggregate;
  const share = fraction === undefined ? "" : `, ${fraction}`;
  return `${aggregate.function}(${operand === undefined ? "" : text(operand)}${share})`;
}

function keyText(key: SortKey<ResolvedExpression>, text: (e: ResolvedExpression) => string): string {
  return `${text(key.expression)}${key.descending ? " descending" : ""}${key.nullsFirst ? " nulls first" : ""}`;
}

function names(schema: Schema, columns: readonly number[]): string {
  return columns.map((at) => schema[at]?.name ?? "").join(", ");
}
