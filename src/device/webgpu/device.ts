import { AikoError, type ErrorCode } from "../../errors.ts";
import { BaseBuffer } from "../base-buffer.ts";
import { BaseDevice, type KernelSource } from "../base-device.ts";
import type { OpenOptions } from "../device.ts";
import { endDespiteHang } from "../process.ts";
import { regionOf } from "../regions.ts";
import type { WorkKind } from "../timer.ts";
import type { WebGpuAdapter } from "./adapter.ts";
import { WebGpuAllocation } from "./buffer.ts";
import type { Dawn } from "./dawn.ts";
import { buildProgram, type WebGpuProgram } from "./kernel.ts";
import type { NativeWebGpu } from "./native.ts";
import { WebGpuQueue } from "./queue.ts";

const codes: Readonly<Record<string, ErrorCode>> = { GPUOutOfMemoryError: "OUT_OF_MEMORY" };

export class WebGpuDevice extends BaseDevice<WebGpuAllocation, WebGpuProgram> {
  protected readonly queue: WebGpuQueue;
  protected readonly target = "webgpu";
  protected readonly clocks: ReadonlySet<WorkKind>;
  readonly #dawn: Dawn;
  readonly #device: GPUDevice;
  #reported: AikoError[] | undefined;

  constructor(adapter: WebGpuAdapter, options: OpenOptions, dawn: Dawn, device: GPUDevice) {
    super(adapter, options);
    this.#dawn = dawn;
    this.#device = device;
    this.clocks = new Set(adapter.features.has("timestamps") ? ["kernel"] : []);
    const { viewAlignment } = adapter.limits;
    this.queue = new WebGpuQueue({ dawn, device, viewAlignment, onFailure: this.onFailure });
    device.onuncapturederror = ({ error }) => this.#report(error);
    device.lost.then(({ message }) => this.lose("driver", message));
  }

  protected createAllocation(byteLength: number, label: string): WebGpuAllocation {
    return this.#checked(() => WebGpuAllocation.create(this.#device, byteLength, label, this.queue.flush));
  }

  protected createProgram({ translation, label, promoted }: KernelSource): Promise<WebGpuProgram> {
    const builder = {
      device: this.#device,
      call: <T>(action: () => T) => this.#checked(() => this.#dawn.call(action)),
    };
    return buildProgram(builder, translation, label, promoted);
  }

  /** For engines that bring kernels of their own. Throws DEVICE_LOST. */
  get native(): NativeWebGpu {
    this.assertUsable();
    return {
      device: this.#device,
      call: (action) => {
        this.assertUsable();
        return this.#checked(() => this.#dawn.call(action));
      },
      bufferOf: (region) => {
        const { allocation, byteOffset, byteLength } = regionOf<WebGpuAllocation>(region, this);
        this.queue.flush();
        return { buffer: allocation.buffer, byteOffset, byteLength };
      },
      borrow: (buffer, byteLength, label, release) => {
        const allocation = new WebGpuAllocation(buffer, buffer.size, this.queue.flush, release ?? (() => {}));
        return new BaseBuffer(this, allocation, byteLength, label, () => allocation.release());
      },
    };
  }

  /** Nothing ends a kernel that runs. */
  protected interrupt(): void {}

  protected async close(hung: boolean): Promise<void> {
    if (hung) {
      this.#dawn.abandon();
      await endDespiteHang();
      return;
    }
    // Blocks until the queue is idle, which it is.
    this.#device.destroy();
    await this.#device.lost;
  }

  override simulateLoss(): void {
    this.#device.destroy();
  }

  #report(error: GPUError): void {
    const name = error.constructor.name;
    const failure = new AikoError(codes[name] ?? "INTERNAL", {
      message: `${this.label}: ${error.message}`,
      cause: error,
    });
    if (this.#reported === undefined) this.onFailure(failure);
    else this.#reported.push(failure);
  }

  /** Throws what Dawn reports during `action`: it calls `onuncapturederror` before the faulty call returns. */
  #checked<T>(action: () => T): T {
    const outer = this.#reported;
    const reported: AikoError[] = [];
    this.#reported = reported;
    try {
      const result = action();
      if (reported[0] !== undefined) throw reported[0];
      return result;
    } finally {
      this.#reported = outer;
    }
  }
}
