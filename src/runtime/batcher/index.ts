export type { BatchContext } from "./batch.ts";
export { Batcher, type BatcherDefinition } from "./batcher.ts";
export type { Bulk, BulkColumns, TypedArray } from "./bulk.ts";
export type { BatcherOptions, ItemOptions, QueueOptions } from "./options.ts";
