import { formatBytes } from "../core/bytes.ts";
import type { Device, DeviceBuffer } from "../device/device.ts";
import { AikoError, isAikoError } from "../errors.ts";
import { type Account, unlimited } from "./account.ts";
import { Allocations, type Leak, tracesAllocations } from "./leaks.ts";
import { type Lease, PoolBuffer } from "./pool-buffer.ts";
import { Scope } from "./scope.ts";
import { sizeClass } from "./size-class.ts";

export interface PoolOptions {
  /** The most freed memory to hold for reuse, in bytes. Default: a quarter of device memory, 256 MiB where unknown. */
  readonly maxCachedBytes?: number | undefined;
  /** Remembers where each allocation was made, for `leaks`. Default: whether AIKORYU_TRACE_ALLOCATIONS is 1. */
  readonly traceAllocations?: boolean | undefined;
}

/** What a memory manager asks of its pool. */
export interface PoolLimits {
  /** The most that is in use and cached together. */
  readonly limitBytes: number;
  /** Pays for allocations that name no account. */
  readonly account: Account;
  /** Frees memory that can be had back later, at once; returns the bytes freed. */
  readonly evictNow: (bytes: number) => number;
}

/** Byte counts are of whole size classes: what the device really holds. */
export interface PoolStatistics {
  readonly inUseBytes: number;
  readonly inUseBuffers: number;
  readonly cachedBytes: number;
  readonly cachedBuffers: number;
  /** The most that was ever in use at once. */
  readonly peakBytes: number;
  /** Allocations answered from the cache. */
  readonly hits: number;
  readonly misses: number;
  /** Buffers nobody disposed, returned by the garbage collector. A healthy program shows 0. */
  readonly reclaimed: number;
}

/** A class that nobody asked for during so many allocations is not expected back. */
const staleAfter = 256;

/**
 * Reuses freed device memory by size class. The device runs its work in order, so a buffer may be handed out again
 * as soon as it is disposed: later work cannot overtake what still reads it. Reused memory is not zero.
 */
export class BufferPool implements Disposable {
  readonly device: Device;
  readonly maxCachedBytes: number;
  readonly #limits: PoolLimits;
  readonly #allocations: Allocations;
  readonly #lastAsked = new Map<number, number>();
  readonly #free = new Map<number, DeviceBuffer[]>();
  readonly #oldestFirst = new Map<DeviceBuffer, number>();
  #inUseBytes = 0;
  #inUseBuffers = 0;
  #requestedBytes = 0;
  #cachedBytes = 0;
  #peakBytes = 0;
  #hits = 0;
  #misses = 0;
  #reclaimed = 0;
  #disposed = false;

