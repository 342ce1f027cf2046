import type { BufferView, DeviceBuffer } from "../device.ts";

/** What an engine with kernels of its own needs to work on an open WebGPU device, beside everybody else. */
export interface NativeWebGpu {
  readonly device: GPUDevice;
  /**
   * Runs a synchronous call of the WebGPU interface. Throws what Dawn reports during it as an AikoError, and DEVICE_LOST
   * after a loss.
   */
  call<T>(action: () => T): T;
  /** The memory behind a buffer or a view, after everything enqueued so far was submitted. Throws BUFFER_DISPOSED. */
  bufferOf(region: DeviceBuffer | BufferView): NativeRegion;
  /** A buffer of somebody else's, usable wherever one of the device's own is; disposing it calls `release`. */
  borrow(buffer: GPUBuffer, byteLength: number, label: string, release?: () => void): DeviceBuffer;
}

export interface NativeRegion {
  readonly buffer: GPUBuffer;
  readonly byteOffset: number;
  readonly byteLength: number;
}
