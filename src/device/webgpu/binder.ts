import { alignUp } from "../../core/bytes.ts";
import { type BoundRegion, maxParameterBytes } from "../bindings.ts";
import { wordLength } from "../regions.ts";
import { bindGroupKey, type WebGpuAllocation } from "./buffer.ts";
import type { Variant, WebGpuProgram } from "./kernel.ts";
import { Parameters } from "./parameters.ts";

const bindGroupsPerKernel = 256;

type Bound = BoundRegion<WebGpuAllocation>;

interface Slot {
  readonly allocation: WebGpuAllocation;
  readonly offset: number;
  readonly size: number;
}

export interface BoundGroup {
  readonly bindGroup: GPUBindGroup;
  readonly dynamicOffsets: readonly number[];
}

export interface BoundKernel {
  readonly pipeline: GPUComputePipeline;
  readonly groups: readonly BoundGroup[];
}

/** A uniform binding of memory that the same dispatch writes, which WebGPU refuses: it reads a copy. */
export interface UniformCopy {
  readonly from: WebGpuAllocation;
  readonly fromOffset: number;
  readonly to: WebGpuAllocation;
  readonly toOffset: number;
  readonly size: number;
}

/** Turns checked bindings into bind groups, cached by the regions they name. */
export class Binder {
  readonly #device: GPUDevice;
  readonly #uniforms: Parameters;
  readonly #storage: Parameters;

  constructor(device: GPUDevice, alignment: number) {
    this.#device = device;
    this.#uniforms = new Parameters(device, alignment, "uniform parameters");
    this.#storage = new Parameters(device, alignment, "storage parameters");
  }

  /** False when collected parameters must be submitted before `bound` fits. */
  hasRoom(bound: readonly Bound[]): boolean {
    return (
      this.#uniforms.hasRoom(bound.length * maxParameterBytes) &&
      this.#storage.hasRoom(bound.length * maxParameterBytes)
    );
  }

  upload(queue: GPUQueue): void {
    this.#uniforms.upload(queue);
    this.#storage.upload(queue);
  }

  bind(program: WebGpuProgram, bound: readonly Bound[], copy: (uniform: UniformCopy) => void): BoundKernel {
    const written = new Set<WebGpuAllocation>();
    for (const { binding, region } of bound) {
      if (binding.access === "read_write" && region !== undefined) written.add(region.allocation);
    }
    const readToo = ({ binding, region }: Bound) =>
      binding.access === "read" && region !== undefined && written.has(region.allocation);
    const variant = bound.some(readToo) ? program.promoted : program.direct;
    const slots = bound.map((entry) => this.#slotOf(entry, written, copy));
    const groups = variant.layouts.map((_, group) => this.#groupOf(program, variant, group, bound, slots));
    return { pipeline: variant.pipeline, groups };
  }

  #slotOf(entry: Bound, written: ReadonlySet<WebGpuAllocation>, copy: (uniform: UniformCopy) => void): Slot {
    const { binding, region, bytes } = entry;
    if (binding.access !== "uniform") {
      const size = wordLength(entry.byteLength);
      if (region !== undefined) return { allocation: region.allocation, offset: region.byteOffset, size };
      return { allocation: this.#storage.allocation, offset: this.#storage.place(bytes, size), size };
    }
    const size = alignUp(binding.minByteLength, 16);
    if (region !== undefined && !written.has(region.allocation)) {
      return { allocation: region.allocation, offset: region.byteOffset, size };
    }
    const slot = { allocation: this.#uniforms.allocation, offset: this.#uniforms.place(bytes, size), size };
    if (region !== undefined) {
      copy({
        from: region.allocation,
        fromOffset: region.byteOffset,
        to: slot.allocation,
        toOffset: slot.offset,
        size,
      });
    }
    return slot;
  }

  #groupOf(
    program: WebGpuProgram,
    variant: Variant,
    group: number,
    bound: readonly Bound[],
    slots: readonly Slot[],
  ): BoundGroup {
    const dynamicOffsets: number[] = [];
    const entries: { binding: number; slot: Slot; offset: number }[] = [];
    let key = "";
    for (let at = 0; at < bound.length; at++) {
      const binding = bound[at]?.binding;
      const slot = slots[at];
      if (binding?.group !== group || slot === undefined) continue;
      const dynamic = program.dynamic && binding.access === "uniform";
      if (dynamic) dynamicOffsets.push(slot.offset);
      const offset = dynamic ? 0 : slot.offset;
      key += bindGroupKey(slot.allocation, offset, slot.size);
      entries.push({ binding: binding.binding, slot, offset });
    }
    const cache = variant.bindGroups[group] ?? new Map<string, GPUBindGroup>();
    const known = cache.get(key);
    if (known !== undefined) return { bindGroup: known, dynamicOffsets };
    const layout = variant.layouts[group] as GPUBindGroupLayout;
    const bindGroup = this.#device.createBindGroup({
      layout,
      entries: entries.map(({ binding, slot, offset }) => ({
        binding,
        resource: { buffer: slot.allocation.buffer, offset, size: slot.size },
      })),
    });
    if (cache.size >= bindGroupsPerKernel)
      for (const oldest of cache.keys()) {
        cache.delete(oldest);
        break;
      }
    cache.set(key, bindGroup);
    for (const { slot } of entries) slot.allocation.boundIn.add(cache);
    return { bindGroup, dynamicOffsets };
  }
}
