import { AikoError } from "../errors.ts";
import type { Account } from "./account.ts";
import type { Budget } from "./budget.ts";
import type { BufferPool } from "./pool.ts";
import type { PoolBuffer } from "./pool-buffer.ts";
import type { Resident } from "./resident.ts";
import type { UploadOptions } from "./upload.ts";

const abandoned = new FinalizationRegistry<() => void>((end) => end());

/**
 * Memory set aside before work starts, and the owner of what is allocated from it: whatever is not kept is freed when it
 * ends. Its resident handles stay on the device until then.
 */
export class Reservation implements Disposable {
  readonly byteLength: number;
  readonly #pool: BufferPool;
  readonly #account: ReservedAccount;
  readonly #end: () => void;
  readonly #owned = new Set<PoolBuffer>();
  #disposed = false;

  /** @internal */
  constructor(byteLength: number, pool: BufferPool, budget: Budget, residents: ReadonlySet<Resident>) {
    this.byteLength = byteLength;
    this.#pool = pool;
    this.#account = new ReservedAccount(byteLength, budget);
    for (const resident of residents) resident.pin();
    this.#end = endOf(this.#account, residents);
    abandoned.register(this, this.#end, this);
  }

  /** Contents undefined, freed with this reservation. Throws OUT_OF_MEMORY. */
  allocate(byteLength: number, label?: string): PoolBuffer {
    if (this.#disposed) {
      throw new AikoError("BUFFER_DISPOSED", {
        message: `Cannot allocate '${label}': its reservation has ended`,
      });
    }
    const buffer = this.#pool.allocate(byteLength, label, this.#account);
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

  dispose(): void {
    if (this.#disposed) return;
    this.#disposed = true;
    for (const buffer of this.#owned) buffer.dispose();
    this.#owned.clear();
    abandoned.unregister(this);
    this.#end();
  }

  [Symbol.dispose](): void {
    this.dispose();
  }
}

/** Refers to neither the reservation nor its buffers, so that the garbage collector can tell when they are dropped. */
function endOf(account: ReservedAccount, residents: ReadonlySet<Resident>): () => void {
  return () => {
    account.end();
    for (const resident of residents) resident.unpin();
  };
}

class ReservedAccount implements Account {
  readonly #byteLength: number;
  readonly #budget: Budget;
  #usedBytes = 0;
  /** Of these, what went beyond the reservation and was found in the budget all the same. */
  #extraBytes = 0;
  #ended = false;

  constructor(byteLength: number, budget: Budget) {
    this.#byteLength = byteLength;
    this.#budget = budget;
  }

  take(bytes: number, label: string): void {
    const extra = Math.max(0, this.#usedBytes - this.#extraBytes + bytes - this.#byteLength);
    if (extra > 0) this.#budget.take(extra, label);
    this.#extraBytes += extra;
    this.#usedBytes += bytes;
  }

  give(bytes: number): void {
    if (this.#ended) {
      this.#budget.give(bytes);
      return;
    }
    const extra = Math.min(bytes, this.#extraBytes);
    this.#extraBytes -= extra;
    this.#usedBytes -= bytes;
    if (extra > 0) this.#budget.give(extra);
  }

  end(): void {
    this.#ended = true;
    this.#budget.release(this.#byteLength, this.#usedBytes - this.#extraBytes);
  }
}
