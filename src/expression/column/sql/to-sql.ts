import type { ColumnType } from "../../../core/column-type.ts";
import { AikoError } from "../../../errors.ts";
import type { Aggregate, ResolvedExpression, SortKey } from "../expression.ts";
import { heldValue } from "../literals.ts";
import { castToSql } from "./cast.ts";
import { functionToSql } from "./functions.ts";
import { literalToSql } from "./literal.ts";
import { sqlType } from "./names.ts";

/** The SQL text of a column of the schema that an expression was resolved with. */
export type ColumnSql = (index: number) => string;

/**
 * An expression as SQL for DuckDB 1.5, with the same values and errors as everywhere else. Durations are BIGINT columns that count their
 * unit; the session's TimeZone is UTC. Throws UNSUPPORTED where the engine has no such function.
 */
export function toSql(node: ResolvedExpression, columnSql: ColumnSql): string {
  switch (node.kind) {
    case "column":
      return columnSql(node.index);
    case "literal":
      return literalToSql(heldValue(node), node.type);
    case "cast":
      return castToSql(toSql(node.operand, columnSql), node.operand.type, node.type, node.orNull);
    case "case": {
      const branches = node.branches.map(
        (each) => `WHEN ${toSql(each.when, columnSql)} THEN ${toSql(each.then, columnSql)}`,
      );
      return `CASE ${branches.join(" ")} ELSE ${toSql(node.otherwise, columnSql)} END`;
    }
    case "call": {
      const operands = node.operands.map((each) => ({
        text: toSql(each, columnSql),
        type: each.type,
        node: each,
      }));
      return functionToSql(node.name, operands, node.type);
    }
  }
}

/** An aggregate with the type that `aggregateType` says. Of `first` and `last`, by the order in which rows come. */
export function aggregateToSql(aggregate: Aggregate<ResolvedExpression>, columnSql: ColumnSql): string {
  const { function: name, operand, fraction } = aggregate;
  if (name === "countRows") return "count(*)";
  if (operand === undefined) throw new AikoError("INTERNAL", { message: `${name} has no operand` });
  const { type } = operand;
  const text = toSql(operand, columnSql);
  const real = `CAST(${text} AS DOUBLE)`;
  switch (name) {
    case "count":
      return `count(${text})`;
    case "countDistinct":
      return `count(DISTINCT ${text})`;
    case "sum":
      return sumToSql(text, type);
    case "mean":
      return `avg(${type.kind === "decimal" ? text : real})`;
    case "min":
    case "max":
      return `${name}(${text})`;
    case "first":
      return `any_value(${text})`;
    case "last":
      return `last(${text}) FILTER (WHERE ${text} IS NOT NULL)`;
    case "any":
      return `bool_or(${text})`;
    case "all":
      return `bool_and(${text})`;
    case "variance":
      return deviation("var_samp", real, type);
    case "stddev":
      return deviation("stddev_samp", real, type);
    case "median":
      return `quantile_cont(${real}, 0.5)`;
    case "quantile":
      return `quantile_cont(${real}, ${fraction ?? 0.5})`;
  }
}

/** The engine refuses NaN and infinity there. */
function deviation(name: string, real: string, type: ColumnType): string {
  if (type.kind !== "float32" && type.kind !== "float64") return `${name}(${real})`;
  const finite = `${name}(CASE WHEN isfinite(${real}) THEN ${real} END)`;
  const none = `CASE WHEN count(${real}) > 1 THEN CAST('NaN' AS DOUBLE) END`;
  return `(CASE WHEN bool_and(isfinite(${real})) THEN ${finite} ELSE ${none} END)`;
}

function sumToSql(text: string, type: ColumnType): string {
  if (type.kind === "float32" || type.kind === "float64") return `sum(CAST(${text} AS DOUBLE))`;
  if (type.kind === "decimal") return `sum(${text})`;
  const unsigned = type.kind.startsWith("uint");
  return `CAST(sum(CAST(${text} AS HUGEINT)) AS ${unsigned ? "UBIGINT" : sqlType({ kind: "int64" })})`;
}

export function sortKeyToSql(key: SortKey<ResolvedExpression>, columnSql: ColumnSql): string {
  const direction = key.descending ? "DESC" : "ASC";
  return `${toSql(key.expression, columnSql)} ${direction} NULLS ${key.nullsFirst ? "FIRST" : "LAST"}`;
}
