import type { BufferView, Device, DeviceBuffer, WorkOptions } from "../device/device.ts";
import type { ElementType } from "./map.ts";
import { chunkOf, kernelOn, kernelText, wantsLongThreads } from "./source.ts";

export interface ScanArguments {
  readonly source: DeviceBuffer | BufferView;
  /** `count` elements; must not overlap `source`. */
  readonly result: DeviceBuffer | BufferView;
  readonly count: number;
  /** Integers wrap. Sums of f32 are rounded in an order of their own, the same on every run. */
  readonly type?: ElementType;
}

const longThreads = 64;
const shortGroups = 1024;

/** Enqueues an exclusive scan: `result[i]` is the sum of `source[0 … i - 1]`. Reduce-then-scan, three passes. */
export async function exclusiveScan(
  device: Device,
  work: ScanArguments,
  options: WorkOptions = {},
): Promise<void> {
  const { source, result, count, type = "u32" } = work;
  const long = wantsLongThreads(device);
  const text = `alias Element = ${type};\n${kernelText(long ? "scan-long.wgsl" : "scan-short.wgsl")}`;
  const [sumChunks, scanSums, scanChunks] = await Promise.all(
    ["sum_chunks", "scan_sums", "scan_chunks"].map((entryPoint) =>
      kernelOn(device, text, { entryPoint, label: `scan ${entryPoint}` }),
    ),
  );
  if (count === 0 || sumChunks === undefined || scanSums === undefined || scanChunks === undefined) return;
  const chunk = long ? chunkOf(count, longThreads, 16) : chunkOf(count, shortGroups, 1024);
  const chunks = Math.ceil(count / chunk);
  using sums = device.allocate(chunks * 4, "chunk sums");
  const parameters = Uint32Array.of(count, chunk);
  device.dispatch(sumChunks, { source, sums, parameters }, chunks, options);
  device.dispatch(scanSums, { sums, parameters: Uint32Array.of(chunks, 0) }, 1, options);
  device.dispatch(scanChunks, { source, sums, result, parameters }, chunks, options);
}
