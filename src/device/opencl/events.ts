import type { AikoError } from "../../errors.ts";
import type { DeviceTimer, WorkKind } from "../timer.ts";
import { callAsync, type Handle, type Library, type Pinned } from "./library.ts";
import { statusError } from "./status.ts";

const CL_EVENT_COMMAND_EXECUTION_STATUS = 0x11d3;
const CL_PROFILING_COMMAND_START = 0x1282;
const CL_PROFILING_COMMAND_END = 0x1283;

interface Waiter {
  readonly event: Handle;
  /** Memory that the command uses. */
  readonly keep: object | undefined;
  readonly resolve: () => void;
  readonly reject: (error: AikoError) => void;
}

/**
 * Waits for and measures the events of one in-order queue. A wait occupies one thread of libuv's pool a device, however
 * many callers wait. Not clSetEventCallback, though it is 10 us faster: koffi blocks the driver's thread until JavaScript
 * is free to run the callback, and aborts the process when one arrives while its environment is torn down.
 */
export class Events {
  readonly #library: Library;
  readonly #waiters: Waiter[] = [];
  readonly #timed = new Set<Handle>();
  #waiting = false;
  /** Where the event that is waited for stands. */
  #waited: Pinned | undefined;

  constructor(library: Library) {
    this.#library = library;
  }

  /** 0 when done, positive while under way, negative when it failed. */
  status(event: Handle): number {
    const { cl } = this.#library;
    const failed = cl.clGetEventInfo(event, CL_EVENT_COMMAND_EXECUTION_STATUS, 4, this.#library.slot(1), 0);
    return failed === 0 ? this.#library.int32At(1) : failed;
  }

  readonly isDone = (event: Handle): boolean => this.status(event) <= 0;

  /** Takes over the caller's reference. Events are waited for in the order they were enqueued in. */
  wait(event: Handle, keep?: object): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#waiters.push({ event, keep, resolve, reject });
      if (!this.#waiting) void this.#run();
    });
  }

  async #run(): Promise<void> {
    this.#waiting = true;
    this.#waited ??= this.#library.pinned(8);
    const events = this.#waited;
    const word = new BigUint64Array(events.bytes.buffer, events.bytes.byteOffset, 1);
    for (let first = this.#waiters[0]; first !== undefined; first = this.#waiters[0]) {
      word[0] = BigInt(first.event);
      await callAsync(this.#library.cl.clWaitForEvents, events, 1, events.address).catch(() => {});
      this.#settle();
    }
    this.#waiting = false;
  }

  #settle(): void {
    let settled = 0;
    for (const { event, resolve, reject } of this.#waiters) {
      const status = this.status(event);
      if (status > 0) break;
      this.#library.cl.clReleaseEvent(event);
      if (status === 0) resolve();
      else reject(statusError(status, "Enqueued work"));
      settled++;
    }
    this.#waiters.splice(0, settled);
  }

  /** Takes over the caller's reference. */
  measure(event: Handle, kind: WorkKind, timer: DeviceTimer): void {
    this.#timed.add(event);
    timer.add(kind, () => {
      if (!this.#timed.delete(event)) return undefined;
      const start = this.#profiled(event, CL_PROFILING_COMMAND_START);
      const end = this.#profiled(event, CL_PROFILING_COMMAND_END);
      this.#library.cl.clReleaseEvent(event);
      return start === undefined || end === undefined ? undefined : Number(end - start) / 1e6;
    });
  }

  #profiled(event: Handle, name: number): bigint | undefined {
    const { cl } = this.#library;
    return cl.clGetEventProfilingInfo(event, name, 8, this.#library.slot(1), 0) === 0
      ? this.#library.slots[1]
      : undefined;
  }

  release(): void {
    for (const event of this.#timed) this.#library.cl.clReleaseEvent(event);
    this.#timed.clear();
  }
}
