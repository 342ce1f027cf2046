export { AggregateBuilder, type SortOptions } from "./aggregate-builder.ts";
export { aggregateType, resolveAggregate, resolveSortKey, typeOfAggregate } from "./aggregates.ts";
export { branchOf } from "./branch.ts";
export { ColumnBuilder } from "./builder.ts";
export type * from "./builder-types.ts";
export type * from "./expression.ts";
export { evaluateOnHost } from "./host/evaluate.ts";
export {
  asPredicate,
  type LoweredExpression,
  type Lowering,
  type LoweringResult,
  type LowerOptions,
  lower,
} from "./lower/lower.ts";
export { type KernelInput, type LowerInput, slotNumbers, slotOfInput, type TextTest } from "./lower/slots.ts";
export * from "./make.ts";
export * from "./parse/parse.ts";
export { partsOfColumn, partsOfResolved } from "./parts.ts";
export { mostDepth, resolve, resolvePredicate } from "./resolve.ts";
export * from "./row.ts";
export { quoteName, quoteText, sqlType } from "./sql/names.ts";
export { aggregateToSql, type ColumnSql, sortKeyToSql, toSql } from "./sql/to-sql.ts";
export { parseType } from "./type-text.ts";
