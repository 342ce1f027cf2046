import type { Pinned } from "../../core/native.ts";
import { isTurnLong, nextTurn } from "../../core/turn.ts";
import type { CudaLibrary } from "./library.ts";
import { check } from "./status.ts";

const CU_MEMHOSTALLOC_DEFAULT = 0;
const CU_MEMHOSTALLOC_DEVICEMAP = 2;
const flagBytes = 4096;

/** Page-locked host memory: the device copies from it and to it on its own. */
export function pageLocked(library: CudaLibrary, byteLength: number): Pinned {
  const status = library.cu.cuMemHostAlloc(library.slot(0), byteLength, CU_MEMHOSTALLOC_DEFAULT);
  check(status, `Page-locking ${byteLength} bytes of host memory`);
  return library.at(library.handleAt(0), byteLength);
}

/** A word of host memory that kernels read while they run. */
export class Flag {
  readonly #library: CudaLibrary;
  readonly #memory: Pinned;
  /** Where kernels find it. */
  readonly address: number;

  constructor(library: CudaLibrary) {
    const { cu } = library;
    const status = cu.cuMemHostAlloc(library.slot(0), flagBytes, CU_MEMHOSTALLOC_DEVICEMAP);
    check(status, `Page-locking ${flagBytes} bytes of host memory`);
    this.#library = library;
    this.#memory = library.at(library.handleAt(0), flagBytes);
    this.#memory.bytes.fill(0);
    check(cu.cuMemHostGetDevicePointer_v2(library.slot(0), this.#memory.address, 0), "Mapping host memory");
    this.address = Number(library.handleAt(0));
  }

  raise(): void {
    this.#memory.bytes[0] = 1;
  }

  release(): void {
    this.#library.cu.cuMemFreeHost(this.#memory.address);
  }
}

/** Slots of page-locked memory, of one size and up to a number. Locking takes long, so that slots are kept. */
export class Staging {
  readonly slotBytes: number;
  readonly #library: CudaLibrary;
  readonly #most: number;
  readonly #all: Pinned[] = [];
  readonly #free: Pinned[] = [];
  readonly #busy: { readonly slot: Pinned; readonly sequence: number }[] = [];
  readonly #wanting: (() => void)[] = [];
  #released = false;

  constructor(library: CudaLibrary, slotBytes: number, most: number) {
    this.#library = library;
    this.slotBytes = slotBytes;
    this.#most = most;
  }

  get hasRoom(): boolean {
    return this.#free.length > 0 || this.#all.length < this.#most;
  }

  /** Only where there is room. */
  take(): Pinned {
    const free = this.#free.pop();
    if (free !== undefined) return free;
    const slot = pageLocked(this.#library, this.slotBytes);
    this.#all.push(slot);
    return slot;
  }

  give(slot: Pinned): void {
    if (!this.#released) this.#free.push(slot);
    this.#wanting.shift()?.();
  }

  /** What a taker should wait for: a slot that is given back, or the next turn, because locking takes long. */
  blocked(): Promise<void> | undefined {
    if (this.#free.length > 0) return undefined;
    if (this.#all.length < this.#most) return isTurnLong() ? nextTurn() : undefined;
    return new Promise((resolve) => this.#wanting.push(resolve));
  }

  /** Gives `slot` back once piece `sequence` of its stream is done. */
  hold(slot: Pinned, sequence: number): void {
    this.#busy.push({ slot, sequence });
  }

  collect(completed: number): void {
    let done = 0;
    for (const { slot, sequence } of this.#busy) {
      if (sequence > completed) break;
      this.#free.push(slot);
      done++;
    }
    if (done > 0) this.#busy.splice(0, done);
  }

  release(): void {
    this.#released = true;
    for (const { address } of this.#all) this.#library.cu.cuMemFreeHost(address);
    this.#all.length = 0;
    this.#free.length = 0;
    this.#busy.length = 0;
  }
}
