import type { ColumnType } from "../../core/column-type.ts";
import { AikoError } from "../../errors.ts";
import { type ResolvedExpression, sortKeyToSql, sqlType, toSql } from "../../expression/column/index.ts";
import type { PlanNode, WindowColumn } from "../plan/node.ts";

type WindowNode = PlanNode & { readonly kind: "window" };

const cell = (index: number) => `c${index}`;

/** `from` gives the input's columns, and the number of each row as `r`; the rows keep their order. */
export function windowSql(node: WindowNode, from: string): string {
  const width = node.input.schema.length;
  const partition =
    node.partitionBy.length === 0
      ? ""
      : `PARTITION BY ${node.partitionBy.map((key) => toSql(key, cell)).join(", ")} `;
  const order = node.orderBy.map((key) => sortKeyToSql(key, cell));
  const windows: Windows = {
    whole: `(${partition})`,
    peers: `(${partition}ORDER BY ${order.join(", ")})`,
    rows: (frame) => `(${partition}ORDER BY ${[...order, "r"].join(", ")}${frame})`,
  };
  const own = node.input.schema.map((_, at) => cell(at));
  const added = node.columns.map((column, at) => {
    const { type } = node.schema[width + at] ?? { type: { kind: "int64" } as const };
    return `${callSql(column, windows, type)} AS c${width + at}`;
  });
  return `SELECT ${[...own, ...added].join(", ")} FROM (${from}) ORDER BY r`;
}

interface Windows {
  /** All rows of the partition. */
  readonly whole: string;
  /** Rows with equal keys are one. */
  readonly peers: string;
  /** Rows with equal keys are in their order. */
  rows(frame: string): string;
}

const everything = " ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING";

function callSql(column: WindowColumn, windows: Windows, type: ColumnType): string {
  const { operand } = column;
  const value = operand === undefined ? "" : toSql(operand, cell);
  const until = (first: string) => windows.rows(` ROWS BETWEEN ${first} PRECEDING AND CURRENT ROW`);
  switch (column.function) {
    case "rowNumber":
      return `row_number() OVER ${windows.rows("")}`;
    case "rank":
      return `rank() OVER ${windows.peers}`;
    case "denseRank":
      return `dense_rank() OVER ${windows.peers}`;
    case "lag":
    case "lead":
      return `${column.function}(${value}, ${column.rows ?? 1}) OVER ${windows.rows("")}`;
    case "firstValue":
      return `first_value(${value}) OVER ${windows.rows(everything)}`;
    case "lastValue":
      return `last_value(${value}) OVER ${windows.rows(everything)}`;
    case "first":
      return `first_value(${value} IGNORE NULLS) OVER ${windows.rows(everything)}`;
    case "last":
      return `last_value(${value} IGNORE NULLS) OVER ${windows.rows(everything)}`;
    case "cumulativeSum":
      return sumSql(value, operand, type, until("UNBOUNDED"));
    case "movingSum":
      return sumSql(value, operand, type, until(String(column.rows ?? 0)));
    case "movingMean":
      return `avg(CAST(${value} AS DOUBLE)) OVER ${until(String(column.rows ?? 0))}`;
    case "sum":
      return sumSql(value, operand, type, windows.whole);
    case "countRows":
      return `count(*) OVER ${windows.whole}`;
    case "countDistinct":
      return `count(DISTINCT ${value}) OVER ${windows.whole}`;
    default:
      return `${plainSql(column.function, value)} OVER ${windows.whole}`;
  }
}

/** Whole numbers are added as 128-bit ones: what does not fit the type is an error. */
function sumSql(
  value: string,
  operand: ResolvedExpression | undefined,
  type: ColumnType,
  window: string,
): string {
  const kind = operand?.type.kind ?? "int64";
  if (kind === "decimal") return `sum(${value}) OVER ${window}`;
  if (kind === "float32" || kind === "float64") return `sum(CAST(${value} AS DOUBLE)) OVER ${window}`;
  return `CAST(sum(CAST(${value} AS HUGEINT)) OVER ${window} AS ${sqlType(type)})`;
}

const plain: Readonly<Record<string, (value: string) => string>> = {
  count: (value) => `count(${value})`,
  mean: (value) => `avg(CAST(${value} AS DOUBLE))`,
  min: (value) => `min(${value})`,
  max: (value) => `max(${value})`,
  any: (value) => `bool_or(${value})`,
  all: (value) => `bool_and(${value})`,
  variance: (value) => `var_samp(CAST(${value} AS DOUBLE))`,
  stddev: (value) => `stddev_samp(CAST(${value} AS DOUBLE))`,
  median: (value) => `quantile_cont(CAST(${value} AS DOUBLE), 0.5)`,
};

function plainSql(name: string, value: string): string {
  const text = plain[name]?.(value);
  if (text !== undefined) return text;
  throw new AikoError("UNSUPPORTED", { message: `${name} is not a window's function` });
}
