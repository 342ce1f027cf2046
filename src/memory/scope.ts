import { AikoError } from "../errors.ts";
import type { BufferPool } from "./pool.ts";
import type { PoolBuffer } from "./pool-buffer.ts";

/** Owns the intermediates of one piece of work: whatever is not kept is freed when the scope ends. */
export class Scope implements Disposable {
  readonly pool: BufferPool;
  readonly #owned = new Set<PoolBuffer>();
  #disposed = false;

  constructor(pool: BufferPool) {
    this.pool = pool;
  }

  /** Like `pool.allocate`: contents undefined, freed with this scope. */
  allocate(byteLength: number, label?: string): PoolBuffer {
    if (this.#disposed) {
      throw new AikoError("BUFFER_DISPOSED", { message: `Cannot allocate '${label}': its scope has ended` });
    }
    const buffer = this.pool.allocate(byteLength, label);
    this.#owned.add(buffer);
    return buffer;
  }

  /** Takes a buffer out of the scope; the caller now disposes it. */
  keep(buffer: PoolBuffer): PoolBuffer {
    this.#owned.delete(buffer);
    return buffer;
  }

  dispose(): void {
    this.#disposed = true;
    for (const buffer of this.#owned) buffer.dispose();
    this.#owned.clear();
  }

  [Symbol.dispose](): void {
    this.dispose();
  }
}
