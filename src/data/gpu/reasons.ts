import { type ColumnType, type Schema, typeText } from "../../core/column-type.ts";
import type { Adapter } from "../../device/device.ts";
import { type Aggregate, lower, type ResolvedExpression } from "../../expression/column/index.ts";
import { columnAt, withoutTextFunctions } from "./text-functions.ts";

/** Why columns of these types stay on the host. */
export function schemaReason(schema: Schema): string | undefined {
  const list = schema.find(({ type }) => type.kind === "list");
  return list && `${list.name} is ${typeText(list.type)}, which stays on the host`;
}

/** Why a device cannot compute one of these expressions, taking texts to be in dictionaries. */
export function expressionsReason(
  expressions: readonly ResolvedExpression[],
  { features }: Adapter,
  schema: Schema,
): string | undefined {
  const inputs = schema.map(({ type }) => inputOf(type));
  const rewritten = expressions.map((expression) =>
    withoutTextFunctions(
      expression,
      (index) => inputs[index]?.dictionary !== undefined,
      ({ type }) => columnAt(inputs.push(inputOf(type)) - 1, type),
    ),
  );
  const computed = rewritten.filter((each) => each.kind !== "column" && !isText(each));
  const { expressions: results } = lower(computed, inputs, { f64: features.has("f64") });
  for (const result of results) if ("reason" in result) return result.reason;
  return undefined;
}

function inputOf(type: ColumnType) {
  return { type, nullable: true, dictionary: type.kind === "utf8" ? [] : undefined };
}

function isText({ kind, type }: ResolvedExpression): boolean {
  return kind === "literal" && type.kind === "utf8";
}

const inFloats: ReadonlySet<string> = new Set(["mean", "variance", "stddev", "median", "quantile"]);

/** Why a device cannot compute one of these aggregates. */
export function aggregatesReason(
  aggregates: readonly Aggregate<ResolvedExpression>[],
  { features, backend }: Adapter,
): string | undefined {
  if (features.has("f64")) return undefined;
  const wide = aggregates.find(
    ({ function: name, operand }) =>
      inFloats.has(name) || (name === "sum" && operand?.type.kind.startsWith("float") === true),
  );
  return wide && `${wide.function} is computed in float64, which ${backend} does not have`;
}
