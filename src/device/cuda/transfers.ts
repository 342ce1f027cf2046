import type { Pinned } from "../../core/native.ts";
import { isTurnLong, nextTurn } from "../../core/turn.ts";
import type { Region } from "../regions.ts";
import type { DeviceTimer } from "../timer.ts";
import type { CudaAllocation } from "./buffer.ts";
import type { Mark } from "./events.ts";
import type { Pipeline } from "./pipeline.ts";
import { Staging } from "./staging.ts";
import { check } from "./status.ts";
import type { Stream } from "./stream.ts";

/** Up to here data travels with the commands of the compute stream; above, in pieces on a stream of its own. */
export const smallBytes = 64 * 1024;
const pieceBytes = 1024 * 1024;
const maxSlots = 64;

/** One piece of a read. */
interface Fetch {
  readonly stream: Stream;
  readonly staging: Staging;
  readonly address: number;
  readonly into: Uint8Array;
  /** Counts of the pieces it comes after. */
  readonly computed: number;
  readonly uploaded: number;
  readonly timer: DeviceTimer | undefined;
}

/** Uploads and read-backs through page-locked memory. */
export class Transfers {
  readonly #pipeline: Pipeline;
  readonly #uploads: Staging;
  readonly #downloads: Staging;
  readonly #smallDownloads: Staging;

  constructor(pipeline: Pipeline) {
    const { library } = pipeline;
    this.#pipeline = pipeline;
    this.#uploads = new Staging(library, pieceBytes, maxSlots);
    this.#downloads = new Staging(library, pieceBytes, maxSlots);
    this.#smallDownloads = new Staging(library, smallBytes, maxSlots);
  }

  write(
    { allocation, byteOffset }: Region<CudaAllocation>,
    bytes: Uint8Array,
    timer: DeviceTimer | undefined,
  ): void {
    const { upload, compute, download } = this.#pipeline;
    const { block } = allocation;
    const { computed, downloaded } = block;
    const isFirst = !allocation.isFilled;
    allocation.isFilled = true;
    const prepare = () => {
      upload.after(compute, computed);
      upload.after(download, downloaded);
      if (isFirst) this.#fillAround(allocation, byteOffset, byteOffset + bytes.byteLength);
    };
    for (let at = 0; at < bytes.byteLength; at += pieceBytes) {
      const piece = bytes.subarray(at, at + pieceBytes);
      const target = allocation.address + byteOffset + at;
      block.uploaded = this.#send(piece, target, timer, at === 0 ? prepare : () => {});
    }
  }

  #send(bytes: Uint8Array, target: number, timer: DeviceTimer | undefined, prepare: () => void): number {
    const { library, events, upload } = this.#pipeline;
    const { byteLength } = bytes;
    const staged = this.#staged(bytes);
    const late = staged === undefined ? bytes.slice() : undefined;
    return this.#pipeline.add({
      stream: upload,
      weight: 1,
      submit: (number) => {
        prepare();
        const slot = staged ?? this.#uploads.take();
        this.#uploads.hold(slot, number);
        if (late !== undefined) slot.bytes.set(late);
        const copy = () => {
          const status = library.cu.cuMemcpyHtoDAsync_v2(target, slot.address, byteLength, upload.handle);
          check(status, "A write");
        };
        if (timer === undefined) copy();
        else return events.timed(upload.handle, "upload", timer, copy);
      },
      blocked: staged === undefined ? this.#uploadBlocked : undefined,
    });
  }

  /** Page-locked memory with the bytes; where there is none left, they wait for some in other memory. */
  #staged(bytes: Uint8Array): Pinned | undefined {
    if (!this.#pipeline.submissions.isEmpty || !this.#hasUploadSlot()) return undefined;
    try {
      const slot = this.#uploads.take();
      slot.bytes.set(bytes);
      return slot;
    } catch (error) {
      this.#pipeline.fail(error);
      return undefined;
    }
  }

  #hasUploadSlot(): boolean {
    if (this.#uploads.hasRoom) return true;
    this.#pipeline.poll();
    this.#uploads.collect(this.#pipeline.upload.completed);
    return this.#uploads.hasRoom;
  }

  readonly #uploadBlocked = (): Promise<unknown> | undefined => {
    if (this.#hasUploadSlot()) return undefined;
    const { oldest } = this.#pipeline.upload;
    return oldest === undefined ? undefined : this.#pipeline.events.wait(oldest);
  };

  #fillAround({ address, byteLength }: CudaAllocation, from: number, to: number): void {
    const { library, upload } = this.#pipeline;
    const fill = (start: number, end: number) => {
      if (start >= end) return;
      check(library.cu.cuMemsetD8Async(address + start, 0, end - start, upload.handle), "A zero fill");
    };
    fill(0, from);
    fill(to, byteLength);
  }

  /** All compute work it comes after was added. */
  async read(
    { allocation, byteOffset }: Region<CudaAllocation>,
    into: Uint8Array,
    timer: DeviceTimer | undefined,
  ): Promise<void> {
    const { compute, download } = this.#pipeline;
    const { block } = allocation;
    const isSmall = into.byteLength <= smallBytes;
    const stream = isSmall ? compute : download;
    const staging = isSmall ? this.#smallDownloads : this.#downloads;
    const { enqueued: computed } = compute;
    const { uploaded } = block;
    const pieces: Promise<void>[] = [];
    for (let at = 0; at < into.byteLength; at += staging.slotBytes) {
      const piece = into.subarray(at, at + staging.slotBytes);
      const address = block.address + byteOffset + at;
      pieces.push(this.#fetch({ stream, staging, address, into: piece, computed, uploaded, timer }));
    }
    if (isSmall) block.computed = stream.enqueued;
    else block.downloaded = stream.enqueued;
    await Promise.all(pieces);
  }

  #fetch(fetch: Fetch): Promise<void> {
    const { stream, staging } = fetch;
    return new Promise((resolve, reject) => {
      let slot: Pinned | undefined;
      this.#pipeline.add({
        stream,
        weight: 1,
        submit: () => {
          slot = staging.take();
          return this.#copyBack(fetch, slot);
        },
        blocked: () => staging.blocked(),
        ended: (mark, failure) => {
          if (slot === undefined || failure !== undefined || mark === undefined) {
            if (slot !== undefined) staging.give(slot);
            reject(failure);
          } else {
            this.#deliver(fetch, slot, mark).then(resolve, reject);
          }
        },
      });
    });
  }

  #copyBack({ stream, address, into, computed, uploaded, timer }: Fetch, slot: Pinned): void | Promise<void> {
    const { library, events, compute, upload } = this.#pipeline;
    stream.after(compute, computed);
    stream.after(upload, uploaded);
    const copy = () => {
      const status = library.cu.cuMemcpyDtoHAsync_v2(slot.address, address, into.byteLength, stream.handle);
      check(status, "A read");
    };
    if (timer === undefined) copy();
    else return events.timed(stream.handle, "download", timer, copy);
  }

  async #deliver({ staging, into }: Fetch, slot: Pinned, mark: Mark): Promise<void> {
    try {
      await this.#pipeline.events.wait(mark);
      while (isTurnLong()) await nextTurn();
      if (!this.#pipeline.isClosed) into.set(slot.bytes.subarray(0, into.byteLength));
    } finally {
      staging.give(slot);
    }
  }

  /** Only after everything enqueued is done. */
  release(): void {
    for (const staging of [this.#uploads, this.#downloads, this.#smallDownloads]) staging.release();
  }
}
