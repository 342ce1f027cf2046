import { alignUp } from "../../core/bytes.ts";
import type { Pinned } from "../../core/native.ts";
import type { CudaLibrary } from "./library.ts";
import { pageLocked } from "./staging.ts";

/** Host data of one sequence of commands, gathered so that one copy takes it to the device. */
export interface ParameterBlock {
  readonly address: number;
  byteLength: number;
}

/** Blocks are closed before they are larger, unless a single dispatch carries more. */
export const parameterPageBytes = 256 * 1024;
/** Where a parameter may start: the widest type a kernel loads, vec4<f64>, has 32 bytes. */
export const parameterAlignment = 32;

interface Page {
  readonly host: Pinned;
  used: number;
  /** Count of the last piece of work that reads it. */
  sequence: number;
}

/** Page-locked memory that carries small host data; pages are used again once the device is past them. */
export class Parameters {
  readonly #library: CudaLibrary;
  readonly #pages: Page[] = [];
  readonly #retired: Page[] = [];
  #current: Page | undefined;
  #block: ParameterBlock | undefined;

  constructor(library: CudaLibrary) {
    this.#library = library;
  }

  /** Whether `byteLength` more fit in the block that is open. */
  fits(byteLength: number): boolean {
    return (this.#block?.byteLength ?? 0) + alignUp(byteLength, parameterAlignment) <= parameterPageBytes;
  }

  /** Copies `bytes` to the block that is open; returns where they are in it. Counts `completed` pieces of the work. */
  place(bytes: Uint8Array, completed: () => number): number {
    const needed = alignUp(bytes.byteLength, parameterAlignment);
    const filled = this.#block?.byteLength ?? 0;
    let page = this.#current;
    if (page === undefined || page.used + filled + needed > page.host.bytes.byteLength)
      page = this.#turn(completed(), filled, needed);
    const at = page.used + filled;
    page.host.bytes.set(bytes, at);
    page.host.bytes.fill(0, at + bytes.byteLength, at + needed);
    this.#block ??= { address: page.host.address + page.used, byteLength: 0 };
    this.#block.byteLength = filled + needed;
    return filled;
  }

  /** Ends the block, which piece `sequence` of the work reads. */
  close(sequence: number): ParameterBlock | undefined {
    const block = this.#block;
    this.#block = undefined;
    if (block === undefined || this.#current === undefined) return undefined;
    this.#current.used += block.byteLength;
    this.#current.sequence = sequence;
    return block;
  }

  /** Goes on with another page, which takes over what the open block holds. */
  #turn(completed: number, filled: number, needed: number): Page {
    const before = this.#current;
    const oldest = this.#retired[0];
    let next: Page;
    const isFree = oldest !== undefined && oldest.sequence <= completed;
    if (isFree && filled + needed <= oldest.host.bytes.byteLength) {
      this.#retired.shift();
      next = oldest;
      next.used = 0;
    } else {
      const pageBytes = Math.max(parameterPageBytes, filled + needed);
      next = { host: pageLocked(this.#library, pageBytes), used: 0, sequence: 0 };
      this.#pages.push(next);
    }
    if (before !== undefined) {
      if (filled > 0) next.host.bytes.set(before.host.bytes.subarray(before.used, before.used + filled));
      this.#retired.push(before);
    }
    this.#block = filled > 0 ? { address: next.host.address, byteLength: filled } : undefined;
    this.#current = next;
    return next;
  }

  release(): void {
    for (const { host } of this.#pages) this.#library.cu.cuMemFreeHost(host.address);
    this.#pages.length = 0;
    this.#retired.length = 0;
    this.#current = undefined;
    this.#block = undefined;
  }
}
