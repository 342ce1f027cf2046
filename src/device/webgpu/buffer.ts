import type { Allocation } from "../regions.ts";

const STORAGE = 128;
const UNIFORM = 64;
const COPY_SRC = 4;
const COPY_DST = 8;

let sequence = 0;

export class WebGpuAllocation implements Allocation {
  /** Names the memory in the keys of cached bind groups. */
  readonly id = ++sequence;
  readonly byteLength: number;
  readonly buffer: GPUBuffer;
  /** Caches that may hold bind groups with this memory. */
  readonly boundIn = new Set<Map<string, GPUBindGroup>>();
  readonly #beforeRelease: () => void;
  readonly #free: () => void;

  constructor(buffer: GPUBuffer, byteLength: number, beforeRelease: () => void, free: () => void) {
    this.buffer = buffer;
    this.byteLength = byteLength;
    this.#beforeRelease = beforeRelease;
    this.#free = free;
  }

  static create(device: GPUDevice, byteLength: number, label: string, beforeRelease: () => void) {
    const usage = STORAGE | UNIFORM | COPY_SRC | COPY_DST;
    const buffer = device.createBuffer({ label, size: byteLength, usage });
    return new WebGpuAllocation(buffer, byteLength, beforeRelease, () => buffer.destroy());
  }

  /** Commands that use the memory must have been submitted; Dawn keeps it until they are done. */
  release(): void {
    this.#beforeRelease();
    const mine = bindGroupKey(this, 0, 0).slice(0, -"0:0".length);
    for (const cache of this.boundIn) {
      for (const key of cache.keys()) if (key.includes(mine)) cache.delete(key);
    }
    this.boundIn.clear();
    this.#free();
  }
}

/** One binding's part of the key that a bind group is cached by. */
export function bindGroupKey({ id }: WebGpuAllocation, offset: number, size: number): string {
  return `;${id}:${offset}:${size}`;
}
