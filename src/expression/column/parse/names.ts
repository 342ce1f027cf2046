import type { AggregateFunction, ColumnFunction } from "../expression.ts";
import { functionNames } from "../function-rules.ts";

const aliases: Readonly<Record<string, ColumnFunction>> = {
  mod: "modulo",
  pow: "power",
  ln: "log",
  ceiling: "ceil",
  trunc: "truncate",
  sgn: "sign",
  len: "length",
  charlength: "length",
  octetlength: "byteLength",
  strlen: "byteLength",
  lcase: "lower",
  ucase: "upper",
  substr: "substring",
  prefix: "startsWith",
  suffix: "endsWith",
  regexpmatches: "matches",
  ifnull: "coalesce",
  nvl: "coalesce",
  xor: "bitXor",
  weekday: "dayOfWeek",
  isodow: "dayOfWeek",
  doy: "dayOfYear",
  weekofyear: "week",
};

/** Without case and underscores: `dateTrunc` and `date_trunc` are one. */
export function plainName(name: string): string {
  return name.toLowerCase().replaceAll("_", "");
}

const functions: ReadonlyMap<string, ColumnFunction> = new Map([
  ...Object.entries(aliases),
  ...functionNames.map((name) => [plainName(name), name] as const),
]);

export function functionNamed(name: string): ColumnFunction | undefined {
  return functions.get(plainName(name));
}

const aggregateAliases: Readonly<Record<string, AggregateFunction>> = {
  avg: "mean",
  average: "mean",
  var: "variance",
  varsamp: "variance",
  std: "stddev",
  stddevsamp: "stddev",
  boolor: "any",
  booland: "all",
  anyvalue: "first",
  quantilecont: "quantile",
};

const aggregateList: readonly AggregateFunction[] = [
  "count",
  "countRows",
  "countDistinct",
  "sum",
  "mean",
  "min",
  "max",
  "first",
  "last",
  "any",
  "all",
  "variance",
  "stddev",
  "median",
  "quantile",
];

const aggregates: ReadonlyMap<string, AggregateFunction> = new Map([
  ...Object.entries(aggregateAliases),
  ...aggregateList.map((name) => [plainName(name), name] as const),
]);

export function aggregateNamed(name: string): AggregateFunction | undefined {
  return aggregates.get(plainName(name));
}

export const knownFunctions: readonly string[] = functionNames;
export const knownAggregates: readonly string[] = aggregateList;
