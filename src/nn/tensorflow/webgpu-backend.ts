import type { BackendValues, DataType, KernelBackend, Tensor, TensorInfo } from "@tensorflow/tfjs-core";
import type { BufferView, DeviceBuffer } from "../../device/device.ts";
import type { WebGpuDevice } from "../../device/webgpu/device.ts";
import { AikoError } from "../../errors.ts";
import { loadWebGpuBackend, type TensorFlowLibrary } from "./library.ts";
import { sharedDevice } from "./shared-device.ts";

interface TensorData {
  values: BackendValues | null;
  readonly dtype: DataType;
  readonly shape: number[];
  readonly resource?: GPUBuffer | null;
  readonly complexTensorInfos?: unknown;
}

/** The part of TensorFlow.js's WebGPUBackend that is used or replaced, by its names there. */
interface Base extends KernelBackend {
  readonly tensorMap: { get(dataId: object): TensorData | undefined; has(dataId: object): boolean };
  readonly bufferManager: { usedBuffers: Map<string, GPUBuffer[]> };
  commandEncoder: GPUCommandEncoder | null;
  computePassEncoder: GPUComputePassEncoder | null;
  submitQueue(): void;
  ensureCommandEncoderReady(): void;
  endComputePassEncoder(): void;
  makeTensorInfo(shape: number[], dtype: DataType, values?: BackendValues): TensorInfo;
  uploadToGPU(dataId: object): void;
  releaseResource(dataId: object): void;
  checkCompileCompletionAsync(): Promise<void>;
  createTensorFromGPUData(data: object, shape: number[], dtype: DataType): Tensor;
  readonly disposed: boolean;
}

interface BackendModule {
  readonly WebGPUBackend: new (device: GPUDevice, info: GPUAdapterInfo) => Base;
}

/** TensorFlow.js's WebGPU backend on one of our devices. */
export interface SharedBackend extends KernelBackend {
  /** Submits what was recorded, so that other work on the device comes after it. */
  flush(): void;
  /**
   * A tensor's memory, after everything that writes it was submitted; undefined while only the host has it. `release` is
   * called when the buffer is disposed: the tensor must be kept until then.
   */
  lend(dataId: object, release: () => void): DeviceBuffer | undefined;
  uploadToGPU(dataId: object): void;
  /** A tensor of device memory, without a copy where it starts at 0; `release` is called when nobody uses it any more. */
  adopt(region: DeviceBuffer | BufferView, shape: number[], dtype: DataType, release: () => void): Tensor;
  checkCompileCompletionAsync(): Promise<void>;
}

let loaded: BackendModule | undefined;

/** Makes the backend under TensorFlow.js's own name for it, because its kernels are registered under that. */
export async function registerWebGpu(tf: TensorFlowLibrary, device: WebGpuDevice): Promise<SharedBackend> {
  if (loaded === undefined) {
    const { globals } = await import("webgpu");
    loaded = loadWebGpuBackend<BackendModule>({ ...globals });
  }
  const backend = makeBackend(tf, loaded, device);
  if (tf.findBackendFactory("webgpu")) tf.removeBackend("webgpu");
  tf.registerBackend("webgpu", () => backend);
  return backend;
}

function makeBackend(
  tf: TensorFlowLibrary,
  { WebGPUBackend }: BackendModule,
  device: WebGpuDevice,
): SharedBackend {
  const { native } = device;
  const bytesOf = (shape: number[]) => tf.util.sizeFromShape(shape) * 4;

  class Backend extends WebGPUBackend implements SharedBackend {
    readonly #adopted = new Map<object, () => void>();
    readonly #lent = new Map<GPUBuffer, number>();

    override submitQueue(): void {
      try {
        native.call(() => super.submitQueue());
      } finally {
        this.commandEncoder = null;
      }
    }

    override async read(dataId: object): Promise<BackendValues> {
      const data = this.tensorMap.get(dataId);
      if (!data?.resource || data.values || data.complexTensorInfos) return super.read(dataId);
      this.flush();
      using buffer = native.borrow(data.resource, bytesOf(data.shape), "tensor");
      const bytes = await device.read(buffer);
      data.values = tf.util.convertBackendValuesAndArrayBuffer(bytes.buffer as ArrayBuffer, data.dtype);
      return data.values;
    }

    override readSync(dataId: object): BackendValues {
      const data = this.tensorMap.get(dataId);
      if (!data?.resource || data.values) return super.readSync(dataId);
      throw new AikoError("UNSUPPORTED", {
        message: `TensorFlow.js asked for a tensor of shape [${data.shape}] at once; the values are on ${device.label}`,
        hint: "Wait for them: await tensor.data() in place of dataSync(), or await it before an operation that needs the values on the host.",
      });
    }

    override releaseResource(dataId: object): void {
      super.releaseResource(dataId);
      const release = this.#adopted.get(dataId);
      this.#adopted.delete(dataId);
      release?.();
    }

    /** Memory that matrices still use stays until they are disposed. */
    override dispose(): void {
      for (const [key, buffers] of this.bufferManager.usedBuffers) {
        const own = buffers.filter((buffer) => !this.#lent.has(buffer));
        this.bufferManager.usedBuffers.set(key, own);
      }
      super.dispose();
      for (const release of this.#adopted.values()) release();
      this.#adopted.clear();
    }

    flush(): void {
      if (this.commandEncoder === null) return;
      this.endComputePassEncoder();
      this.submitQueue();
    }

    lend(dataId: object, release: () => void): DeviceBuffer | undefined {
      const data = this.tensorMap.get(dataId);
      if (!data?.resource || data.complexTensorInfos) return undefined;
      const { resource, shape } = data;
      this.flush();
      this.#lent.set(resource, (this.#lent.get(resource) ?? 0) + 1);
      return native.borrow(resource, bytesOf(shape), "tensor", () => {
        this.#back(resource);
        release();
      });
    }

    adopt(region: DeviceBuffer | BufferView, shape: number[], dtype: DataType, release: () => void): Tensor {
      const { buffer, byteOffset } = native.bufferOf(region);
      if (byteOffset === 0) {
        const tensor = this.createTensorFromGPUData({ buffer, zeroCopy: true }, shape, dtype);
        this.#adopted.set(tensor.dataId, release);
        return tensor;
      }
      const info = this.makeTensorInfo(shape, dtype);
      this.uploadToGPU(info.dataId);
      const target = this.tensorMap.get(info.dataId)?.resource;
      if (target) {
        this.ensureCommandEncoderReady();
        this.endComputePassEncoder();
        this.commandEncoder?.copyBufferToBuffer(buffer, byteOffset, target, 0, bytesOf(shape));
        this.submitQueue();
      }
      release();
      return tf.engine().makeTensorFromTensorInfo(info);
    }

    #back(buffer: GPUBuffer): void {
      const users = (this.#lent.get(buffer) ?? 1) - 1;
      if (users > 0) this.#lent.set(buffer, users);
      else this.#lent.delete(buffer);
      if (users === 0 && this.disposed) buffer.destroy();
    }
  }

  return new Backend(sharedDevice(native), native.device.adapterInfo);
}
