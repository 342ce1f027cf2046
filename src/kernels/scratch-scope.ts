import type { Device } from "../device/device.ts";
import type { AllocateScratch, Scratch } from "./gemm.ts";

/** Scratch memory of one call, freed together. */
export class ScratchScope implements Disposable {
  readonly #allocate: AllocateScratch;
  readonly #held: Scratch[] = [];

  constructor(device: Device, allocate?: AllocateScratch) {
    this.#allocate = allocate ?? ((byteLength, label) => device.allocate(byteLength, label));
  }

  take(byteLength: number, label: string): Scratch {
    const memory = this.#allocate(byteLength, label);
    this.#held.push(memory);
    return memory;
  }

  [Symbol.dispose](): void {
    for (const memory of this.#held.splice(0)) memory[Symbol.dispose]();
  }
}
