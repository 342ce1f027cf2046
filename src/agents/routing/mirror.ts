import { setImmediate as nextTurn } from "node:timers/promises";
import type { BufferView, Timer } from "../../device/device.ts";
import { type NearestLayout, nearestLayout, rowPanel } from "../../kernels/index.ts";
import type { MemoryManager, Reservation, Resident } from "../../runtime/index.ts";
import { pageRows, type Snapshot, type VectorStore } from "./store.ts";

const pieceBytes = 1 << 20;

/** The rows on one device: uploaded once, then by the page that changed. */
export class Mirror implements Disposable {
  readonly layout: NearestLayout;
  readonly #store: VectorStore;
  readonly #memory: MemoryManager;
  readonly #leastPages: number;
  readonly #changed = new Set<number>();
  #version = 0;
  #resident: Resident | undefined;
  #capacity = 0;
  #written = 0;
  /** What an eviction left on the host. */
  #evicted: Uint8Array | undefined;
  #turn: Promise<unknown> = Promise.resolve();

  constructor(store: VectorStore, memory: MemoryManager, leastRows: number) {
    this.#store = store;
    this.#memory = memory;
    this.#leastPages = Math.max(1, Math.ceil(leastRows / pageRows));
    this.layout = nearestLayout(memory.device);
    store.watch(this.#changed);
  }

  get isOnDevice(): boolean {
    return this.#resident?.isOnDevice ?? false;
  }

  /** Bytes of rows that the next search has to upload. */
  get pendingBytes(): number {
    const pages = this.isOnDevice ? this.#changed.size : Math.ceil(this.#store.size / pageRows);
    return pages * this.#pageBytes;
  }

  /** One search after the other, so that each finds the rows of its snapshot. */
  inTurn<T>(search: () => Promise<T>): Promise<T> {
    const result = this.#turn.then(search);
    this.#turn = result.catch(() => undefined);
    return result;
  }

  /** The handle of memory that has room for all rows. */
  async ready(rows: number, signal: AbortSignal | undefined): Promise<Resident> {
    const pages = Math.ceil(rows / pageRows);
    const present = this.#resident;
    if (present !== undefined && pages <= this.#capacity) return present;
    const capacity = Math.max(this.#leastPages, 2 ** Math.ceil(Math.log2(pages)));
    const needs = {
      label: "The rows of a router",
      bytes: [capacity * this.#pageBytes],
      residents: present === undefined ? [] : [present],
    };
    const grown = await this.#memory.use(
      needs,
      async (reservation) => {
        const buffer = reservation.allocate(capacity * this.#pageBytes, "router");
        if (present !== undefined && this.#written > 0) {
          const old = await reservation.load(present, { signal });
          const bytes = this.#written * this.#pageBytes;
          buffer.device.copy(old.slice(0, bytes), buffer.slice(0, bytes));
        }
        return reservation.keep(buffer);
      },
      { signal },
    );
    present?.dispose();
    this.#evicted = undefined;
    const mirror = this;
    const resident: Resident = this.#memory.adopt(grown, {
      get data() {
        return mirror.#evicted;
      },
      fetch: async () => {
        const version = mirror.#version;
        const bytes = await grown.device.read(grown);
        if (version === mirror.#version) mirror.#evicted = bytes;
        return bytes;
      },
    });
    this.#resident = resident;
    this.#capacity = capacity;
    return resident;
  }

  /** The rows as they are now, and the pages that changed since the last time. */
  take(): { readonly snapshot: Snapshot; readonly changed: ReadonlySet<number> } {
    const changed = new Set(this.#changed);
    this.#changed.clear();
    return { snapshot: this.#store.snapshot(), changed };
  }

  /** After a failure, nobody knows what the device has. */
  forget(): void {
    this.#written = 0;
  }

  /** Uploads what changed up to the snapshot. */
  async update(
    { snapshot, changed }: { readonly snapshot: Snapshot; readonly changed: ReadonlySet<number> },
    resident: Resident,
    reservation: Reservation,
    options: { readonly timer?: Timer | undefined; readonly signal?: AbortSignal | undefined },
  ): Promise<BufferView> {
    const buffer = await reservation.load(resident, options);
    const pages = Math.ceil(snapshot.rows / pageRows);
    const pending: number[] = [];
    for (const page of changed) if (page < Math.min(pages, this.#written)) pending.push(page);
    for (let page = this.#written; page < pages; page++) pending.push(page);
    if (pending.length === 0) return buffer.slice(0, pages * this.#pageBytes);
    this.#version++;
    this.#evicted = undefined;
    const most = Math.max(1, Math.floor(pieceBytes / this.#pageBytes));
    pending.sort((a, b) => a - b);
    for (let at = 0; at < pending.length; ) {
      const first = pending[at] as number;
      let count = 1;
      while (count < most && pending[at + count] === first + count) count++;
      const piece = this.#laidOut(snapshot, first, count);
      buffer.device.write(buffer.slice(first * this.#pageBytes, piece.byteLength), piece, {
        timer: options.timer,
      });
      this.#written = Math.max(this.#written, first + count);
      at += count;
      if (at < pending.length) await nextTurn();
    }
    return buffer.slice(0, pages * this.#pageBytes);
  }

  dispose(): void {
    this.#store.unwatch(this.#changed);
    this.#resident?.dispose();
    this.#resident = undefined;
    this.#evicted = undefined;
  }

  [Symbol.dispose](): void {
    this.dispose();
  }

  get #pageBytes(): number {
    return pageRows * this.#store.space.inner * 4;
  }

  #laidOut({ blocks, blockRows, space, rows }: Snapshot, firstPage: number, pages: number): Float32Array {
    const { inner } = space;
    const out = new Float32Array(pages * pageRows * inner);
    const first = firstPage * pageRows;
    const end = Math.min(rows, first + pages * pageRows);
    for (let row = first; row < end; ) {
      const data = blocks[Math.floor(row / blockRows)]?.data ?? out;
      const stop = Math.min(end, (Math.floor(row / blockRows) + 1) * blockRows);
      if (this.layout === "lines") {
        const start = (row % blockRows) * inner;
        out.set(data.subarray(start, start + (stop - row) * inner), (row - first) * inner);
        row = stop;
        continue;
      }
      for (; row < stop; row++) {
        const start = (row % blockRows) * inner;
        const at = row - first;
        const target = (at - (at % rowPanel)) * inner + (at % rowPanel);
        for (let i = 0; i < inner; i++) out[target + i * rowPanel] = data[start + i] as number;
      }
    }
    return out;
  }
}
