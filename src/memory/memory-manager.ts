import type { Device } from "../device/device.ts";
import { AikoError, isAikoError } from "../errors.ts";
import { Budget } from "./budget.ts";
import { Hold } from "./hold.ts";
import { downloadedFrom } from "./host-copy.ts";
import type { Leak } from "./leaks.ts";
import { BufferPool, type PoolOptions, type PoolStatistics } from "./pool.ts";
import type { PoolBuffer } from "./pool-buffer.ts";
import { Reservation } from "./reservation.ts";
import { type HostCopy, Resident } from "./resident.ts";
import { Residents } from "./residents.ts";

export interface MemoryOptions extends PoolOptions {
  /**
   * The most device memory to use, cache included. Default: 90 % of what the driver says is free, else three quarters of
   * the device's memory, half where that is the host's own, else 4 GiB.
   */
  readonly memoryBudgetBytes?: number | undefined;
}

export interface MemoryStatistics extends PoolStatistics {
  readonly budgetBytes: number;
  /** Set aside by reservations that are open. */
  readonly reservedBytes: number;
  readonly reservations: number;
  /** Reservations waiting for their turn. */
  readonly waiting: number;
  /** Of resident handles, in use or not. */
  readonly residentBytes: number;
  readonly residents: number;
  readonly evictions: number;
  readonly evictedBytes: number;
  /** Evicted handles that came back. */
  readonly returns: number;
  /** Held for nobody: lost to size classes, and cached in classes that nobody asks for any more. */
  readonly fragmentationBytes: number;
}

/** What one piece of work needs on the device, all at once. */
export interface Needs {
  /** Bytes of each buffer. */
  readonly bytes?: readonly number[];
  /** Handles to have on the device. */
  readonly residents?: readonly Resident[];
  readonly label?: string;
}

export interface ReserveOptions {
  readonly signal?: AbortSignal | undefined;
}

/**
 * Shares one device's memory among those who work there: a budget, reservations granted in order, and resident data that
 * goes to the host when room is needed and comes back when it is.
 */
export class MemoryManager implements Disposable {
  readonly device: Device;
  readonly pool: BufferPool;
  readonly #residents = new Residents();
  readonly #budget: Budget;

  constructor(device: Device, options: MemoryOptions = {}) {
    this.device = device;
    const budgetBytes = budgetOf(device, options.memoryBudgetBytes);
    this.#budget = new Budget(budgetBytes, device.label, this.#residents);
    this.pool = new BufferPool(device, options, {
      limitBytes: budgetBytes,
      account: this.#budget,
      evictNow: (bytes) => this.#residents.evictNow(bytes),
    });
    void device.lost.then(({ message }) =>
      this.#budget.close(new AikoError("DEVICE_LOST", { message: `${device.label} was lost: ${message}` })),
    );
  }

  get budgetBytes(): number {
    return this.#budget.totalBytes;
  }

  /** Bytes that work could have now or after what is under way, if everything idle made room. */
  get reachableBytes(): number {
    const idle = this.#residents.evictableBytes({ residents: new Set() });
    return this.#budget.freeBytes + this.#budget.reservedBytes + idle;
  }

  /**
   * Sets memory aside before work starts: all of it, in the order of the calls. Rejects with OUT_OF_MEMORY at once when it
   * exceeds the budget, and later when nothing under way will make room; with ABORTED, and with DEVICE_LOST. Do not wait
   * for a second reservation while holding a first: name everything in one.
   */
  async reserve(needs: number | Needs, { signal }: ReserveOptions = {}): Promise<Reservation> {
    const {
      bytes = [],
      residents = [],
      label = "Work",
    } = typeof needs === "number" ? { bytes: [needs] } : needs;
    const handles = new Set(residents);
    let ownBytes = 0;
    for (const each of bytes) ownBytes += this.pool.classBytes(each, label);
    let mostBytes = ownBytes;
    for (const resident of handles) mostBytes += resident.classBytes;
    let reservation: Reservation | undefined;
    await this.#budget.claim(
      {
        label,
        residents: handles,
        mostBytes,
        neededBytes: () => {
          let needed = ownBytes;
          for (const resident of handles) if (!resident.isOnDevice) needed += resident.classBytes;
          return needed;
        },
        granted: (granted) => {
          reservation = new Reservation(granted, this.pool, this.#budget, handles);
        },
      },
      signal,
    );
    if (reservation === undefined)
      throw new AikoError("INTERNAL", { message: `${label} was granted nothing` });
    return reservation;
  }

