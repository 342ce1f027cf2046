import { setImmediate } from "node:timers";
import { type AikoError, toAikoError } from "../../errors.ts";
import type { BackendQueue } from "../base-device.ts";
import { type BoundRegion, elementCount } from "../bindings.ts";
import type { Extent } from "../grid.ts";
import { type Region, wordLength } from "../regions.ts";
import type { DeviceTimer, WorkKind } from "../timer.ts";
import type { OpenClAllocation } from "./buffer.ts";
import { Events } from "./events.ts";
import type { OpenClProgram } from "./kernel.ts";
import type { Handle, Library, Pinned } from "./library.ts";
import { type PageSource, type ParameterPage, Parameters } from "./parameters.ts";
import { Staging } from "./staging.ts";
import { check, statusError } from "./status.ts";

const CL_QUEUE_PROFILING_ENABLE = 2;

const commandsPerFlush = 64;
/** PoCL fills twice as fast with a pattern this long. */
const fillPatternBytes = 128;
const fillBlockBytes = 16;
const nap = new Int32Array(new SharedArrayBuffer(4));
const directWriteBytes = 65_536;

export interface QueueOptions {
  readonly library: Library;
  readonly context: Handle;
  readonly device: Handle;
  /** The device computes in host memory. */
  readonly shared: boolean;
  readonly viewAlignment: number;
  readonly onFailure: (error: AikoError) => void;
}

/** One in-order OpenCL queue. */
export class OpenClQueue implements BackendQueue<OpenClAllocation, OpenClProgram>, PageSource {
  readonly library: Library;
  readonly context: Handle;
  readonly shared: boolean;
  readonly slotBytes: number;
  readonly #handle: Handle;
  readonly #onFailure: (error: AikoError) => void;
  readonly #events: Events;
  readonly #parameters: Parameters;
  readonly #staging: Staging;
  readonly #zeros: Pinned;
  readonly #extents: Pinned;
  readonly #extentWords: BigUint64Array;
  #enqueued = 0;
  #completed = 0;
  #unflushed = 0;
  #released = false;

  constructor({ library, context, device, shared, viewAlignment, onFailure }: QueueOptions) {
    this.library = library;
    this.context = context;
    this.shared = shared;
    this.slotBytes = viewAlignment;
    this.#onFailure = onFailure;
    const { clCreateCommandQueue } = library.cl;
    this.#handle = clCreateCommandQueue(context, device, CL_QUEUE_PROFILING_ENABLE, library.slot(0));
    check(library.int32At(0), "Creating a queue");
    this.#events = new Events(library);
    this.#parameters = new Parameters(this);
    this.#staging = new Staging(library);
    this.#zeros = library.pinned(fillPatternBytes);
    this.#zeros.bytes.fill(0);
    this.#extents = library.pinned(48);
    this.#extentWords = new BigUint64Array(this.#extents.bytes.buffer, this.#extents.bytes.byteOffset, 6);
  }

  write(target: Region<OpenClAllocation>, bytes: Uint8Array, timer: DeviceTimer | undefined): void {
    const { allocation, byteOffset, byteLength } = target;
    this.#overwrite(allocation, byteOffset, byteLength);
    const { clEnqueueWriteBuffer, clRetainEvent } = this.library.cl;
    const { handle } = allocation;
    // An idle CPU device copies at once: one pass over the data instead of two.
    if (this.shared && this.#completed === this.#enqueued && byteLength >= directWriteBytes) {
      const { address } = this.library.pin(bytes);
      this.#submit("A write", "upload", timer, (event) =>
        clEnqueueWriteBuffer(this.#handle, handle, 1, byteOffset, byteLength, address, 0, 0, event),
      );
      this.#completed = this.#enqueued;
      return;
    }
    this.#staging.collect(this.#events.isDone);
    const memory = this.#staging.copyOf(bytes);
    const event = this.library.slot(0);
    const enqueued = this.#submit("A write", "upload", undefined, () =>
      clEnqueueWriteBuffer(this.#handle, handle, 0, byteOffset, byteLength, memory.address, 0, 0, event),
    );
    if (!enqueued) return;
    const written = this.library.handleAt(0);
    if (timer !== undefined) {
      clRetainEvent(written);
      this.#events.measure(written, "upload", timer);
    }
    this.#staging.hold(memory, written);
  }

