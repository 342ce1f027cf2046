export { abortable, abortError } from "./abort.ts";
export type { Hold } from "./hold.ts";
export type { Leak } from "./leaks.ts";
export {
  MemoryManager,
  type MemoryOptions,
  type MemoryStatistics,
  type Needs,
  type ReserveOptions,
} from "./memory-manager.ts";
export { BufferPool, type PoolOptions, type PoolStatistics } from "./pool.ts";
export type { PoolBuffer } from "./pool-buffer.ts";
export type { Reservation } from "./reservation.ts";
export type { HostCopy, Resident } from "./resident.ts";
export type { Scope } from "./scope.ts";
export type { StreamTimes } from "./stream-batch.ts";
export type {
  Each,
  StreamBatch,
  StreamContext,
  StreamOperation,
} from "./stream-operation.ts";
export { type StreamOptions, type StreamSource, streamThrough } from "./stream-through.ts";
export { type UploadOptions, upload } from "./upload.ts";
