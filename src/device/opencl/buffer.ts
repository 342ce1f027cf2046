import type { Allocation } from "../regions.ts";
import type { Handle, Library } from "./library.ts";
import { check } from "./status.ts";

const CL_MEM_READ_WRITE = 1;
const CL_MEM_USE_HOST_PTR = 8;
const CL_BUFFER_CREATE_TYPE_REGION = 0x1220;

/** Views kept as sub-buffers before the oldest is released. */
const maxSubBuffers = 64;

/** A memory object as a kernel argument. Compared by identity, because drivers reuse released handles. */
export interface MemoryArgument {
  readonly handle: Handle;
}

export class OpenClAllocation implements Allocation, MemoryArgument {
  readonly handle: Handle;
  readonly byteLength: number;
  /** Everything before this byte was written. The rest is filled with zeros before it can be seen, not before. */
  writtenTo = 0;
  readonly #library: Library;
  readonly #views = new Map<number, MemoryArgument>();
  readonly #maxViews: number;

  /** With a host address, the device works in that memory, which the caller keeps alive. Throws OUT_OF_MEMORY. */
  constructor(library: Library, context: Handle, byteLength: number, host = 0, maxViews = maxSubBuffers) {
    const { cl } = library;
    const flags = CL_MEM_READ_WRITE | (host === 0 ? 0 : CL_MEM_USE_HOST_PTR);
    this.handle = cl.clCreateBuffer(context, flags, byteLength, host, library.slot(0));
    check(library.int32At(0), `Allocating ${byteLength} bytes`);
    this.#library = library;
    this.byteLength = byteLength;
    this.#maxViews = maxViews;
  }

  /** The region from `byteOffset` to the end: OpenCL 1.2 has no pointer offsets, so views become sub-buffers. */
  from(byteOffset: number): MemoryArgument {
    if (byteOffset === 0) return this;
    const known = this.#views.get(byteOffset);
    if (known !== undefined) return known;
    const { cl } = this.#library;
    if (this.#views.size >= this.#maxViews) this.#releaseOldest();
    this.#library.put(1, byteOffset);
    this.#library.put(2, this.byteLength - byteOffset);
    const handle = cl.clCreateSubBuffer(
      this.handle,
      CL_MEM_READ_WRITE,
      CL_BUFFER_CREATE_TYPE_REGION,
      this.#library.slot(1),
      this.#library.slot(0),
    );
    check(this.#library.int32At(0), `Viewing byte ${byteOffset}`);
    const view = { handle };
    this.#views.set(byteOffset, view);
    return view;
  }

  #releaseOldest(): void {
    for (const [byteOffset, { handle }] of this.#views) {
      this.#library.cl.clReleaseMemObject(handle);
      this.#views.delete(byteOffset);
      return;
    }
  }

  /** OpenCL keeps memory that enqueued work uses until the work is done. */
  release(): void {
    for (const { handle } of this.#views.values()) this.#library.cl.clReleaseMemObject(handle);
    this.#views.clear();
    this.#library.cl.clReleaseMemObject(this.handle);
  }
}
