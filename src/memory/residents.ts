import type { Claim, Evictor } from "./budget.ts";
import type { Resident } from "./resident.ts";

/**
 * The handles that have a copy on one device, the longest unused first. It does not keep them alive: what a program
 * dropped is the garbage collector's.
 */
export class Residents implements Evictor {
  readonly #onDevice = new Set<WeakRef<Resident>>();
  readonly #refs = new WeakMap<Resident, WeakRef<Resident>>();
  #evictions = 0;
  #evictedBytes = 0;
  #returns = 0;

  get evictions(): number {
    return this.#evictions;
  }

  get evictedBytes(): number {
    return this.#evictedBytes;
  }

  get returns(): number {
    return this.#returns;
  }

  /** Bytes and handles on the device, in use or not. */
  get size(): { readonly bytes: number; readonly count: number } {
    const all = this.#oldestFirst();
    return { bytes: all.reduce((sum, { classBytes }) => sum + classBytes, 0), count: all.length };
  }

  touch(resident: Resident): void {
    const ref = this.#refs.get(resident) ?? new WeakRef(resident);
    this.#refs.set(resident, ref);
    this.#onDevice.delete(ref);
    this.#onDevice.add(ref);
  }

  remove(resident: Resident): void {
    const ref = this.#refs.get(resident);
    if (ref !== undefined) this.#onDevice.delete(ref);
  }

  countEviction(bytes: number): void {
    this.#evictions++;
    this.#evictedBytes += bytes;
  }

  countReturn(): void {
    this.#returns++;
  }

  evictableBytes({ residents }: Pick<Claim, "residents">): number {
    const others = this.#oldestFirst().filter((resident) => !resident.isPinned && !residents.has(resident));
    return others.reduce((sum, { classBytes }) => sum + classBytes, 0);
  }

  async evict(bytes: number, { residents }: Pick<Claim, "residents">): Promise<number> {
    let freed = 0;
    for (const resident of this.#oldestFirst()) {
      if (freed >= bytes) break;
      if (!residents.has(resident)) freed += await resident.evict().catch(() => 0);
    }
    return freed;
  }

  evictNow(bytes: number): number {
    let freed = 0;
    for (const resident of this.#oldestFirst()) {
      if (freed >= bytes) break;
      freed += resident.evictNow();
    }
    return freed;
  }

  #oldestFirst(): Resident[] {
    const present: Resident[] = [];
    for (const ref of this.#onDevice) {
      const resident = ref.deref();
      if (resident?.isOnDevice === true) present.push(resident);
      else this.#onDevice.delete(ref);
    }
    return present;
  }
}