  copy(
    source: Region<OpenClAllocation>,
    target: Region<OpenClAllocation>,
    timer: DeviceTimer | undefined,
  ): void {
    const byteLength = wordLength(source.byteLength);
    this.#fill(source.allocation);
    this.#overwrite(target.allocation, target.byteOffset, byteLength);
    const [from, to] = [source.allocation.handle, target.allocation.handle];
    this.#submit("A copy", "kernel", timer, (event) =>
      this.library.cl.clEnqueueCopyBuffer(
        this.#handle,
        from,
        to,
        source.byteOffset,
        target.byteOffset,
        byteLength,
        0,
        0,
        event,
      ),
    );
  }

  dispatch(
    program: OpenClProgram,
    bound: readonly BoundRegion<OpenClAllocation>[],
    groups: Extent,
    timer: DeviceTimer | undefined,
  ): void {
    try {
      this.#setArguments(program, bound);
    } catch (error) {
      this.#onFailure(toAikoError(error));
      return;
    }
    for (let axis = 0; axis < 3; axis++) {
      const size = program.workgroupSize[axis] ?? 1;
      this.#extentWords[axis] = BigInt((groups[axis] ?? 1) * size);
      this.#extentWords[axis + 3] = BigInt(size);
    }
    const { address } = this.#extents;
    this.#submit("A dispatch", "kernel", timer, (event) =>
      this.library.cl.clEnqueueNDRangeKernel(
        this.#handle,
        program.handle,
        3,
        0,
        address,
        address + 24,
        0,
        0,
        event,
      ),
    );
  }

  #setArguments(program: OpenClProgram, bound: readonly BoundRegion<OpenClAllocation>[]): void {
    let counts = bound.length;
    for (let index = 0; index < bound.length; index++) {
      const entry = bound[index];
      if (entry === undefined) continue;
      const { binding, region, bytes } = entry;
      if (binding.elementStride !== undefined)
        program.setCount(counts++, elementCount(binding, entry.byteLength));
      if (region !== undefined) {
        this.#fill(region.allocation);
        program.setMemory(index, region.allocation.from(region.byteOffset));
      } else if (bytes !== undefined) {
        program.setMemory(index, this.#parameters.place(bytes));
      }
    }
  }

  async read(
    source: Region<OpenClAllocation>,
    into: Uint8Array,
    timer: DeviceTimer | undefined,
  ): Promise<void> {
    const { allocation, byteOffset, byteLength } = source;
    this.#fill(allocation);
    const { clEnqueueReadBuffer, clRetainEvent } = this.library.cl;
    const { address } = this.library.pin(into);
    const event = this.library.slot(0);
    const status = clEnqueueReadBuffer(
      this.#handle,
      allocation.handle,
      0,
      byteOffset,
      byteLength,
      address,
      0,
      0,
      event,
    );
    check(status, "A read");
    const done = this.library.handleAt(0);
    if (timer !== undefined) {
      clRetainEvent(done);
      this.#events.measure(done, "download", timer);
    }
    await this.#waitFor(done, ++this.#enqueued, into);
  }

  async finish(): Promise<void> {
    if (this.#completed === this.#enqueued) return;
    await this.#waitFor(this.mark(), this.#enqueued);
  }

  async #waitFor(event: Handle, sequence: number, keep?: object): Promise<void> {
    this.#flush();
    await this.#events.wait(event, keep);
    this.#completed = Math.max(this.#completed, sequence);
    if (!this.#released) this.#staging.collect(this.#events.isDone);
  }

  /** Blocks until all work is done or the time is up. Only for the end of the process. */
  drain(limitMs: number): void {
    if (this.#released || this.#completed === this.#enqueued) return;
    const event = this.mark();
    this.#flush();
    const until = performance.now() + limitMs;
    while (!this.#events.isDone(event) && performance.now() < until) Atomics.wait(nap, 0, 0, 1);
  }

  mark(): Handle {
    const { cl } = this.library;
    check(cl.clEnqueueMarkerWithWaitList(this.#handle, 0, 0, this.library.slot(0)), "A marker");
    return this.library.handleAt(0);
  }

  isDone(event: Handle): boolean {
    return this.#events.isDone(event);
  }

  upload(page: ParameterPage, byteOffset: number, byteLength: number): void {
    const from = page.host.address + byteOffset;
    this.#submit("A parameter upload", "upload", undefined, () =>
      this.library.cl.clEnqueueWriteBuffer(
        this.#handle,
        page.allocation.handle,
        0,
        byteOffset,
        byteLength,
        from,
        0,
        0,
        0,
      ),
    );
  }

  #overwrite(allocation: OpenClAllocation, byteOffset: number, byteLength: number): void {
    if (byteOffset > allocation.writtenTo) this.#fill(allocation);
    // Within a block of 16 the rest is filled now, so that a later fill starts at one.
    const end = byteOffset + byteLength;
    if (end <= allocation.writtenTo) return;
    if (end % fillBlockBytes !== 0) {
      allocation.writtenTo = end - (end % fillBlockBytes);
      this.#fill(allocation);
    }
    allocation.writtenTo = Math.max(end, allocation.writtenTo);
  }

  /** Zeros what was never written. */
  #fill(allocation: OpenClAllocation): void {
    const { handle, byteLength, writtenTo } = allocation;
    if (writtenTo >= byteLength) return;
    allocation.writtenTo = byteLength;
    const size = byteLength - writtenTo;
    const aligned = size % fillPatternBytes === 0 && writtenTo % fillPatternBytes === 0;
    const pattern = aligned ? fillPatternBytes : fillBlockBytes;
    const { address } = this.#zeros;
    this.#submit("A zero fill", "kernel", undefined, () =>
      this.library.cl.clEnqueueFillBuffer(this.#handle, handle, address, pattern, writtenTo, size, 0, 0, 0),
    );
  }

  #submit(
    action: string,
    kind: WorkKind,
    timer: DeviceTimer | undefined,
    call: (event: Handle) => number,
  ): boolean {
    const status = call(timer === undefined ? 0 : this.library.slot(0));
    if (status !== 0) {
      this.#onFailure(statusError(status, action));
      return false;
    }
    if (timer !== undefined) this.#events.measure(this.library.handleAt(0), kind, timer);
    this.#enqueued++;
    if (++this.#unflushed >= commandsPerFlush) this.#flush();
    else if (this.#unflushed === 1) setImmediate(this.#flush);
    return true;
  }

  readonly #flush = (): void => {
    if (this.#unflushed === 0 || this.#released) return;
    this.#unflushed = 0;
    this.library.cl.clFlush(this.#handle);
  };

  /** Only after everything enqueued is done. */
  release(): void {
    this.#released = true;
    this.#staging.collect(this.#events.isDone);
    this.#events.release();
    this.#parameters.release();
    this.library.cl.clReleaseCommandQueue(this.#handle);
  }
}
