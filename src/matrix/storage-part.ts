import type { Device, Timer } from "../device/device.ts";
import type { MemoryManager } from "../memory/index.ts";
import { type Region, Storage } from "./storage.ts";

/** Results that were computed together; the last of them to be disposed frees what they share. */
class Shared {
  readonly whole: Storage;
  #users: number;

  constructor(whole: Storage, users: number) {
    this.whole = whole;
    this.#users = users;
  }

  leave(): void {
    this.#users--;
    if (this.#users === 0) this.whole.dispose();
  }
}

/** One of several equal parts of a storage. The first that is read downloads all of them. */
class StoragePart extends Storage {
  readonly #shared: Shared;
  readonly #start: number;
  #view: Float32Array | undefined;

  constructor(shared: Shared, start: number, length: number) {
    super(length, "f32");
    this.#shared = shared;
    this.#start = start;
  }

  override get isOnHost(): boolean {
    return !this.disposed && this.#shared.whole.isOnHost;
  }

  override get hostData(): Float32Array | undefined {
    const { hostData } = this.#shared.whole;
    return this.disposed || hostData === undefined ? undefined : this.#viewOf(hostData);
  }

  override get isOnDevice(): boolean {
    return super.isOnDevice || (!this.disposed && this.#shared.whole.isOnDevice);
  }

  override async host(timer?: Timer): Promise<Float32Array> {
    if (this.disposed) return super.host(timer);
    return this.#viewOf(await this.#shared.whole.host(timer));
  }

  /** A part of what they share where the device can start a view there, else a copy of its own. */
  override region(memory: MemoryManager): Region {
    if (this.disposed || !this.#isAligned(memory.device)) return super.region(memory);
    const { resident, byteOffset } = this.#shared.whole.region(memory);
    const start = byteOffset + this.#start * Float32Array.BYTES_PER_ELEMENT;
    return { resident, byteOffset: start, byteLength: this.byteLength };
  }

  override dispose(): void {
    if (this.disposed) return;
    super.dispose();
    this.#view = undefined;
    this.#shared.leave();
  }

  #viewOf(whole: Float32Array): Float32Array {
    if (this.#view?.buffer !== whole.buffer) {
      this.#view = whole.subarray(this.#start, this.#start + this.length);
    }
    return this.#view as Float32Array;
  }

  #isAligned({ adapter }: Device): boolean {
    return (this.#start * Float32Array.BYTES_PER_ELEMENT) % adapter.limits.viewAlignment === 0;
  }
}

/** Splits a storage into `count` equal parts, which own it from now on. */
export function splitStorage(whole: Storage, count: number): readonly Storage[] {
  const length = whole.length / count;
  const { hostData } = whole;
  const starts = Array.from({ length: count }, (_, at) => at * length);
  if (hostData !== undefined && !whole.isOnDevice) {
    return starts.map((start) => Storage.onHost(hostData.subarray(start, start + length)));
  }
  const shared = new Shared(whole, count);
  return starts.map((start) => new StoragePart(shared, start, length));
}
