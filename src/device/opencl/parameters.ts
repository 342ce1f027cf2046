import { alignUp } from "../../core/bytes.ts";
import { maxParameterBytes } from "../bindings.ts";
import { type MemoryArgument, OpenClAllocation } from "./buffer.ts";
import type { Handle, Library, Pinned } from "./library.ts";

/** A page of host memory, and the device memory its bytes go to. */
export class ParameterPage {
  readonly host: Pinned;
  readonly allocation: OpenClAllocation;
  used = 0;
  /** Done when no enqueued work reads the page any more. */
  event: Handle | undefined;

  constructor(library: Library, context: Handle, shared: boolean, slotBytes: number) {
    this.host = library.pinned(maxParameterBytes);
    const address = shared ? this.host.address : 0;
    this.allocation = new OpenClAllocation(
      library,
      context,
      maxParameterBytes,
      address,
      maxParameterBytes / slotBytes,
    );
  }
}

export interface PageSource {
  readonly library: Library;
  readonly context: Handle;
  /** The device works in host memory, so that a store by JavaScript is all an upload takes. */
  readonly shared: boolean;
  readonly slotBytes: number;
  /** An event that is done when everything enqueued so far is. */
  mark(): Handle;
  isDone(event: Handle): boolean;
  /** Enqueues the copy of part of a page to its device memory. */
  upload(page: ParameterPage, byteOffset: number, byteLength: number): void;
}

/** Carries small host data to kernels through pages that are used again once the device is past them. */
export class Parameters {
  readonly #source: PageSource;
  readonly #retired: ParameterPage[] = [];
  readonly #pages: ParameterPage[] = [];
  #current: ParameterPage | undefined;

  constructor(source: PageSource) {
    this.#source = source;
  }

  place(bytes: Uint8Array): MemoryArgument {
    const { slotBytes, shared } = this.#source;
    const needed = alignUp(bytes.byteLength, slotBytes);
    let page = this.#current;
    if (page === undefined || page.used + needed > maxParameterBytes) page = this.#turn();
    const byteOffset = page.used;
    page.host.bytes.set(bytes, byteOffset);
    page.host.bytes.fill(0, byteOffset + bytes.byteLength, byteOffset + alignUp(bytes.byteLength, 4));
    page.used += needed;
    if (!shared) this.#source.upload(page, byteOffset, alignUp(bytes.byteLength, 4));
    return page.allocation.from(byteOffset);
  }

  #turn(): ParameterPage {
    const { library, context, shared, slotBytes } = this.#source;
    if (this.#current !== undefined) {
      this.#current.event = this.#source.mark();
      this.#retired.push(this.#current);
    }
    const oldest = this.#retired[0];
    if (oldest?.event !== undefined && this.#source.isDone(oldest.event)) {
      this.#retired.shift();
      library.cl.clReleaseEvent(oldest.event);
      oldest.event = undefined;
      oldest.used = 0;
      this.#current = oldest;
    } else {
      this.#current = new ParameterPage(library, context, shared, slotBytes);
      this.#pages.push(this.#current);
    }
    return this.#current;
  }

  release(): void {
    for (const page of this.#pages) {
      if (page.event !== undefined) this.#source.library.cl.clReleaseEvent(page.event);
      page.allocation.release();
    }
    this.#pages.length = 0;
    this.#retired.length = 0;
    this.#current = undefined;
  }
}
