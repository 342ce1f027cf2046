import type { BufferView, Device, DeviceBuffer } from "../device/device.ts";
import { type KernelOptions, workOptions } from "./axis.ts";
import type { ElementBytes } from "./gather.ts";
import { inRows } from "./grid.ts";
import { chunkOf, kernelOn, kernelText, wantsLongThreads } from "./source.ts";

export interface ConcatInput {
  /** `outer * n * inner` numbers, whole words of memory. */
  readonly source: DeviceBuffer | BufferView;
  readonly n: number;
}

export interface ConcatArguments {
  readonly inputs: readonly ConcatInput[];
  readonly bytes: ElementBytes;
  /** `outer` times the sum of all `n` times `inner` numbers, whole words of memory. */
  readonly result: DeviceBuffer | BufferView;
  readonly outer: number;
  readonly inner: number;
}

/** Enqueues putting inputs one after the other along an axis: one copy each. */
export async function concat(
  device: Device,
  work: ConcatArguments,
  options: KernelOptions = {},
): Promise<void> {
  const { inputs, bytes, result, outer, inner } = work;
  const total = inputs.reduce((sum, { n }) => sum + n, 0);
  if (outer * total * inner === 0) return;
  const whole = bytes >= 4;
  const kernel = await kernelOn(device, kernelText("concat.wgsl"), {
    entryPoint: whole ? "concat_words" : "concat_parts",
    ...(whole ? {} : { constants: { bytes } }),
    label: "concat",
  });
  const scale = whole ? bytes / 4 : 1;
  const stride = total * inner * scale;
  let offset = 0;
  for (const { source, n } of inputs) {
    const length = n * inner * scale;
    const words = whole ? outer * length : Math.ceil((outer * stride * bytes) / 4);
    const each = wantsLongThreads(device) ? chunkOf(words, 64 * 64, 1) : 1;
    const parameters = Uint32Array.of(length, stride, offset, outer, words, each);
    offset += length;
    if (length === 0) continue;
    device.dispatch(
      kernel,
      { parameters, source, result },
      inRows(Math.ceil(words / each / 64)),
      workOptions(options),
    );
  }
}
