import { formatBytes } from "../core/bytes.ts";
import { AikoError } from "../errors.ts";
import type { Adapter, DeviceMemory } from "./device.ts";

/** Counts what a device holds, and refuses what it cannot hold. */
export class Accounting {
  #inUse = 0;
  #peak = 0;
  #buffers = 0;
  #kernels = 0;
  readonly #adapter: Adapter;

  constructor(adapter: Adapter) {
    this.#adapter = adapter;
  }

  reserve(byteLength: number, label: string): void {
    const { limits, name } = this.#adapter;
    if (byteLength > limits.bufferBytes) {
      throw new AikoError("OUT_OF_MEMORY", {
        message: `Cannot allocate ${formatBytes(byteLength)} for ${label} on ${name}: one buffer holds at most ${formatBytes(limits.bufferBytes)}`,
        hint: "Split the data into several buffers, or process it in batches.",
      });
    }
    // A software device commits memory on first touch, so that overcommitting it ends in the kernel's OOM killer.
    if (limits.memoryBytes !== undefined && this.#inUse + byteLength > limits.memoryBytes) {
      throw new AikoError("OUT_OF_MEMORY", {
        message: `Cannot allocate ${formatBytes(byteLength)} for ${label} on ${name}: ${formatBytes(this.#inUse)} of ${formatBytes(limits.memoryBytes)} are in use`,
        hint: "Dispose buffers that are no longer needed, or process the data in batches.",
      });
    }
    this.#inUse += byteLength;
    this.#peak = Math.max(this.#peak, this.#inUse);
    this.#buffers++;
  }

  release(byteLength: number): void {
    this.#inUse -= byteLength;
    this.#buffers--;
  }

  addKernel(): void {
    this.#kernels++;
  }

  removeKernel(): void {
    this.#kernels--;
  }

  snapshot(freeBytes: number | undefined): DeviceMemory {
    return {
      inUseBytes: this.#inUse,
      peakBytes: this.#peak,
      buffers: this.#buffers,
      kernels: this.#kernels,
      freeBytes,
    };
  }
}
