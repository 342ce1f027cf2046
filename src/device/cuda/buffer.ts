import type { Handle } from "../../core/native.ts";
import type { Allocation } from "../regions.ts";

/** How far each stream is to go before memory may be used for something else. */
export interface Uses {
  /** Count of the upload stream's last piece that writes it. */
  uploaded: number;
  /** Count of the compute stream's last piece that uses it. */
  computed: number;
  /** Count of the download stream's last piece that reads it. */
  downloaded: number;
}

/** Device memory, which outlives the allocations that are made of it. */
export interface Block extends Uses {
  readonly address: number;
  readonly byteLength: number;
}

export class CudaAllocation implements Allocation {
  readonly block: Block;
  readonly byteLength: number;
  /** Whether it is filled with zeros, or was overwritten. That happens right before its first use. */
  isFilled = false;
  readonly #release: (block: Block) => void;

  constructor(block: Block, byteLength: number, release: (block: Block) => void) {
    this.block = block;
    this.byteLength = byteLength;
    this.#release = release;
  }

  get address(): number {
    return this.block.address;
  }

  release(): void {
    this.#release(this.block);
  }
}

export function newBlock(address: Handle, byteLength: number): Block {
  return { address: Number(address), byteLength, uploaded: 0, computed: 0, downloaded: 0 };
}
