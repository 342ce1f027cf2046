import { type ColumnType, typeText } from "../../../core/column-type.ts";
import { AikoError } from "../../../errors.ts";
import { decimalText, type Value } from "../cast-value.ts";
import { isFloat } from "../types.ts";
import { quoteText, sqlType, timeOf } from "./names.ts";

/** A literal with its type, exact. */
export function literalToSql(value: Value | null, type: ColumnType): string {
  if (value === null) return `CAST(NULL AS ${sqlType(type)})`;
  if (type.kind === "utf8") return quoteText(String(value));
  if (type.kind === "bool") return value === true ? "true" : "false";
  if (isFloat(type)) return `CAST(${floatText(Number(value))} AS ${sqlType(type)})`;
  if (type.kind === "decimal") return `CAST('${decimalText(BigInt(value), type.scale)}' AS ${sqlType(type)})`;
  if (type.kind === "date" || type.kind === "timestamp") return timeOf(`CAST(${value} AS BIGINT)`, type);
  if (type.kind === "list")
    throw new AikoError("INTERNAL", { message: `A literal of type ${typeText(type)}` });
  return `CAST(${value} AS ${sqlType(type)})`;
}

function floatText(value: number): string {
  if (Number.isNaN(value)) return "'nan'";
  if (!Number.isFinite(value)) return value > 0 ? "'inf'" : "'-inf'";
  return `'${Object.is(value, -0) ? "-0" : value}'`;
}
