import { setImmediate as nextTurn } from "node:timers/promises";
import type {
  Adapter,
  Bindings,
  BufferView,
  CompileOptions,
  Device,
  DeviceBuffer,
  DeviceKind,
  DeviceLoss,
  Kernel,
} from "#src/device/device.js";
import { AikoError } from "#src/errors.js";

/** A device in host memory, for tests of everything above the device contract. */
export class FakeDevice implements Device {
  readonly adapter: FakeAdapter;
  readonly blas = undefined;
  readonly label = "fake";
  readonly lost: Promise<DeviceLoss>;
  isLost = false;
  allocations = 0;
  freed = 0;
  writes = 0;
  failAllocations = 0;
  /** What the driver has; allocations beyond it fail. */
  capacityBytes = Infinity;
  freeBytes: number | undefined;
  inUseBytes = 0;
  peakBytes = 0;
  #lose: (loss: DeviceLoss) => void = () => undefined;

  constructor(adapter: FakeAdapter) {
    this.adapter = adapter;
    this.lost = new Promise((resolve) => {
      this.#lose = resolve;
    });
  }

  lose(reason: DeviceLoss["reason"]): void {
    this.isLost = true;
    this.#lose({ reason, message: reason });
  }

  allocate(byteLength: number, label = "fake"): DeviceBuffer {
    this.#assertAlive();
    if (this.failAllocations > 0) {
      this.failAllocations--;
      throw new AikoError("OUT_OF_MEMORY", { message: "the fake device is full" });
    }
    if (this.inUseBytes + byteLength > this.capacityBytes) {
      throw new AikoError("OUT_OF_MEMORY", { message: "the fake driver is full" });
    }
    this.inUseBytes += byteLength;
    this.peakBytes = Math.max(this.peakBytes, this.inUseBytes);
    this.allocations++;
    return new FakeBuffer(this, byteLength, label);
  }

  write(target: DeviceBuffer | BufferView, data: ArrayBufferView): void {
    this.#assertAlive();
    this.writes++;
    bytesAt(target).set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
  }

  async read(source: DeviceBuffer | BufferView, into?: ArrayBufferView): Promise<Uint8Array> {
    this.#assertAlive();
    const bytes = bytesAt(source).slice();
    await nextTurn();
    this.#assertAlive();
    if (into === undefined) return bytes;
    const target = new Uint8Array(into.buffer, into.byteOffset, into.byteLength);
    target.set(bytes);
    return target;
  }

  copy(source: DeviceBuffer | BufferView, target: DeviceBuffer | BufferView): void {
    this.#assertAlive();
    bytesAt(target).set(bytesAt(source));
  }

  compile(_wgsl: string, _options?: CompileOptions): Promise<Kernel> {
    return Promise.reject(new AikoError("UNSUPPORTED", { message: "the fake device compiles nothing" }));
  }

  dispatch(_kernel: Kernel, _bindings: Bindings): void {
    throw new AikoError("UNSUPPORTED", { message: "the fake device runs nothing" });
  }

  dispatchThreads(kernel: Kernel, bindings: Bindings): void {
    this.dispatch(kernel, bindings);
  }

  async wait(): Promise<void> {
    this.#assertAlive();
  }

  timer() {
    return { result: async () => ({ uploadMs: 1, kernelMs: 2, downloadMs: 3 }) };
  }

  memory() {
    return {
      inUseBytes: this.inUseBytes,
      peakBytes: this.peakBytes,
      buffers: this.allocations - this.freed,
      kernels: 0,
      freeBytes: this.freeBytes,
    };
  }

  async dispose(): Promise<void> {
    this.lose("disposed");
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.dispose();
  }

  #assertAlive(): void {
    if (this.isLost) throw new AikoError("DEVICE_LOST", { message: "the fake device is lost" });
  }
}

class FakeBuffer implements DeviceBuffer {
  readonly bytes: Uint8Array;
  readonly device: FakeDevice;
  readonly byteLength: number;
  readonly label: string;
  disposed = false;

  constructor(device: FakeDevice, byteLength: number, label: string) {
    this.device = device;
    this.byteLength = byteLength;
    this.label = label;
    this.bytes = new Uint8Array(byteLength);
  }

  view(byteOffset: number, byteLength = this.byteLength - byteOffset): BufferView {
    return { buffer: this, byteOffset, byteLength };
  }

  dispose(): void {
    if (this.disposed) return;
    this.disposed = true;
    this.device.freed++;
    this.device.inUseBytes -= this.byteLength;
  }

  [Symbol.dispose](): void {
    this.dispose();
  }
}

export class FakeAdapter implements Adapter {
  readonly backend = "opencl";
  readonly index: number;
  readonly kind: DeviceKind;
  readonly name = "Fake";
  readonly vendor = "test";
  readonly driver = "1";
  readonly features = new Set<never>();
  readonly limits: Adapter["limits"];
  readonly opened: FakeDevice[] = [];
  openError: AikoError | undefined;

  constructor(kind: DeviceKind = "gpu", index = 0, memoryBytes: number | undefined = 1 << 30) {
    this.kind = kind;
    this.index = index;
    this.limits = {
      bufferBytes: 1 << 28,
      bindingBytes: 1 << 28,
      storageBuffers: 8,
      workgroupThreads: 256,
      workgroupSize: [256, 256, 64],
      workgroupBytes: 16384,
      workgroupsPerDimension: 65535,
      viewAlignment: 256,
      memoryBytes,
    };
  }

  get id(): string {
    return `${this.backend}:${this.index}`;
  }

  async open(): Promise<FakeDevice> {
    if (this.openError !== undefined) throw this.openError;
    const device = new FakeDevice(this);
    this.opened.push(device);
    return device;
  }
}

function bytesAt(region: DeviceBuffer | BufferView): Uint8Array {
  const view = "buffer" in region ? region : region.view(0);
  if (!(view.buffer instanceof FakeBuffer) || view.buffer.disposed) {
    throw new AikoError("BUFFER_DISPOSED", { message: "the fake buffer is disposed" });
  }
  return view.buffer.bytes.subarray(view.byteOffset, view.byteOffset + view.byteLength);
}
