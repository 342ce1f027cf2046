export type { BatchContext } from "./batch.ts";
export { Batcher, type BatcherDefinition } from "./batcher.ts";
export type { Bulk, BulkColumns, TypedArray } from "./bulk.ts";
export { type BatchOperation, CallBatching } from "./call-batching.ts";
export type { BatcherOptions, ItemOptions, QueueOptions } from "./options.ts";
