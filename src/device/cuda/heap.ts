import { type Block, newBlock } from "./buffer.ts";
import type { CudaLibrary } from "./library.ts";
import { CUDA_ERROR_OUT_OF_MEMORY, check, type MemoryInfo, statusError } from "./status.ts";

/** Freed memory kept while the device is busy: more than this part of all memory is freed by a thread. */
const keptShare = 1 / 8;
const infoMs = 20;

/** What the heap asks of the queue. */
export interface HeapOwner {
  /** Whether nothing is enqueued that is not done. */
  isIdle(): boolean;
  /** Whether all work that uses a block is done, or was at least handed to the driver. */
  isPast(block: Block, how: "done" | "submitted"): boolean;
  /** Hands what was gathered to the driver. */
  flush(): void;
  /** Frees memory on a thread, because it waits for the device. */
  freeLater(address: number): void;
}

/**
 * Device memory. The driver waits for all work when memory is freed, so that freed blocks are kept until the device is
 * idle; in between they serve allocations of the same size, whose uses are ordered after theirs like any others.
 */
export class Heap {
  readonly #library: CudaLibrary;
  readonly #owner: HeapOwner;
  readonly #kept = new Map<number, Block[]>();
  readonly #mostKept: number;
  #keptBytes = 0;
  #info: MemoryInfo | undefined;
  #infoAt = 0;

  constructor(library: CudaLibrary, memoryBytes: number, owner: HeapOwner) {
    this.#library = library;
    this.#owner = owner;
    this.#mostKept = memoryBytes * keptShare;
  }

  /** Throws OUT_OF_MEMORY. */
  allocate(byteLength: number, label: string): Block {
    const kept = this.#kept.get(byteLength)?.pop();
    if (kept !== undefined) {
      this.#keptBytes -= byteLength;
      return kept;
    }
    const { cu } = this.#library;
    let status = cu.cuMemAlloc_v2(this.#library.slot(0), byteLength);
    if (status === CUDA_ERROR_OUT_OF_MEMORY && this.#keptBytes > 0) {
      // Waits for the device, which is what there is left to do before giving up.
      this.#owner.flush();
      this.#freeKept("submitted", (address) => cu.cuMemFree_v2(address));
      status = cu.cuMemAlloc_v2(this.#library.slot(0), byteLength);
    }
    const action = `Allocating ${byteLength} bytes for ${label}`;
    if (status === CUDA_ERROR_OUT_OF_MEMORY) throw statusError(status, action, this.#measure());
    check(status, action);
    this.#infoAt = 0;
    return newBlock(this.#library.handleAt(0), byteLength);
  }

  release(block: Block): void {
    const alike = this.#kept.get(block.byteLength);
    if (alike === undefined) this.#kept.set(block.byteLength, [block]);
    else alike.push(block);
    this.#keptBytes += block.byteLength;
    if (this.#owner.isIdle()) this.freeWhenIdle();
    else if (this.#keptBytes > this.#mostKept)
      this.#freeKept("done", (address) => this.#owner.freeLater(address));
  }

  /** Only while the device is idle, when it takes no time. */
  freeWhenIdle(): void {
    if (this.#keptBytes > 0) this.#freeKept("done", (address) => this.#library.cu.cuMemFree_v2(address));
  }

  /** Only after everything enqueued is done. */
  freeAll(): void {
    for (const blocks of this.#kept.values())
      for (const { address } of blocks) this.#library.cu.cuMemFree_v2(address);
    this.#kept.clear();
    this.#keptBytes = 0;
  }

  #freeKept(how: "done" | "submitted", free: (address: number) => void): void {
    for (const [byteLength, blocks] of this.#kept) {
      const staying = blocks.filter((block) => !this.#owner.isPast(block, how));
      for (const block of blocks) if (!staying.includes(block)) free(block.address);
      this.#keptBytes -= byteLength * (blocks.length - staying.length);
      if (staying.length > 0) this.#kept.set(byteLength, staying);
      else this.#kept.delete(byteLength);
    }
    this.#infoAt = 0;
  }

  /** Kept memory counts as free. */
  get freeBytes(): number | undefined {
    const now = performance.now();
    if (this.#infoAt === 0 || now - this.#infoAt > infoMs) {
      this.#info = this.#measure();
      this.#infoAt = now;
    }
    return this.#info === undefined ? undefined : this.#info.free + this.#keptBytes;
  }

  #measure(): MemoryInfo | undefined {
    const [free, total] = [this.#library.slot(0), this.#library.slot(1)];
    if (this.#library.cu.cuMemGetInfo_v2(free, total) !== 0) return undefined;
    return { free: Number(this.#library.slots[0]), total: Number(this.#library.slots[1]) };
  }
}
