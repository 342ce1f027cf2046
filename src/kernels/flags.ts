import type { BufferView, Device, DeviceBuffer } from "../device/device.ts";
import { type KernelOptions, workOptions } from "./axis.ts";
import { inRows } from "./grid.ts";
import { kernelOn, kernelText } from "./source.ts";

export interface PackFlagsArguments {
  /** `count` u32, 0 or not. */
  readonly flags: DeviceBuffer | BufferView;
  /** `count` bytes, 0 or 1, whole words of memory: the rest of the last one becomes 0. */
  readonly result: DeviceBuffer | BufferView;
  readonly count: number;
}

/** Enqueues the conversion of flags, as `any` and `all` make them, to bool. */
export async function packFlags(
  device: Device,
  { flags, result, count }: PackFlagsArguments,
  options: KernelOptions = {},
): Promise<void> {
  if (count === 0) return;
  const kernel = await kernelOn(device, kernelText("flags.wgsl"), { label: "pack flags" });
  const bindings = { parameters: Uint32Array.of(count), flags, result };
  device.dispatch(kernel, bindings, inRows(Math.ceil(count / 256)), workOptions(options));
}
