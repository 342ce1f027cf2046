export { BufferPool, type PoolOptions, type PoolStatistics } from "./pool.ts";
export type { PoolBuffer } from "./pool-buffer.ts";
export type { Scope } from "./scope.ts";
export { type UploadOptions, upload } from "./upload.ts";
