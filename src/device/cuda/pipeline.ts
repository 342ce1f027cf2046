import type { Handle } from "../../core/native.ts";
import { type AikoError, toAikoError } from "../../errors.ts";
import type { Block } from "./buffer.ts";
import { Events, type EventsOptions, type Mark } from "./events.ts";
import type { CudaLibrary } from "./library.ts";
import { Stream } from "./stream.ts";
import { Submissions } from "./submissions.ts";

/**
 * Commands the driver holds at a time. It blocks its caller at about a thousand launches:
 * https://forums.developer.nvidia.com/t/cuda-stream-are-blocked-when-luanch-lots-of-kernels-1000/68937
 */
const maxSubmitted = 512;
const nap = new Int32Array(new SharedArrayBuffer(4));

/** One piece of a stream's work. */
export interface Piece {
  readonly stream: Stream;
  /** Commands in it. */
  readonly weight: number;
  /** Makes its calls, given its count. */
  readonly submit: (number: number) => void | Promise<void>;
  /** See `Step`. */
  readonly blocked?: (() => Promise<unknown> | undefined) | undefined;
  /** Hears of the mark at its end, or why it was not submitted. */
  readonly ended?: (mark: Mark | undefined, failure: unknown) => void;
}

/** Three streams, the order in which work is handed to them, and how far they are. */
export class Pipeline {
  readonly library: CudaLibrary;
  readonly events: Events;
  readonly compute: Stream;
  readonly upload: Stream;
  readonly download: Stream;
  readonly submissions: Submissions;
  readonly #context: Handle;
  readonly #onFailure: (error: AikoError) => void;
  readonly #streams: readonly Stream[];
  readonly #retired: { readonly sequence: number; readonly action: () => void }[] = [];
  isClosed = false;

  /** The context is current. */
  constructor(options: EventsOptions) {
    const { library, context, onFailure } = options;
    this.library = library;
    this.#context = context;
    this.#onFailure = onFailure;
    this.events = new Events(options);
    this.compute = new Stream(library, this.events);
    this.upload = new Stream(library, this.events);
    this.download = new Stream(library, this.events);
    this.#streams = [this.upload, this.compute, this.download];
    this.submissions = new Submissions(this.enter);
  }

  /** Makes the context current. */
  readonly enter = (): void => this.library.enter(this.#context);

  fail(error: unknown): void {
    this.#onFailure(toAikoError(error));
  }

  /** Enqueues a piece of work and returns its count. */
  add({ stream, weight, submit, blocked, ended }: Piece): number {
    const number = ++stream.enqueued;
    const end = (failure?: unknown) => {
      let mark: Mark | undefined;
      let reason = failure;
      try {
        mark = stream.mark(number, weight);
      } catch (error) {
        reason ??= error;
        stream.skip(number);
      }
      if (reason !== undefined) this.fail(reason);
      ended?.(mark, reason);
    };
    const endLater = (failure?: unknown) => {
      this.enter();
      end(failure);
    };
    const run = (): void | Promise<void> => {
      let submitting: void | Promise<void>;
      try {
        submitting = submit(number);
      } catch (error) {
        return end(error);
      }
      return submitting === undefined ? end() : submitting.then(() => endLater(), endLater);
    };
    this.submissions.add({ blocked, run });
    return number;
  }

  /** What the compute stream's next piece waits for, because the driver has enough. */
  readonly computeBlocked = (): Promise<unknown> | undefined => {
    if (this.compute.weight < maxSubmitted) return undefined;
    this.poll();
    const { weight, oldest } = this.compute;
    return weight < maxSubmitted || oldest === undefined ? undefined : this.events.wait(oldest);
  };

  isPast({ uploaded, computed, downloaded }: Block, how: "done" | "submitted"): boolean {
    const far = (stream: Stream) => (how === "done" ? stream.completed : stream.submitted);
    return uploaded <= far(this.upload) && computed <= far(this.compute) && downloaded <= far(this.download);
  }

  isIdle(): boolean {
    if (!this.submissions.isEmpty) return false;
    this.poll();
    return this.#streams.every((stream) => stream.isIdle);
  }

  /** Runs `action` once piece `sequence` of the compute stream is done, at the latest on close. */
  retire(sequence: number, action: () => void): void {
    this.#retired.push({ sequence, action });
    this.poll();
  }

  /** Looks how far the device is, and lets go of what was only kept for what is done. */
  poll(): void {
    try {
      for (const stream of this.#streams) stream.poll();
    } catch (error) {
      this.fail(error);
    }
    const { completed } = this.compute;
    for (let at = 0; at < this.#retired.length; at++) {
      const retired = this.#retired[at];
      if (retired === undefined || retired.sequence > completed) continue;
      this.#retired.splice(at--, 1);
      retired.action();
    }
  }

  /** Resolves when everything added so far is done. */
  finish(): Promise<void> {
    if (this.isIdle()) return Promise.resolve();
    return new Promise((resolve, reject) => {
      const run = () => {
        const marks = this.#streams.map((stream) => stream.markOf(stream.submitted));
        const waits = marks.map((mark) => (mark === undefined ? undefined : this.events.wait(mark)));
        Promise.all(waits).then(() => resolve(), reject);
      };
      this.submissions.add({ run });
    });
  }

  /** Blocks until all submitted work is done or the time is up; returns whether it is done. For the end of the process. */
  drain(limitMs: number): boolean {
    if (this.isClosed) return true;
    this.enter();
    const until = performance.now() + limitMs;
    const isDone = () => {
      this.poll();
      return this.#streams.every((stream) => stream.completed >= stream.submitted);
    };
    while (!isDone()) {
      if (performance.now() > until) return false;
      Atomics.wait(nap, 0, 0, 1);
    }
    return true;
  }

  /** Only after everything enqueued is done. */
  close(): void {
    this.isClosed = true;
    for (const { action } of this.#retired.splice(0)) action();
    this.events.release();
    for (const stream of this.#streams) stream.release();
  }
}
