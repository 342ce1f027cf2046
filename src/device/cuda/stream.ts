import type { Handle } from "../../core/native.ts";
import type { Events, Mark } from "./events.ts";
import type { CudaLibrary } from "./library.ts";
import { check } from "./status.ts";

const CU_STREAM_NON_BLOCKING = 1;

/**
 * One CUDA stream, and how far it is. Work is counted when it is enqueued, which is before it is submitted; both happen
 * in the same order, so that a count names a piece of work before the driver has seen it.
 */
export class Stream {
  readonly handle: Handle;
  readonly #library: CudaLibrary;
  readonly #events: Events;
  readonly #marks: Mark[] = [];
  readonly #waitedFor = new Map<Stream, number>();
  #skipped = 0;
  /** Pieces of work that were enqueued. */
  enqueued = 0;
  /** Pieces of work that were handed to the driver. */
  submitted = 0;
  /** Pieces of work known to be done. */
  completed = 0;
  /** Weight of what was submitted and is not known to be done. */
  weight = 0;

  constructor(library: CudaLibrary, events: Events) {
    check(library.cu.cuStreamCreate(library.slot(0), CU_STREAM_NON_BLOCKING), "Creating a stream");
    this.handle = library.handleAt(0);
    this.#library = library;
    this.#events = events;
  }

  /** Ends piece `sequence`, whose calls were all made. */
  mark(sequence: number, weight: number): Mark {
    const mark = this.#events.mark(this.handle, sequence, weight);
    this.#marks.push(mark);
    this.submitted = sequence;
    this.weight += weight;
    return mark;
  }

  /** The mark that ends piece `sequence`; undefined where that is done or was not submitted. */
  markOf(sequence: number): Mark | undefined {
    return this.#marks.find((mark) => mark.sequence >= sequence);
  }

  get oldest(): Mark | undefined {
    return this.#marks[0];
  }

  /** Lets what is submitted from now on start after piece `sequence` of another stream. */
  after(other: Stream, sequence: number): void {
    if (other === this || sequence <= other.completed || sequence <= (this.#waitedFor.get(other) ?? 0))
      return;
    const mark = other.markOf(sequence);
    if (mark === undefined || mark.done) return;
    check(this.#library.cu.cuStreamWaitEvent(this.handle, mark.event, 0), "Ordering two streams");
    this.#waitedFor.set(other, mark.sequence);
  }

  /** Looks how far the device is. Throws what the driver says of work that failed. */
  poll(): void {
    let done = 0;
    for (const mark of this.#marks) {
      if (!this.#events.isDone(mark)) break;
      this.completed = mark.sequence;
      this.weight -= mark.weight;
      done++;
    }
    if (done > 0) this.#marks.splice(0, done);
    if (this.#marks.length === 0) this.completed = Math.max(this.completed, this.#skipped);
  }

  /** Ends piece `sequence` where the driver refused a mark. */
  skip(sequence: number): void {
    this.submitted = sequence;
    this.#skipped = sequence;
  }

  get isIdle(): boolean {
    return this.completed === this.enqueued;
  }

  release(): void {
    this.#library.cu.cuStreamDestroy_v2(this.handle);
  }
}
