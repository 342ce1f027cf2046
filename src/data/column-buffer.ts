import { alignUp } from "../core/bytes.ts";
import { makeHostArray } from "../core/host-array.ts";
import type { Timer } from "../device/device.ts";
import { AikoError } from "../errors.ts";
import type { MemoryManager, PoolBuffer, Resident } from "../memory/index.ts";

/** Bytes: a binding holds at least one element, also of a column without rows. */
const largestElement = 16;

/** One buffer of a column: its values, its validity or its offsets; on the host, on devices, or both. */
export class ColumnBuffer implements Disposable {
  readonly byteLength: number;
  readonly #label: string;
  readonly #make: (() => Promise<Uint8Array>) | undefined;
  #host: Uint8Array | undefined;
  #fetching: Promise<Uint8Array> | undefined;
  readonly #residents = new Map<MemoryManager, Resident>();
  #owners = 1;

  private constructor(byteLength: number, label: string, make?: () => Promise<Uint8Array>) {
    this.byteLength = byteLength;
    this.#label = label;
    this.#make = make;
  }

  static onHost(data: Uint8Array, label: string): ColumnBuffer {
    const buffer = new ColumnBuffer(data.byteLength, label);
    buffer.#host = data;
    return buffer;
  }

  /** Made by the host when it is first needed. */
  static later(byteLength: number, label: string, make: () => Promise<Uint8Array>): ColumnBuffer {
    return new ColumnBuffer(byteLength, label, make);
  }

  /** Takes the memory over, of which the first `byteLength` bytes mean something. */
  static onDevice(
    memory: MemoryManager,
    buffer: PoolBuffer,
    byteLength: number,
    label: string,
  ): ColumnBuffer {
    const made = new ColumnBuffer(byteLength, label);
    made.#residents.set(memory, memory.adopt(buffer, made.#hostCopy()));
    return made;
  }

  get isOnHost(): boolean {
    return this.#host !== undefined || this.#make !== undefined;
  }

  get isOnDevice(): boolean {
    return this.#alive() !== undefined;
  }

  /** The host's copy, downloaded or made on first need: of what a device has only the first `byteLength` bytes. */
  async host(byteLength = this.byteLength, timer?: Timer): Promise<Uint8Array> {
    this.#assertUsable();
    if (this.#host === undefined) {
      this.#fetching ??= this.#fetch(byteLength, timer).finally(() => {
        this.#fetching = undefined;
      });
      await this.#fetching;
      this.#assertUsable();
    }
    const host = this.#host ?? new Uint8Array(0);
    return host.byteLength === byteLength ? host : host.subarray(0, byteLength);
  }

  /** Its handle on a device: uploaded on first need, and free for others while no reservation holds it. */
  resident(memory: MemoryManager): Resident {
    this.#assertUsable();
    let resident = this.#residents.get(memory);
    if (resident === undefined) {
      resident = memory.residentOf(
        this.#hostCopy(),
        Math.max(largestElement, wholeWords(this.byteLength)),
        this.#label,
      );
      this.#residents.set(memory, resident);
    }
    return resident;
  }

  /** One owner more, who disposes it too. */
  retain(): this {
    this.#assertUsable();
    this.#owners++;
    return this;
  }

  get disposed(): boolean {
    return this.#owners <= 0;
  }

  dispose(): void {
    this.#owners--;
    if (this.#owners > 0) return;
    this.#host = undefined;
    for (const resident of this.#residents.values()) resident.dispose();
    this.#residents.clear();
  }

  [Symbol.dispose](): void {
    this.dispose();
  }

  #hostCopy() {
    const owner = this;
    return {
      get data() {
        return owner.#host;
      },
      fetch: () => owner.host(),
    };
  }

  async #fetch(byteLength: number, timer: Timer | undefined): Promise<Uint8Array> {
    const data = this.#make === undefined ? await this.#download(byteLength, timer) : await this.#make();
    if (!this.disposed) this.#host = data;
    return data;
  }

  async #download(byteLength: number, timer: Timer | undefined): Promise<Uint8Array> {
    const buffer = this.#alive();
    if (buffer === undefined) {
      throw new AikoError("BUFFER_DISPOSED", {
        message: `The ${this.#label} (${this.byteLength} bytes) was only on a device that has been lost or disposed`,
        hint: "Bring it to the host before the device goes, or compute it again.",
      });
    }
    if (byteLength === 0) return new Uint8Array(0);
    const words = makeHostArray("u8", wholeWords(byteLength));
    await buffer.device.read(buffer.slice(0, words.byteLength), words, { timer });
    return words.subarray(0, byteLength);
  }

  #alive(): PoolBuffer | undefined {
    for (const [memory, resident] of this.#residents) {
      if (resident.buffer !== undefined) return resident.buffer;
      if (memory.device.isLost) this.#residents.delete(memory);
    }
    return undefined;
  }

  #assertUsable(): void {
    if (!this.disposed) return;
    throw new AikoError("BUFFER_DISPOSED", {
      message: `The ${this.#label} (${this.byteLength} bytes) is disposed`,
      hint: "Dispose columns after their last use.",
    });
  }
}

/** Device memory is bound and copied in words of 4 bytes, of which a buffer has at least one. */
export function wholeWords(bytes: number): number {
  return Math.max(4, alignUp(bytes, 4));
}
