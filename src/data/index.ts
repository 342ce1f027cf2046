export type { ColumnType, Field, Schema } from "../core/column-type.ts";
export {
  type Aggregate,
  AggregateBuilder,
  ColumnBuilder,
  column,
  count,
  literal,
  type Row,
  type RowKinds,
  when,
} from "../expression/column/index.ts";
export { bindData, type DataFamily, type FromOptions } from "./family.ts";
export type { ReadOptions, SchemaInput } from "./files/read-options.ts";
export type { WriteOptions, Written } from "./files/write.ts";
export { DataFrame, GroupedFrame, type PivotOptions, type UnpivotOptions } from "./frame/frame.ts";
export type { WindowCalled, WindowOptions } from "./frame/types.ts";
export type { BatchOptions } from "./run/batches.ts";
export type { CollectOptions } from "./run/collect.ts";
export type { ExplainedNode, Explanation } from "./run/explain.ts";
export { Table } from "./table.ts";
