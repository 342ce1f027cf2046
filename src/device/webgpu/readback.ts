import { setImmediate } from "node:timers/promises";
import { AikoError } from "../../errors.ts";
import type { Dawn } from "./dawn.ts";

const MAP_READ = 1;
const COPY_DST = 8;
const READ = 1;

const minClassBytes = 4096;
const maxKeptBytes = 64 * 2 ** 20;
/** Copied without a pause: 1 ms into memory never touched before. */
const chunkBytes = 2 * 2 ** 20;

/** Host-visible buffers that results are copied to, kept for the next read. */
export class Readback {
  readonly #dawn: Dawn;
  readonly #device: GPUDevice;
  readonly #free = new Map<number, GPUBuffer[]>();
  #keptBytes = 0;

  constructor(dawn: Dawn, device: GPUDevice) {
    this.#dawn = dawn;
    this.#device = device;
  }

  take(byteLength: number): GPUBuffer {
    const size = Math.max(minClassBytes, 2 ** Math.ceil(Math.log2(byteLength)));
    const free = this.#free.get(size)?.pop();
    if (free === undefined) return this.#device.createBuffer({ size, usage: MAP_READ | COPY_DST });
    this.#keptBytes -= size;
    return free;
  }

  /** Resolves when the submitted copy to `staging` is done and `into` holds it. */
  async fetch(staging: GPUBuffer, into: Uint8Array): Promise<void> {
    const whole = Math.ceil(into.byteLength / 4) * 4;
    await this.#dawn
      .call(() => staging.mapAsync(READ, 0, whole))
      .catch((cause) => {
        const message = `Reading back was given up: ${cause instanceof Error ? cause.message : String(cause)}`;
        throw new AikoError("DEVICE_LOST", { message, hint: "Open the adapter again.", cause });
      });
    const mapped = new Uint8Array(staging.getMappedRange(0, whole));
    for (let start = 0; start < into.byteLength; start += chunkBytes) {
      if (start > 0) await setImmediate();
      into.set(mapped.subarray(start, Math.min(start + chunkBytes, into.byteLength)), start);
    }
    staging.unmap();
    this.#keep(staging);
  }

  #keep(buffer: GPUBuffer): void {
    if (this.#keptBytes + buffer.size > maxKeptBytes) {
      buffer.destroy();
      return;
    }
    this.#keptBytes += buffer.size;
    const free = this.#free.get(buffer.size);
    if (free === undefined) this.#free.set(buffer.size, [buffer]);
    else free.push(buffer);
  }
}
