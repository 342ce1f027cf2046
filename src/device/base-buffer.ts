import { AikoError } from "../errors.ts";
import type { BufferView, Device, DeviceBuffer } from "./device.ts";
import type { Allocation } from "./regions.ts";

/** Everything about a buffer that is not native memory. `release` frees that memory and its accounting, once. */
export class BaseBuffer implements DeviceBuffer {
  readonly device: Device;
  readonly byteLength: number;
  readonly label: string;
  readonly #allocation: Allocation;
  readonly #release: () => void;
  #disposed = false;

  constructor(
    device: Device,
    allocation: Allocation,
    byteLength: number,
    label: string,
    release: () => void,
  ) {
    this.device = device;
    this.#allocation = allocation;
    this.byteLength = byteLength;
    this.label = label;
    this.#release = release;
  }

  get disposed(): boolean {
    return this.#disposed;
  }

  /** Throws BUFFER_DISPOSED. */
  get allocation(): Allocation {
    if (this.#disposed) {
      throw new AikoError("BUFFER_DISPOSED", {
        message: `Buffer ${this.label} (${this.byteLength} bytes) was disposed`,
        hint: "Dispose a buffer after the last call that uses it; work already enqueued keeps what it needs.",
      });
    }
    return this.#allocation;
  }

  view(byteOffset: number, byteLength = this.byteLength - byteOffset): BufferView {
    const alignment = this.device.adapter.limits.viewAlignment;
    const whole = Number.isSafeInteger(byteOffset) && Number.isSafeInteger(byteLength);
    if (!whole || byteOffset < 0 || byteLength < 0 || byteOffset + byteLength > this.byteLength) {
      throw new AikoError("INVALID_ARGUMENT", {
        message: `Cannot view ${byteLength} bytes at ${byteOffset} of ${this.label}, which holds ${this.byteLength}`,
      });
    }
    if (byteOffset % alignment !== 0) {
      throw new AikoError("INVALID_ARGUMENT", {
        message: `Cannot view ${this.label} at byte ${byteOffset}: views on ${this.device.label} start at multiples of ${alignment}`,
        hint: "Pad what comes before, or pass the offset to the kernel and index with it.",
      });
    }
    return { buffer: this, byteOffset, byteLength };
  }

  dispose(): void {
    if (this.#disposed) return;
    this.#disposed = true;
    this.#release();
  }

  [Symbol.dispose](): void {
    this.dispose();
  }
}
