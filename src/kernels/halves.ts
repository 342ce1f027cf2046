import type { BufferView, Device, DeviceBuffer, WorkOptions } from "../device/device.ts";
import { inRows } from "./grid.ts";
import { kernelOn, kernelText } from "./source.ts";

/** IEEE binary16, or the upper half of an f32. */
export type HalfType = "f16" | "bf16";

export interface HalvesArguments {
  readonly type: HalfType;
  readonly source: DeviceBuffer | BufferView;
  /** Room for `count` numbers; must not overlap `source`. Halves fill whole words: the last one's rest becomes 0. */
  readonly result: DeviceBuffer | BufferView;
  readonly count: number;
}

const numbersPerGroup = 128;

/** Enqueues the exact conversion of `count` halves to f32. */
export async function widen(device: Device, work: HalvesArguments, options: WorkOptions = {}): Promise<void> {
  const { source, result, count } = work;
  const kernel = await halvesKernel(device, work.type, "widen");
  const bindings = { p: Uint32Array.of(count), packed: source, widened: result };
  device.dispatch(kernel, bindings, inRows(Math.ceil(count / numbersPerGroup)), options);
}

/** Enqueues the conversion of `count` f32 to halves: to nearest, ties to even, infinite where too large. */
export async function narrow(
  device: Device,
  work: HalvesArguments,
  options: WorkOptions = {},
): Promise<void> {
  const { source, result, count } = work;
  const kernel = await halvesKernel(device, work.type, "narrow");
  const bindings = { p: Uint32Array.of(count), floats: source, narrowed: result };
  device.dispatch(kernel, bindings, inRows(Math.ceil(count / numbersPerGroup)), options);
}

function halvesKernel(device: Device, type: HalfType, entryPoint: "widen" | "narrow") {
  const text = `${kernelText(`half-${type}.wgsl`)}${kernelText("halves.wgsl")}`;
  return kernelOn(device, text, { entryPoint, label: `${entryPoint} ${type}` });
}
