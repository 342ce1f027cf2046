import { setImmediate as nextTurn } from "node:timers/promises";
import type { Handle } from "../../core/native.ts";
import { type AikoError, toAikoError } from "../../errors.ts";
import type { DeviceTimer, WorkKind } from "../timer.ts";
import type { CudaLibrary } from "./library.ts";
import { CUDA_ERROR_NOT_READY, check, statusError } from "./status.ts";
import type { DriverThread } from "./thread.ts";

const CU_EVENT_BLOCKING_SYNC = 1;
const CU_EVENT_DISABLE_TIMING = 2;

/** How long a wait asks again after every turn of the event loop before a thread waits for it. */
const hotMs = 0.1;

export interface EventsOptions {
  readonly library: CudaLibrary;
  readonly context: Handle;
  /** For calls that block. */
  readonly waits: DriverThread;
  readonly onFailure: (error: AikoError) => void;
}

/** A place in a stream: done when everything submitted before it is. */
export interface Mark {
  readonly sequence: number;
  readonly weight: number;
  readonly event: Handle;
  done: boolean;
  /** The driver's thread waits for the event, which therefore cannot be recorded anew. */
  held: boolean;
}

interface Waiter {
  readonly mark: Mark;
  readonly resolve: () => void;
  readonly reject: (error: AikoError) => void;
}

/**
 * Events of one device, kept for use again, and the waits for them. Waits end in the order they began in, because the
 * thread waits for one event at a time.
 */
export class Events {
  readonly #library: CudaLibrary;
  readonly #context: Handle;
  readonly #thread: DriverThread;
  readonly #onFailure: (error: AikoError) => void;
  readonly #free: { readonly marks: Handle[]; readonly clocks: Handle[] } = { marks: [], clocks: [] };
  readonly #all = new Set<Handle>();
  readonly #waiters: Waiter[] = [];
  #waiting = false;

  constructor({ library, context, waits, onFailure }: EventsOptions) {
    this.#library = library;
    this.#context = context;
    this.#thread = waits;
    this.#onFailure = onFailure;
  }

  #take(free: Handle[], flags: number): Handle {
    const known = free.pop();
    if (known !== undefined) return known;
    check(this.#library.cu.cuEventCreate(this.#library.slot(0), flags), "Creating an event");
    const event = this.#library.handleAt(0);
    this.#all.add(event);
    return event;
  }

  /** A new mark at the end of `stream`. */
  mark(stream: Handle, sequence: number, weight: number): Mark {
    const event = this.#take(this.#free.marks, CU_EVENT_BLOCKING_SYNC | CU_EVENT_DISABLE_TIMING);
    check(this.#library.cu.cuEventRecord(event, stream), "Recording an event");
    return { sequence, weight, event, done: false, held: false };
  }

  /** Whether the work before the mark is done. Throws what the driver says of work that failed. */
  isDone(mark: Mark): boolean {
    if (mark.done) return true;
    const status = this.#library.cu.cuEventQuery(mark.event);
    if (status === CUDA_ERROR_NOT_READY) return false;
    check(status, "Enqueued work");
    mark.done = true;
    if (!mark.held) this.#free.marks.push(mark.event);
    return true;
  }

  wait(mark: Mark): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#waiters.push({ mark, resolve, reject });
      if (!this.#waiting) void this.#run();
    });
  }

  async #run(): Promise<void> {
    this.#waiting = true;
    for (let first = this.#waiters[0]; first !== undefined; first = this.#waiters[0]) {
      const { mark, resolve, reject } = first;
      try {
        await this.#reached(mark);
        resolve();
      } catch (thrown) {
        const error = toAikoError(thrown);
        this.#onFailure(error);
        reject(error);
      }
      this.#waiters.shift();
    }
    this.#waiting = false;
  }

  async #reached(mark: Mark): Promise<void> {
    const until = performance.now() + hotMs;
    for (;;) {
      this.#library.enter(this.#context);
      if (this.isDone(mark)) return;
      if (performance.now() > until) break;
      await nextTurn();
    }
    mark.held = true;
    const status = await this.#thread.call("cuEventSynchronize", [mark.event]);
    mark.held = false;
    this.#library.enter(this.#context);
    if (status !== 0) throw statusError(status, "Enqueued work");
    if (mark.done) this.#free.marks.push(mark.event);
    else this.isDone(mark);
  }

  /** Runs `work`, which submits to `stream`, between two readings of the device's clock. */
  timed(
    stream: Handle,
    kind: WorkKind,
    timer: DeviceTimer,
    work: () => void | Promise<void>,
  ): void | Promise<void> {
    const start = this.#take(this.#free.clocks, CU_EVENT_BLOCKING_SYNC);
    const end = this.#take(this.#free.clocks, CU_EVENT_BLOCKING_SYNC);
    check(this.#library.cu.cuEventRecord(start, stream), "Recording an event");
    const finish = () => {
      this.#library.enter(this.#context);
      check(this.#library.cu.cuEventRecord(end, stream), "Recording an event");
      timer.add(kind, () => this.#elapsed(start, end));
    };
    const working = work();
    return working === undefined ? finish() : working.then(finish);
  }

  #elapsed(start: Handle, end: Handle): number | undefined {
    if (!this.#all.has(end)) return undefined;
    this.#library.enter(this.#context);
    const status = this.#library.cu.cuEventElapsedTime(this.#library.slot(0), start, end);
    this.#free.clocks.push(start, end);
    return status === 0 ? this.#library.float32At(0) : undefined;
  }

  release(): void {
    for (const event of this.#all) this.#library.cu.cuEventDestroy_v2(event);
    this.#all.clear();
    this.#free.marks.length = 0;
    this.#free.clocks.length = 0;
  }
}
