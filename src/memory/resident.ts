import { AikoError } from "../errors.ts";
import type { PoolBuffer } from "./pool-buffer.ts";
import type { Reservation } from "./reservation.ts";
import type { Residents } from "./residents.ts";
import { type UploadOptions, upload } from "./upload.ts";

/** The host's side of a resident handle. */
export interface HostCopy {
  /** Present where the host has the bytes. */
  readonly data: ArrayBufferView | undefined;
  /** Brings the bytes to the host from wherever they are; `data` has them then. */
  fetch(): Promise<ArrayBufferView>;
}

export interface ResidentOptions {
  readonly label: string;
  readonly byteLength: number;
  /** Bytes that it takes on the device. */
  readonly classBytes: number;
  readonly host: HostCopy;
  readonly buffer?: PoolBuffer | undefined;
}

/**
 * Data that lives on a device between calls as long as there is room. While no reservation holds it, it may be sent to
 * the host, the longest unused first; the next reservation that names it brings it back.
 */
export class Resident implements Disposable {
  readonly label: string;
  readonly byteLength: number;
  readonly classBytes: number;
  readonly #home: Residents;
  readonly #host: HostCopy;
  #buffer: PoolBuffer | undefined;
  #loading: Promise<PoolBuffer> | undefined;
  #pins = 0;
  #holds = 0;
  /** Dropped while somebody held it. */
  #left: PoolBuffer | undefined;
  #wasEvicted = false;
  #disposed = false;

  /** @internal Use `memory.resident` or `memory.adopt`. */
  constructor(home: Residents, options: ResidentOptions) {
    this.label = options.label;
    this.byteLength = options.byteLength;
    this.classBytes = options.classBytes;
    this.#home = home;
    this.#host = options.host;
    this.#buffer = options.buffer;
    if (this.#buffer !== undefined) home.touch(this);
  }

  /** The device's copy, if there is one now. It may go as soon as no reservation holds the handle. */
  get buffer(): PoolBuffer | undefined {
    const buffer = this.#buffer;
    if (buffer === undefined) return undefined;
    if (!buffer.disposed && !buffer.device.isLost) return buffer;
    this.#drop();
    return undefined;
  }

  get isOnDevice(): boolean {
    return this.buffer !== undefined;
  }

  get isPinned(): boolean {
    return this.#pins > 0;
  }

  get disposed(): boolean {
    return this.#disposed;
  }

  /** @internal */
  pin(): void {
    this.#pins++;
  }

  /** @internal */
  unpin(): void {
    this.#pins--;
    if (this.#pins === 0 && this.#buffer !== undefined) this.#home.touch(this);
  }

  /**
   * The device's copy for somebody who is no work on its way: it stays until `release` is called, also when the handle is
   * disposed before. Undefined where there is none.
   */
  hold(): { readonly buffer: PoolBuffer; release(): void } | undefined {
    const buffer = this.buffer;
    if (buffer === undefined) return undefined;
    this.pin();
    this.#holds++;
    let held = true;
    const release = () => {
      if (!held) return;
      held = false;
      this.unpin();
      this.#holds--;
      if (this.#holds > 0) return;
      this.#left?.dispose();
      this.#left = undefined;
    };
    return { buffer, release };
  }

  /** @internal The device's copy, uploaded into the reservation's memory by the first who asks. */
  async load(reservation: Reservation, options?: UploadOptions): Promise<PoolBuffer> {
    for (;;) {
      this.#assertUsable();
      const present = this.buffer;
      if (present !== undefined) return present;
      if (this.#loading === undefined) {
        this.#loading = this.#upload(reservation, options).finally(() => {
          this.#loading = undefined;
        });
        return this.#loading;
      }
      await this.#loading.catch(() => undefined);
    }
  }

  /** Frees the device's copy after the host has one. Resolves with the bytes freed, 0 where it is in use. */
  async evict(): Promise<number> {
    if (this.isPinned || !this.isOnDevice) return 0;
    if (this.#host.data === undefined) await this.#host.fetch();
    return this.evictNow();
  }

  /** The same, only where the host has a copy already. */
  evictNow(): number {
    if (this.isPinned || this.#host.data === undefined || !this.isOnDevice) return 0;
    this.#drop();
    this.#wasEvicted = true;
    this.#home.countEviction(this.classBytes);
    return this.classBytes;
  }

  /** Whether `evictNow` would free it. */
  get hasHostCopy(): boolean {
    return this.#host.data !== undefined;
  }

  /** Frees the device's copy; the host's is its owner's. Safe to call twice. */
  dispose(): void {
    this.#disposed = true;
    this.#drop();
  }

  [Symbol.dispose](): void {
    this.dispose();
  }

  async #upload(reservation: Reservation, options: UploadOptions | undefined): Promise<PoolBuffer> {
    const data = this.#host.data ?? (await this.#host.fetch());
    const buffer = reservation.allocate(this.byteLength, this.label);
    try {
      await upload(buffer, data, options);
      this.#assertUsable();
    } catch (error) {
      buffer.dispose();
      throw error;
    }
    this.#buffer = reservation.keep(buffer);
    this.#home.touch(this);
    if (this.#wasEvicted) this.#home.countReturn();
    this.#wasEvicted = false;
    return buffer;
  }

  #drop(): void {
    this.#home.remove(this);
    if (this.#holds === 0) this.#buffer?.dispose();
    else this.#left ??= this.#buffer;
    this.#buffer = undefined;
  }

  #assertUsable(): void {
    if (!this.#disposed) return;
    throw new AikoError("BUFFER_DISPOSED", {
      message: `The resident '${this.label}' of ${this.byteLength} bytes is disposed`,
      hint: "Dispose it after its last use.",
    });
  }
}
