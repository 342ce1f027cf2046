import type { BufferView, Device, Timer } from "../device/device.ts";
import { AikoError } from "../errors.ts";
import { type BufferPool, type PoolBuffer, upload } from "../memory/index.ts";
import { allocateHost } from "./host-memory.ts";

export interface UploadContext {
  readonly device: Device;
  readonly pool: BufferPool;
  readonly timer: Timer | undefined;
  readonly signal: AbortSignal | undefined;
}

/** Where the numbers of a matrix are: on the host, on devices, or both. Nothing moves until somebody asks. */
export class Storage implements Disposable {
  /** Numbers, not bytes. */
  readonly length: number;
  #host: Float32Array | undefined;
  #downloading: Promise<Float32Array> | undefined;
  #uploading: Map<Device, Promise<PoolBuffer>> | undefined;
  #resident: Map<Device, PoolBuffer> | undefined;
  #disposed = false;

  /** @internal */
  protected constructor(length: number) {
    this.length = length;
  }

  static onHost(data: Float32Array): Storage {
    const storage = new Storage(data.length);
    storage.#host = data;
    return storage;
  }

  static onDevice(buffer: PoolBuffer): Storage {
    const storage = new Storage(buffer.byteLength / Float32Array.BYTES_PER_ELEMENT);
    storage.#resident = new Map([[buffer.device, buffer]]);
    return storage;
  }

  get byteLength(): number {
    return this.length * Float32Array.BYTES_PER_ELEMENT;
  }

  get isOnHost(): boolean {
    return this.#host !== undefined;
  }

  /** The host's copy if there is one. */
  get hostData(): Float32Array | undefined {
    return this.#host;
  }

  get isOnDevice(): boolean {
    return this.#alive() !== undefined;
  }

  get disposed(): boolean {
    return this.#disposed;
  }

  /** The host's copy, downloaded on first need. */
  async host(timer?: Timer): Promise<Float32Array> {
    this.#assertUsable();
    if (this.#host !== undefined) return this.#host;
    this.#downloading ??= this.#download(timer).finally(() => {
      this.#downloading = undefined;
    });
    return this.#downloading;
  }

  /** A device's copy, uploaded on first need and kept until dispose. */
  async resident(context: UploadContext): Promise<BufferView> {
    this.#assertUsable();
    const present = this.#resident?.get(context.device);
    if (present !== undefined) return present;
    this.#uploading ??= new Map();
    const underWay = this.#uploading.get(context.device);
    if (underWay !== undefined) return underWay;
    const uploading = this.#upload(context).finally(() => this.#uploading?.delete(context.device));
    this.#uploading.set(context.device, uploading);
    return uploading;
  }

  dispose(): void {
    this.#disposed = true;
    this.#host = undefined;
    for (const buffer of this.#resident?.values() ?? []) buffer.dispose();
    this.#resident = undefined;
  }

  [Symbol.dispose](): void {
    this.dispose();
  }

  async #download(timer: Timer | undefined): Promise<Float32Array> {
    const buffer = this.#alive();
    if (buffer === undefined) {
      throw new AikoError("BUFFER_DISPOSED", {
        message: `The ${this.length} numbers of this matrix were only on a device that has been lost or disposed`,
        hint: "Call read() before the device goes, and compute it again.",
      });
    }
    const data = allocateHost(this.length);
    await buffer.device.read(buffer, data, { timer });
    if (!this.#disposed) this.#host = data;
    return data;
  }

  async #upload(context: UploadContext): Promise<PoolBuffer> {
    const data = await this.host();
    const buffer = context.pool.allocate(this.byteLength, "matrix");
    try {
      await upload(buffer, data, context);
      this.#assertUsable();
    } catch (error) {
      buffer.dispose();
      throw error;
    }
    this.#resident ??= new Map();
    this.#resident.set(context.device, buffer);
    return buffer;
  }

  #alive(): PoolBuffer | undefined {
    for (const [device, buffer] of this.#resident ?? []) {
      if (!device.isLost && !buffer.disposed) return buffer;
      this.#resident?.delete(device);
      buffer.dispose();
    }
    return undefined;
  }

  #assertUsable(): void {
    if (!this.#disposed) return;
    throw new AikoError("BUFFER_DISPOSED", {
      message: `This matrix of ${this.length} numbers is disposed`,
      hint: "Dispose it after its last use.",
    });
  }
}