  constructor(device: Device, options: PoolOptions = {}, limits?: PoolLimits) {
    this.device = device;
    this.#limits = limits ?? { limitBytes: Infinity, account: unlimited, evictNow: () => 0 };
    this.#allocations = new Allocations(tracesAllocations(options.traceAllocations));
    const known = device.adapter.limits.memoryBytes;
    const most = options.maxCachedBytes ?? (known === undefined ? 256 * 2 ** 20 : known / 4);
    this.maxCachedBytes = Math.min(most, this.#limits.limitBytes);
  }

  /**
   * Memory of at least `byteLength` bytes with undefined contents. Frees the cache, and what can be had back later, and
   * tries once more before it throws OUT_OF_MEMORY.
   */
  allocate(byteLength: number, label = "pool", account: Account = this.#limits.account): PoolBuffer {
    if (!Number.isSafeInteger(byteLength) || byteLength < 0) {
      throw new AikoError("INVALID_ARGUMENT", {
        message: `Cannot allocate ${byteLength} bytes for '${label}'`,
      });
    }
    if (this.#disposed) {
      throw new AikoError(this.device.isLost ? "DEVICE_LOST" : "BUFFER_DISPOSED", {
        message: `The buffer pool of ${this.device.label} is gone${this.device.isLost ? " with the device" : ""}`,
      });
    }
    const classBytes = this.classBytes(byteLength, label);
    account.take(classBytes, label);
    let buffer: DeviceBuffer;
    try {
      buffer = this.#reuse(classBytes) ?? this.#allocateNew(classBytes, label);
    } catch (error) {
      account.give(classBytes);
      throw error;
    }
    this.#inUseBytes += classBytes;
    this.#requestedBytes += byteLength;
    this.#inUseBuffers++;
    this.#peakBytes = Math.max(this.#peakBytes, this.#inUseBytes);
    const lease = this.#lease(buffer, { classBytes, byteLength, account });
    this.#allocations.add(lease, classBytes, label);
    return new PoolBuffer(lease, byteLength, label);
  }

  /** Collects intermediates and frees them together: `using scope = pool.scope()`. */
  scope(): Scope {
    return new Scope(this);
  }

  /** Gives cached memory back to the device until at most `keepBytes` stay. Returns the bytes freed. */
  trim(keepBytes = 0): number {
    const before = this.#cachedBytes;
    for (const [buffer, classBytes] of this.#oldestFirst) {
      if (this.#cachedBytes <= keepBytes) break;
      this.#forget(buffer, classBytes);
      buffer.dispose();
    }
    return before - this.#cachedBytes;
  }

  statistics(): PoolStatistics {
    return {
      inUseBytes: this.#inUseBytes,
      inUseBuffers: this.#inUseBuffers,
      cachedBytes: this.#cachedBytes,
      cachedBuffers: this.#oldestFirst.size,
      peakBytes: this.#peakBytes,
      hits: this.#hits,
      misses: this.#misses,
      reclaimed: this.#reclaimed,
    };
  }

  /** What is in use, and what nobody disposed, the largest first. */
  leaks(): Leak[] {
    return this.#allocations.report();
  }

  /** Bytes held that serve nobody: lost to size classes, and cached in classes that nobody asks for any more. */
  get fragmentationBytes(): number {
    let stale = 0;
    const asked = this.#hits + this.#misses;
    for (const [classBytes, buffers] of this.#free) {
      if (asked - (this.#lastAsked.get(classBytes) ?? 0) > staleAfter) stale += classBytes * buffers.length;
    }
    return this.#inUseBytes - this.#requestedBytes + stale;
  }

  /** Frees the cache; buffers still in use go back to the device when they are disposed. */
  dispose(): void {
    this.#disposed = true;
    this.trim();
  }

  [Symbol.dispose](): void {
    this.dispose();
  }

  /** What an allocation really takes. Throws OUT_OF_MEMORY for more than one buffer of the device holds. */
  classBytes(byteLength: number, label: string): number {
    const limit = this.device.adapter.limits.bufferBytes;
    if (byteLength > limit) {
      throw new AikoError("OUT_OF_MEMORY", {
        message: `Cannot allocate ${formatBytes(byteLength)} for '${label}' on ${this.device.label}`,
        hint: `One buffer there holds at most ${formatBytes(limit)}. Split the work, or use placement "cpu".`,
      });
    }
    return this.sizeOf(byteLength);
  }

  /** The same for whatever length. */
  sizeOf(byteLength: number): number {
    return Math.min(sizeClass(byteLength), this.device.adapter.limits.bufferBytes);
  }

  #reuse(classBytes: number): DeviceBuffer | undefined {
    const buffer = this.#free.get(classBytes)?.at(-1);
    if (buffer === undefined) {
      this.#misses++;
      this.#lastAsked.set(classBytes, this.#hits + this.#misses);
      return undefined;
    }
    this.#forget(buffer, classBytes);
    if (buffer.disposed) return this.#reuse(classBytes);
    this.#hits++;
    this.#lastAsked.set(classBytes, this.#hits + this.#misses);
    return buffer;
  }

  #allocateNew(classBytes: number, label: string): DeviceBuffer {
    this.trim(Math.max(0, this.#limits.limitBytes - this.#inUseBytes - classBytes));
    const remedies = [() => this.trim(), () => this.#limits.evictNow(classBytes) + this.trim()];
    for (;;) {
      try {
        return this.device.allocate(classBytes, label);
      } catch (error) {
        if (!isAikoError(error, "OUT_OF_MEMORY")) throw error;
        let freed = 0;
        while (freed === 0 && remedies.length > 0) freed = remedies.shift()?.() ?? 0;
        if (freed === 0) throw error;
      }
    }
  }

  #lease(
    buffer: DeviceBuffer,
    { classBytes, byteLength, account }: { classBytes: number; byteLength: number; account: Account },
  ): Lease {
    const lease: Lease = {
      buffer,
      release: (reclaimed) => {
        this.#inUseBytes -= classBytes;
        this.#requestedBytes -= byteLength;
        this.#inUseBuffers--;
        if (reclaimed) this.#reclaimed++;
        this.#allocations.remove(lease, reclaimed);
        this.#cache(buffer, classBytes);
        account.give(classBytes);
      },
    };
    return lease;
  }

  #cache(buffer: DeviceBuffer, classBytes: number): void {
    if (this.#disposed || buffer.disposed || this.device.isLost || classBytes > this.maxCachedBytes) {
      buffer.dispose();
      return;
    }
    this.trim(this.maxCachedBytes - classBytes);
    const free = this.#free.get(classBytes);
    if (free === undefined) this.#free.set(classBytes, [buffer]);
    else free.push(buffer);
    this.#oldestFirst.set(buffer, classBytes);
    this.#cachedBytes += classBytes;
  }

  #forget(buffer: DeviceBuffer, classBytes: number): void {
    const free = this.#free.get(classBytes);
    free?.splice(free.lastIndexOf(buffer), 1);
    if (free?.length === 0) this.#free.delete(classBytes);
    this.#oldestFirst.delete(buffer);
    this.#cachedBytes -= classBytes;
  }
}
