import type { BufferView, Device, Timer } from "../device/device.ts";
import type { MemoryManager } from "./memory-manager.ts";
import type { PoolBuffer } from "./pool-buffer.ts";
import type { Resident } from "./resident.ts";

/** What flows: a typed array, or several that belong together. */
export type StreamBatch = ArrayBufferView | readonly ArrayBufferView[];

/** The same shape as a batch, with something else for each array: a device buffer, a count of bytes. */
export type Each<Batch extends StreamBatch, T> = Batch extends ArrayBufferView
  ? T
  : { readonly [K in keyof Batch]: T };

export interface StreamContext<Batch extends StreamBatch> {
  readonly device: Device;
  readonly memory: MemoryManager;
  /** On the host. */
  readonly batch: Batch;
  readonly index: number;
  /** The operation's resident handles, loaded. */
  readonly residents: readonly PoolBuffer[];
  readonly timer: Timer | undefined;
  readonly signal: AbortSignal;
  /** Memory that is freed with the batch; reserved where `scratchBytes` names it. */
  allocate(byteLength: number, label?: string): PoolBuffer;
}

/**
 * Work on one batch after the other. `Result` is the typed array, or the arrays, that each batch becomes; device buffers
 * come in the same shapes.
 */
export interface StreamOperation<Batch extends StreamBatch, Result extends StreamBatch> {
  readonly name: string;
  /** Bytes of device memory for the results of a batch, at most. */
  outputBytes(batch: Batch): Each<Result, number>;
  /** Bytes of each buffer that `gpu` allocates besides. */
  scratchBytes?(batch: Batch): readonly number[];
  /** Data that every batch needs on the device; between batches it may have to make room for others. */
  residents?(memory: MemoryManager): readonly Resident[];
  /**
   * Enqueues the work on one batch; called in order, without waiting for the batch before. Results shorter than
   * `outputBytes` are returned as counts of bytes.
   */
  gpu(
    inputs: Each<Batch, PoolBuffer>,
    outputs: Each<Result, PoolBuffer>,
    context: StreamContext<Batch>,
  ): Promise<Each<Result, number>> | Promise<void>;
  /** Host memory of so many bytes that the results are downloaded into; it is what the consumer gets. */
  host(byteLengths: Each<Result, number>, batch: Batch, index: number): Result;
  /** The same work without a device. */
  cpu?(
    batch: Batch,
    context: { readonly index: number; readonly signal: AbortSignal },
  ): Result | Promise<Result>;
}

export function arraysOf(batch: StreamBatch): readonly ArrayBufferView[] {
  return ArrayBuffer.isView(batch) ? [batch] : batch;
}

export function bytesOf(batch: StreamBatch): number {
  return arraysOf(batch).reduce((sum, { byteLength }) => sum + byteLength, 0);
}

/** One item for a single array, else all of them. */
export function inShapeOf<Batch extends StreamBatch, T>(
  isSingle: boolean,
  items: readonly T[],
): Each<Batch, T> {
  return (isSingle ? items[0] : items) as Each<Batch, T>;
}

export function listOf<Batch extends StreamBatch, T>(items: Each<Batch, T>): readonly T[] {
  return Array.isArray(items) ? (items as readonly T[]) : [items as T];
}

export function part(buffer: PoolBuffer, byteLength: number): BufferView {
  return byteLength === buffer.byteLength ? buffer : buffer.slice(0, byteLength);
}
