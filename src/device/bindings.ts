import { bytesOf, formatBytes } from "../core/bytes.ts";
import { AikoError } from "../errors.ts";
import type { KernelBinding } from "../wgsl/index.ts";
import type { BaseKernel } from "./base-kernel.ts";
import type { Bindings, Device } from "./device.ts";
import { type Allocation, isBufferOrView, overlaps, type Region, regionOf, wordLength } from "./regions.ts";

/** Largest host data that a dispatch may carry; the smallest uniform limit found on a current driver. */
export const maxParameterBytes = 65_536;

/** A binding with what was bound to it: device memory, or host bytes for the parameter ring. */
export interface BoundRegion<A extends Allocation> {
  readonly binding: KernelBinding;
  readonly region: Region<A> | undefined;
  readonly bytes: Uint8Array | undefined;
  readonly byteLength: number;
}

/** Elements of the trailing runtime-sized array that fit; whole words are bound, so that padding counts. */
export function elementCount(binding: KernelBinding, byteLength: number): number {
  const { elementStride, elementOffset } = binding;
  return elementStride === undefined
    ? 0
    : Math.floor((wordLength(byteLength) - elementOffset) / elementStride);
}

function describe(kernel: BaseKernel): string {
  return kernel.bindings.map((binding) => `${binding.name} (${binding.access})`).join(", ") || "none";
}

function bindHostData<A extends Allocation>(
  kernel: BaseKernel,
  binding: KernelBinding,
  data: ArrayBufferView,
) {
  if (binding.access === "read_write") {
    throw new AikoError("INVALID_ARGUMENT", {
      message: `Cannot bind host data to ${binding.name} of ${kernel.label}: the kernel writes it and the result would be lost`,
      hint: "Allocate a buffer, write the data to it, bind the buffer.",
    });
  }
  if (data.byteLength > maxParameterBytes) {
    throw new AikoError("INVALID_ARGUMENT", {
      message: `Cannot bind ${formatBytes(data.byteLength)} of host data to ${binding.name} of ${kernel.label}: the limit is ${formatBytes(maxParameterBytes)}`,
      hint: "Allocate a buffer, write the data to it, bind the buffer.",
    });
  }
  const bound: BoundRegion<A> = {
    binding,
    region: undefined,
    bytes: bytesOf(data),
    byteLength: data.byteLength,
  };
  return bound;
}

function bindOne<A extends Allocation>(
  device: Device,
  kernel: BaseKernel,
  binding: KernelBinding,
  bindings: Bindings,
): BoundRegion<A> {
  const value = bindings[binding.name];
  if (value === undefined || value === null) {
    throw new AikoError("INVALID_ARGUMENT", {
      message: `Nothing is bound to ${binding.name} of ${kernel.label}`,
      hint: `The kernel's bindings are: ${describe(kernel)}.`,
    });
  }
  let bound: BoundRegion<A>;
  if (isBufferOrView(value)) {
    const region = regionOf<A>(value, device);
    bound = { binding, region, bytes: undefined, byteLength: region.byteLength };
  } else {
    bound = bindHostData(kernel, binding, value);
  }
  if (wordLength(bound.byteLength) < binding.minByteLength) {
    throw new AikoError("INVALID_ARGUMENT", {
      message: `${binding.name} of ${kernel.label} needs at least ${binding.minByteLength} bytes, got ${bound.byteLength}`,
      hint:
        binding.elementStride === undefined ? undefined : "A runtime-sized array needs room for one element.",
    });
  }
  if (binding.access !== "uniform" && bound.byteLength > device.adapter.limits.bindingBytes) {
    throw new AikoError("INVALID_ARGUMENT", {
      message: `Cannot bind ${formatBytes(bound.byteLength)} to ${binding.name} of ${kernel.label}: ${device.label} binds at most ${formatBytes(device.adapter.limits.bindingBytes)}`,
      hint: "Bind views of the buffer, one dispatch each.",
    });
  }
  return bound;
}

function assertNotAliased<A extends Allocation>(kernel: BaseKernel, bound: readonly BoundRegion<A>[]): void {
  for (const [at, a] of bound.entries()) {
    if (a.region === undefined) continue;
    for (let next = at + 1; next < bound.length; next++) {
      const b = bound[next];
      if (b?.region === undefined || !overlaps(a.region, b.region)) continue;
      const written = [a, b].some(({ binding }) => binding.access === "read_write");
      // WebGPU: reads of a buffer that is also written are promoted to writes, which then may not overlap either.
      const promoted = (other: BoundRegion<A>) =>
        other.binding.access === "read_write" && other.region?.allocation === a.region?.allocation;
      const bothStorage = a.binding.access !== "uniform" && b.binding.access !== "uniform";
      if (!written && !(bothStorage && bound.some(promoted))) continue;
      throw new AikoError("INVALID_ARGUMENT", {
        message: `${a.binding.name} and ${b.binding.name} of ${kernel.label} overlap in ${a.region.label}, which the kernel writes`,
        hint: "Bind regions that do not overlap, or copy one of them first.",
      });
    }
  }
}

/** Checks what a dispatch binds. Throws INVALID_ARGUMENT or BUFFER_DISPOSED. */
export function bindAll<A extends Allocation>(
  device: Device,
  kernel: BaseKernel,
  bindings: Bindings,
): BoundRegion<A>[] {
  const bound = kernel.bindings.map((binding) => bindOne<A>(device, kernel, binding, bindings));
  assertNotAliased(kernel, bound);
  return bound;
}
