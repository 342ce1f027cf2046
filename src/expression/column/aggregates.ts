import { type ColumnType, type Schema, typeText } from "../../core/column-type.ts";
import { AikoError } from "../../errors.ts";
import { checkedFraction } from "./aggregate-builder.ts";
import type {
  Aggregate,
  AggregateFunction,
  ColumnExpression,
  ResolvedExpression,
  SortKey,
} from "./expression.ts";
import { resolve } from "./resolve.ts";
import { bool, float64, int64, integers, isInteger, isNumber, uint64 } from "./types.ts";

function takes(name: AggregateFunction, what: string, type: ColumnType): AikoError {
  return new AikoError("INVALID_ARGUMENT", {
    message: `${name} takes ${what}, not ${typeText(type)}`,
    hint: "Cast the operand first.",
  });
}

/** The type of an aggregate of values of a type. Throws INVALID_ARGUMENT where it takes none such. */
export function aggregateType(name: AggregateFunction, operand?: ColumnType): ColumnType {
  if (name === "countRows") return int64;
  if (operand === undefined) throw new AikoError("INVALID_ARGUMENT", { message: `${name} takes an operand` });
  if (operand.kind === "list" && name !== "count" && name !== "first" && name !== "last") {
    throw takes(name, "single values", operand);
  }
  switch (name) {
    case "count":
    case "countDistinct":
      return int64;
    case "sum":
      if (isInteger(operand)) return integers[operand.kind].signed ? int64 : uint64;
      if (operand.kind === "decimal") return { kind: "decimal", precision: 38, scale: operand.scale };
      if (operand.kind === "duration") return operand;
      if (isNumber(operand)) return float64;
      throw takes(name, "numbers and durations", operand);
    case "any":
    case "all":
      if (operand.kind === "bool") return bool;
      throw takes(name, "bool", operand);
    case "min":
    case "max":
    case "first":
    case "last":
      return operand;
    default:
      if (isNumber(operand)) return float64;
      throw takes(name, "numbers", operand);
  }
}

export function resolveAggregate(aggregate: Aggregate, schema: Schema): Aggregate<ResolvedExpression> {
  const { fraction } = aggregate;
  if (aggregate.function === "quantile") checkedFraction(fraction ?? Number.NaN);
  if (aggregate.operand === undefined) {
    aggregateType(aggregate.function);
    return { function: aggregate.function };
  }
  const operand = resolve(aggregate.operand, schema);
  aggregateType(aggregate.function, operand.type);
  return { function: aggregate.function, operand, ...(fraction === undefined ? {} : { fraction }) };
}

/** The type that a resolved aggregate gives. */
export function typeOfAggregate({ function: name, operand }: Aggregate<ResolvedExpression>): ColumnType {
  return aggregateType(name, operand?.type);
}

export function resolveSortKey(key: SortKey<ColumnExpression>, schema: Schema): SortKey<ResolvedExpression> {
  const expression = resolve(key.expression, schema);
  if (expression.type.kind === "list") {
    throw new AikoError("INVALID_ARGUMENT", { message: "Rows cannot be sorted by a list" });
  }
  return { ...key, expression };
}
