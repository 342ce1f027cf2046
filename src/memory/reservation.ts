import { AikoError } from "../errors.ts";
import type { Account } from "./account.ts";
import type { Budget } from "./budget.ts";
import type { BufferPool } from "./pool.ts";
import type { PoolBuffer } from "./pool-buffer.ts";
import type { Resident } from "./resident.ts";
import type { UploadOptions } from "./upload.ts";

/**
 * Memory set aside before work starts, and the owner of what is allocated from it: whatever is not kept is freed when it
 * ends. Its resident handles stay on the device until then.
 */
export class Reservation implements Account, Disposable {
  readonly byteLength: number;
  readonly #pool: BufferPool;
  readonly #budget: Budget;
  readonly #residents: ReadonlySet<Resident>;
  readonly #owned = new Set<PoolBuffer>();
  #usedBytes = 0;
  /** Of these, what went beyond the reservation and was found in the budget all the same. */
  #extraBytes = 0;
  #disposed = false;

  /** @internal */
  constructor(byteLength: number, pool: BufferPool, budget: Budget, residents: ReadonlySet<Resident>) {
    this.byteLength = byteLength;
    this.#pool = pool;
    this.#budget = budget;
    this.#residents = residents;
    for (const resident of residents) resident.pin();
  }

  /** Contents undefined, freed with this reservation. Throws OUT_OF_MEMORY. */
  allocate(byteLength: number, label?: string): PoolBuffer {
    if (this.#disposed) {
      throw new AikoError("BUFFER_DISPOSED", {
        message: `Cannot allocate '${label}': its reservation has ended`,
      });
    }
    const buffer = this.#pool.allocate(byteLength, label, this);
    this.#owned.add(buffer);
    return buffer;
  }

  /** The device's copy of one of its handles, uploaded if it was away. Rejects with ABORTED or OUT_OF_MEMORY. */
  load(resident: Resident, options?: UploadOptions): Promise<PoolBuffer> {
    return resident.load(this, options);
  }

  /** Takes a buffer out of the reservation; the caller now disposes it. */
  keep(buffer: PoolBuffer): PoolBuffer {
    this.#owned.delete(buffer);
    return buffer;
  }

  /** @internal */
  take(bytes: number, label: string): void {
    const extra = Math.max(0, this.#usedBytes - this.#extraBytes + bytes - this.byteLength);
    if (extra > 0) this.#budget.take(extra, label);
    this.#extraBytes += extra;
    this.#usedBytes += bytes;
  }

  /** @internal */
  give(bytes: number): void {
    if (this.#disposed) {
      this.#budget.give(bytes);
      return;
    }
    const extra = Math.min(bytes, this.#extraBytes);
    this.#extraBytes -= extra;
    this.#usedBytes -= bytes;
    if (extra > 0) this.#budget.give(extra);
  }

  dispose(): void {
    if (this.#disposed) return;
    for (const buffer of this.#owned) buffer.dispose();
    this.#owned.clear();
    this.#disposed = true;
    this.#budget.release(this.byteLength, this.#usedBytes - this.#extraBytes);
    for (const resident of this.#residents) resident.unpin();
  }

  [Symbol.dispose](): void {
    this.dispose();
  }
}
