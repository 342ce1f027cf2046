import type { Device, Kernel } from "../device/index.ts";
import { copyLong, copyShort, multiplyAdd, multiplyAdds } from "./kernels.ts";

/** What one device was seen to reach, the limits that benches compare with. */
export interface DeviceLimits {
  /** Bytes read plus bytes written per second by the best of several copy kernels. */
  readonly copyBytesPerSecond: number;
  /** Single-precision operations per second by the best of several multiply-add kernels; an fma counts as two. */
  readonly flopsPerSecond: number;
}

const floatBytes = 4;
const vectorBytes = 16;
const gpuCopyBytes = 256 * 2 ** 20;
const cpuCopyBytes = 64 * 2 ** 20;

/** Measures copy bandwidth and multiply-add rate with small kernels; takes about a second. */
export async function measureDevice(device: Device): Promise<DeviceLimits> {
  return {
    copyBytesPerSecond: await measureCopy(device),
    flopsPerSecond: await measureMultiplyAdd(device),
  };
}

export async function measureCopy(device: Device): Promise<number> {
  const { limits, kind } = device.adapter;
  const room = Math.min(limits.bufferBytes, limits.bindingBytes);
  const bytes = Math.min(kind === "gpu" ? gpuCopyBytes : cpuCopyBytes, 2 ** Math.floor(Math.log2(room)));
  const vectors = bytes / vectorBytes;
  using source = device.allocate(bytes, "copy source");
  using destination = device.allocate(bytes, "copy destination");
  device.write(source, new Float32Array(bytes / floatBytes).fill(1));
  const shapes = [
    { wgsl: copyShort, threads: vectors, constants: {} },
    ...[16, 256].map((chunk) => ({ wgsl: copyLong, threads: vectors / chunk, constants: { chunk } })),
  ];
  const rates: number[] = [];
  for (const { wgsl, threads, constants } of shapes) {
    using kernel = await device.compile(wgsl, { constants, unchecked: true });
    const seconds = await secondsPerDispatch(device, kernel, { source, destination }, threads);
    rates.push((2 * bytes) / seconds);
  }
  return Math.max(...rates);
}

export async function measureMultiplyAdd(device: Device): Promise<number> {
  const isGpu = device.adapter.kind === "gpu";
  const threads = isGpu ? 2 ** 20 : 2 ** 16;
  using result = device.allocate(threads * floatBytes, "multiply-add result");
  const rates: number[] = [];
  for (const shape of multiplyAdds[isGpu ? "gpu" : "cpu"]) {
    using kernel = await device.compile(multiplyAdd(shape), { unchecked: true, contract: true });
    const seconds = await secondsPerDispatch(device, kernel, { result }, threads);
    rates.push((2 * threads * shape.chains * shape.unrolled * shape.repeats) / seconds);
  }
  return Math.max(...rates);
}

const burstMs = 20;
const bursts = 8;

/** The best of a few bursts: a limit is what the machine can do, so interference only ever lowers it. */
async function secondsPerDispatch(
  device: Device,
  kernel: Kernel,
  bindings: Parameters<Device["dispatch"]>[1],
  threads: number,
): Promise<number> {
  const burst = async (count: number) => {
    const start = performance.now();
    for (let i = 0; i < count; i++) device.dispatchThreads(kernel, bindings, threads);
    await device.wait();
    return (performance.now() - start) / count;
  };
  await burst(1);
  const count = Math.max(1, Math.min(200, Math.round(burstMs / (await burst(1)))));
  const times: number[] = [];
  for (let i = 0; i < bursts; i++) times.push(await burst(count));
  return Math.min(...times) / 1000;
}