  /**
   * Runs `work` with a reservation that ends with it. When the device is full all the same, everything idle is evicted and
   * `work` runs once more.
   */
  async use<T>(
    needs: number | Needs,
    work: (reservation: Reservation) => Promise<T>,
    options?: ReserveOptions,
  ): Promise<T> {
    for (let attempt = 1; ; attempt++) {
      using reservation = await this.reserve(needs, options);
      try {
        return await work(reservation);
      } catch (error) {
        if (attempt > 1 || !isAikoError(error, "OUT_OF_MEMORY")) throw error;
        reservation.dispose();
        if ((await this.relieve()) === 0) throw error;
      }
    }
  }

  /**
   * Counts memory of this device that others allocate: it is in use until the hold is disposed. Rejects with OUT_OF_MEMORY
   * when it exceeds what can be made free, and with ABORTED.
   */
  async hold(byteLength: number, label: string, options: ReserveOptions = {}): Promise<Hold> {
    const claim = {
      label,
      residents: new Set<Resident>(),
      neededBytes: () => byteLength,
      mostBytes: byteLength,
    };
    await this.#budget.claim({ ...claim, granted: () => {} }, options.signal);
    this.#budget.release(byteLength, byteLength);
    return new Hold(this.#budget, byteLength);
  }

  /** A handle to data of the host, uploaded when a reservation needs it. */
  resident(data: ArrayBufferView, label = "resident"): Resident {
    return this.residentOf({ data, fetch: async () => data }, data.byteLength, label);
  }

  /** The same for a host copy that is kept elsewhere. Throws OUT_OF_MEMORY for more than a buffer of the device holds. */
  residentOf(host: HostCopy, byteLength: number, label: string): Resident {
    const classBytes = this.pool.classBytes(byteLength, label);
    return new Resident(this.#residents, { host, byteLength, classBytes, label });
  }

  /** A handle to data that is only on the device. It owns the buffer now. */
  adopt(buffer: PoolBuffer, host: HostCopy = downloadedFrom(buffer)): Resident {
    const { byteLength, label } = buffer;
    return new Resident(this.#residents, {
      host,
      byteLength,
      classBytes: buffer.buffer.byteLength,
      label,
      buffer,
    });
  }

  /** Frees the cache and sends everything idle to the host. Resolves with the bytes freed. */
  async relieve(): Promise<number> {
    const heldBytes = () => this.pool.statistics().inUseBytes + this.pool.statistics().cachedBytes;
    const before = heldBytes();
    await this.#residents.evict(Infinity, { residents: new Set() });
    this.pool.trim();
    return before - heldBytes();
  }

  statistics(): MemoryStatistics {
    const { bytes, count } = this.#residents.size;
    return {
      ...this.pool.statistics(),
      budgetBytes: this.budgetBytes,
      reservedBytes: this.#budget.reservedBytes,
      reservations: this.#budget.reservations,
      waiting: this.#budget.waiting,
      residentBytes: bytes,
      residents: count,
      evictions: this.#residents.evictions,
      evictedBytes: this.#residents.evictedBytes,
      returns: this.#residents.returns,
      fragmentationBytes: this.pool.fragmentationBytes,
    };
  }

  /** What is in use, and what nobody disposed, the largest first; with the code that allocated it where that is traced. */
  leaks(): Leak[] {
    return this.pool.leaks();
  }

  /** Rejects who waits and frees the cache; buffers still in use go back to the device when they are disposed. */
  dispose(): void {
    const message = `The memory of ${this.device.label} is disposed`;
    this.#budget.close(new AikoError("DISPOSED", { message }));
    this.pool.dispose();
  }

  [Symbol.dispose](): void {
    this.dispose();
  }
}

function budgetOf(device: Device, given: number | undefined): number {
  if (given !== undefined) {
    if (given > 0) return given;
    throw new AikoError("INVALID_ARGUMENT", {
      message: `memoryBudgetBytes is ${given}`,
      hint: "Pass a number of bytes, or leave it out.",
    });
  }
  const { freeBytes } = device.memory();
  if (freeBytes !== undefined) return Math.floor(freeBytes * 0.9);
  const { memoryBytes } = device.adapter.limits;
  if (memoryBytes === undefined) return 4 * 2 ** 30;
  return Math.floor(memoryBytes * (device.adapter.kind === "cpu" ? 0.5 : 0.75));
}
