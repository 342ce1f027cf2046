import type { BufferView, Device, DeviceBuffer } from "../device/device.ts";
import { AikoError } from "../errors.ts";

/** The right to use one pooled buffer; `release` is called once. */
export interface Lease {
  readonly buffer: DeviceBuffer;
  release(reclaimed: boolean): void;
}

const abandoned = new FinalizationRegistry<Lease>((lease) => lease.release(true));

/**
 * Device memory on loan from a pool, usable wherever a `BufferView` is. Dispose it to give it back; the garbage
 * collector does so late for whoever forgot. Using it afterwards throws BUFFER_DISPOSED; disposing twice is harmless.
 */
export class PoolBuffer implements BufferView, Disposable {
  readonly byteOffset = 0;
  readonly byteLength: number;
  readonly label: string;
  #lease: Lease | undefined;

  constructor(lease: Lease, byteLength: number, label: string) {
    this.#lease = lease;
    this.byteLength = byteLength;
    this.label = label;
    abandoned.register(this, lease, lease);
  }

  get buffer(): DeviceBuffer {
    const buffer = this.#lease?.buffer;
    if (buffer === undefined || buffer.disposed) {
      throw new AikoError("BUFFER_DISPOSED", {
        message: `Buffer '${this.label}' (${this.byteLength} bytes) is disposed`,
        hint: "Keep it until the last use: hand it out of its scope with scope.keep(buffer).",
      });
    }
    return buffer;
  }

  get device(): Device {
    return this.buffer.device;
  }

  get disposed(): boolean {
    return this.#lease === undefined || this.#lease.buffer.disposed;
  }

  /** A part of this buffer, alive as long as it. `byteOffset` must be a multiple of `limits.viewAlignment`. */
  slice(byteOffset: number, byteLength = this.byteLength - byteOffset): BufferView {
    if (!(byteOffset >= 0 && byteLength >= 0 && byteOffset + byteLength <= this.byteLength)) {
      throw new AikoError("INVALID_ARGUMENT", {
        message: `Bytes ${byteOffset} to ${byteOffset + byteLength} lie outside '${this.label}' of ${this.byteLength} bytes`,
      });
    }
    const owner = this;
    return {
      get buffer() {
        return owner.buffer;
      },
      byteOffset,
      byteLength,
    };
  }

  dispose(): void {
    const lease = this.#lease;
    if (lease === undefined) return;
    this.#lease = undefined;
    abandoned.unregister(lease);
    lease.release(false);
  }

  [Symbol.dispose](): void {
    this.dispose();
  }
}
