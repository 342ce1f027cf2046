import type { MemoryManager, Resident } from "../../runtime/index.ts";

/** Numbers of the host that devices get a copy of, for as long as it is useful. */
export class Held<A extends ArrayBufferView = ArrayBufferView> implements Disposable {
  readonly data: A;
  readonly #label: string;
  readonly #residents = new Map<MemoryManager, Resident>();

  constructor(data: A, label: string) {
    this.data = data;
    this.#label = label;
  }

  get isOnDevice(): boolean {
    for (const resident of this.#residents.values()) if (resident.isOnDevice) return true;
    return false;
  }

  resident(memory: MemoryManager): Resident {
    let resident = this.#residents.get(memory);
    if (resident === undefined) {
      const { data } = this;
      const bytes = Math.max(16, Math.ceil(data.byteLength / 4) * 4);
      resident = memory.residentOf({ data, fetch: async () => data }, bytes, this.#label);
      this.#residents.set(memory, resident);
    }
    return resident;
  }

  dispose(): void {
    for (const resident of this.#residents.values()) resident.dispose();
    this.#residents.clear();
  }

  [Symbol.dispose](): void {
    this.dispose();
  }
}
