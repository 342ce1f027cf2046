import type { BufferView, Device, DeviceBuffer } from "../device/device.ts";
import { type AxisSizes, type KernelOptions, type NumberType, workOptions } from "./axis.ts";
import { inRows } from "./grid.ts";
import { chunkOf, kernelOn, kernelText, wantsLongThreads } from "./source.ts";

export interface ScatterArguments extends AxisSizes {
  readonly type: NumberType;
  readonly indices: DeviceBuffer | BufferView;
  readonly indexType: "i32" | "i64";
  /** `outer * m * inner` indices and as many updates. */
  readonly m: number;
  readonly updates: DeviceBuffer | BufferView;
  /** `outer * n * inner` numbers that are there already. */
  readonly result: DeviceBuffer | BufferView;
  readonly reduction: "none" | "add" | "multiply" | "min" | "max";
}

/** Enqueues updates of a line's numbers in the order of the updates. Negative indices count from the end; those out of range are clamped. */
export async function scatterElements(
  device: Device,
  work: ScatterArguments,
  options: KernelOptions = {},
): Promise<void> {
  const { type, indices, indexType, m, updates, result, reduction, outer, n, inner } = work;
  if (outer * m * inner * n === 0) return;
  const text = `alias I = ${indexType};
alias E = ${type};
fn merged(old: E, update: E) -> E { return ${merges[reduction]}; }
${kernelText("scatter.wgsl")}`;
  const kernel = await kernelOn(device, text, { label: `scatter ${reduction}` });
  const lines = outer * inner;
  const each = wantsLongThreads(device) ? chunkOf(lines, 64 * 64, 1) : 1;
  const parameters = Uint32Array.of(lines, n, m, inner, each);
  const bindings = { parameters, indices, updates, result };
  device.dispatch(kernel, bindings, inRows(Math.ceil(lines / each / 64)), workOptions(options));
}

const merges = {
  none: "update",
  add: "old + update",
  multiply: "old * update",
  min: "min(old, update)",
  max: "max(old, update)",
} as const;
