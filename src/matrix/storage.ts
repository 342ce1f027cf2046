import { type ArrayOf, byteLengthOf, type DType, dtypes } from "../core/dtype.ts";
import type { BufferView, Timer } from "../device/device.ts";
import { AikoError } from "../errors.ts";
import type { MemoryManager, PoolBuffer, Reservation, Resident, UploadOptions } from "../memory/index.ts";
import { allocateHostArray } from "./host-memory.ts";

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

/** Numbers of whatever type. */
export type AnyStorage = Storage<DType>;

/** Where the numbers of a matrix are: on the host, on devices, or both. Nothing moves until somebody asks. */
export class Storage<D extends DType = "f32"> implements Disposable {
  /** Numbers, not bytes. */
  readonly length: number;
  readonly dtype: D;
  #host: ArrayOf<D> | undefined;
  #downloading: Promise<ArrayOf<D>> | undefined;
  #residents: Map<MemoryManager, Resident> | undefined;
  #disposed = false;

  /** @internal */
  protected constructor(length: number, dtype: D) {
    this.length = length;
    this.dtype = dtype;
  }

  static onHost(data: Float32Array): Storage;
  static onHost<D extends DType>(data: ArrayOf<D>, dtype: D): Storage<D>;
  static onHost(data: ArrayOf<DType>, dtype: DType = "f32"): Storage<DType> {
    const storage = new Storage<DType>(data.length, dtype);
    storage.#host = data;
    return storage;
  }

  /** Takes the buffer over, which may be longer than what it holds. */
  static onDevice(memory: MemoryManager, buffer: PoolBuffer): Storage;
  static onDevice<D extends DType>(
    memory: MemoryManager,
    buffer: PoolBuffer,
    dtype: D,
    length: number,
  ): Storage<D>;
  static onDevice(
    memory: MemoryManager,
    buffer: PoolBuffer,
    dtype: DType = "f32",
    length = buffer.byteLength / dtypes[dtype].bytes,
  ): Storage<DType> {
    const storage = new Storage<DType>(length, dtype);
    storage.#residents = new Map([[memory, memory.adopt(buffer, storage.#hostCopy())]]);
    return storage;
  }

  get byteLength(): number {
    return byteLengthOf(this.dtype, this.length);
  }

  get isOnHost(): boolean {
    return this.#host !== undefined;
  }

  /** The host's copy if there is one. */
  get hostData(): ArrayOf<D> | undefined {
    return this.#host;
  }

  get isOnDevice(): boolean {
    return this.#alive() !== undefined;
  }

  get disposed(): boolean {
    return this.#disposed;
  }

  /** The host's copy, downloaded on first need. */
  async host(timer?: Timer): Promise<ArrayOf<D>> {
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
      resident = memory.residentOf(this.#hostCopy(), wholeWords(this.byteLength), "matrix");
      this.#residents.set(memory, resident);
    }
    return { resident, byteOffset: 0, byteLength: resident.byteLength };
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

  async #download(timer: Timer | undefined): Promise<ArrayOf<D>> {
    const buffer = this.#alive();
    if (buffer === undefined) {
      throw new AikoError("BUFFER_DISPOSED", {
        message: `The ${this.length} numbers of this matrix were only on a device that has been lost or disposed`,
        hint: "Call read() before the device goes, and compute it again.",
      });
    }
    const data = allocateHostArray(this.dtype, this.length);
    if (this.length > 0) await readElements(buffer, data, timer);
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

/** Device memory is bound and copied in words of 4 bytes. */
export function wholeWords(bytes: number): number {
  return Math.ceil(bytes / 4) * 4;
}

/** Downloads the start of a buffer, whose length is a multiple of 4 bytes where that of `data` need not be. */
async function readElements(
  buffer: PoolBuffer,
  data: ArrayBufferView,
  timer: Timer | undefined,
): Promise<void> {
  const bytes = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  if (bytes.byteLength === buffer.byteLength) {
    await buffer.device.read(buffer, bytes, { timer });
    return;
  }
  const words = await buffer.device.read(buffer, undefined, { timer });
  bytes.set(words.subarray(0, bytes.byteLength));
}
