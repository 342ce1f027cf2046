import type { BufferView, Timer } from "../device/device.ts";
import { AikoError } from "../errors.ts";
import type { MemoryManager, PoolBuffer, Reservation, Resident, UploadOptions } from "../memory/index.ts";
import { allocateHost } from "./host-memory.ts";

/** Where numbers are on a device once the handle is loaded: all that it holds, or a part. */
export interface Region {
  readonly resident: Resident;
  readonly byteOffset: number;
  readonly byteLength: number;
}

/** Brings a region to the device, for as long as the reservation lasts. */
export async function loadRegion(
  { resident, byteOffset, byteLength }: Region,
  reservation: Reservation,
  options: UploadOptions,
): Promise<BufferView> {
  const buffer = await reservation.load(resident, options);
  return byteLength === buffer.byteLength ? buffer : buffer.slice(byteOffset, byteLength);
}

/** Where the numbers of a matrix are: on the host, on devices, or both. Nothing moves until somebody asks. */
export class Storage implements Disposable {
  /** Numbers, not bytes. */
  readonly length: number;
  #host: Float32Array | undefined;
  #downloading: Promise<Float32Array> | undefined;
  #residents: Map<MemoryManager, Resident> | undefined;
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

  /** Takes the buffer over. */
  static onDevice(memory: MemoryManager, buffer: PoolBuffer): Storage {
    const storage = new Storage(buffer.byteLength / Float32Array.BYTES_PER_ELEMENT);
    storage.#residents = new Map([[memory, memory.adopt(buffer, storage.#hostCopy())]]);
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

  /** Its place on a device: made on first need, and free for others while no reservation holds the handle. */
  region(memory: MemoryManager): Region {
    this.#assertUsable();
    this.#residents ??= new Map();
    let resident = this.#residents.get(memory);
    if (resident === undefined) {
      resident = memory.residentOf(this.#hostCopy(), this.byteLength, "matrix");
      this.#residents.set(memory, resident);
    }
    return { resident, byteOffset: 0, byteLength: this.byteLength };
  }

  dispose(): void {
    this.#disposed = true;
    this.#host = undefined;
    for (const resident of this.#residents?.values() ?? []) resident.dispose();
    this.#residents = undefined;
  }

  [Symbol.dispose](): void {
    this.dispose();
  }

  #hostCopy() {
    const storage = this;
    return {
      get data() {
        return storage.hostData;
      },
      fetch: () => storage.host(),
    };
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

  #alive(): PoolBuffer | undefined {
    for (const [memory, resident] of this.#residents ?? []) {
      if (resident.buffer !== undefined) return resident.buffer;
      if (memory.device.isLost) this.#residents?.delete(memory);
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
