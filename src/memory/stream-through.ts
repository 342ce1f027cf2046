import type { Timer } from "../device/device.ts";
import { AikoError } from "../errors.ts";
import { abortable, abortError } from "./abort.ts";
import type { MemoryManager } from "./memory-manager.ts";
import { BatchRunner, type StreamTimes } from "./stream-batch.ts";
import type { StreamBatch, StreamOperation } from "./stream-operation.ts";

export interface StreamOptions {
  /** Of the device to run on; without it, everything runs on the CPU path. */
  readonly memory?: MemoryManager | undefined;
  /** Batches between the source and the consumer at once. Default 3: one on its way up, one computing, one coming back. */
  readonly inFlight?: number | undefined;
  /**
   * Downloads into the memory of results that were consumed: a result is only valid until the next one is asked for.
   * Memory that was written before is filled about three times as fast.
   */
  readonly reuseResults?: boolean | undefined;
  readonly signal?: AbortSignal | undefined;
  readonly timer?: Timer | undefined;
  /** Throws where the CPU path would have taken over from the device. */
  readonly strict?: boolean | undefined;
  /** Told of each batch that the device could not do and the CPU path does. */
  readonly onFallback?: ((error: AikoError) => void) | undefined;
  /** Told of each batch that is done: the bytes it read and wrote, and where. */
  readonly onProgress?: ((bytes: number, isOnDevice: boolean) => void) | undefined;
  /** Told where the time of each batch went; in place of `timer`. Without either, nothing is measured. */
  readonly onTimes?: ((times: StreamTimes) => void) | undefined;
}

/** Batches that may be pulled one by one. */
export type StreamSource<Batch> = AsyncIterable<Batch> | Iterable<Batch>;

/**
 * Sends batches through an operation and yields the results in their order, while uploads, kernels and downloads of
 * neighbouring batches overlap. The source is pulled only when there is room, so that data of any length flows through
 * within the memory budget. A batch must stay unchanged until its result arrives.
 *
 * Fails as its first failing batch: with ABORTED, the operation's own errors and, where there is no CPU path or it is
 * forbidden, the device's. What the source throws arrives unchanged, after the results of the batches before it. A device
 * that is lost, or cannot do the work, is not asked again; one that is full is. When the consumer stops, so does the
 * source, and all device memory is free again.
 */
export function streamThrough<Batch extends StreamBatch, Result extends StreamBatch>(
  source: StreamSource<Batch>,
  operation: StreamOperation<Batch, Result>,
  options: StreamOptions = {},
): AsyncGenerator<Result, void, undefined> {
  const { inFlight = 3, signal } = options;
  if (!Number.isSafeInteger(inFlight) || inFlight < 1) {
    throw new AikoError("INVALID_ARGUMENT", {
      message: `inFlight is ${inFlight}`,
      hint: "Pass a count of batches, 1 or more.",
    });
  }
  return flow(new Pull(iteratorOf(source)), operation, { ...options, inFlight, signal });
}

async function* flow<Batch extends StreamBatch, Result extends StreamBatch>(
  source: Pull<Batch>,
  operation: StreamOperation<Batch, Result>,
  options: StreamOptions & { inFlight: number; signal: AbortSignal | undefined },
): AsyncGenerator<Result, void, undefined> {
  const { inFlight, signal } = options;
  if (signal?.aborted) {
    await source.close(false);
    throw abortError(signal, operation.name);
  }
  const stop = new AbortController();
  const onAbort = () => stop.abort(signal?.reason);
  signal?.addEventListener("abort", onAbort, { once: true });
  const consumed: Result[] = [];
  const runner = new BatchRunner(operation, {
    spares: consumed,
    memory: options.memory,
    signal: stop.signal,
    timer: options.timer,
    strict: options.strict ?? false,
    onFallback: options.onFallback,
    onProgress: options.onProgress,
    onTimes: options.onTimes,
  });
  const flights: Promise<Result>[] = [];
  let pulling: Promise<void> | undefined;
  let count = 0;
  const fill = () => {
    if (pulling !== undefined || source.ended || stop.signal.aborted || flights.length >= inFlight) return;
    pulling = source.next().then((pulled) => {
      pulling = undefined;
      if (pulled === undefined || stop.signal.aborted) return;
      const flight = runner.run(pulled.batch, count++);
      flight.catch(() => undefined);
      flights.push(flight);
      fill();
    });
  };
  try {
    for (;;) {
      fill();
      const [first] = flights;
      if (first !== undefined) {
        const result = await abortable(first, signal, operation.name);
        flights.shift();
        fill();
        yield result;
        if (options.reuseResults === true) consumed.push(result);
      } else if (pulling !== undefined) {
        await abortable(pulling, signal, operation.name);
      } else {
        break;
      }
    }
    source.rethrow();
  } finally {
    signal?.removeEventListener("abort", onAbort);
    stop.abort();
    if (signal?.aborted !== true) await Promise.allSettled(flights);
    await source.close(pulling !== undefined);
  }
}

/** A source, pulled one batch at a time. */
class Pull<Batch> {
  readonly #iterator: AsyncIterator<Batch> | Iterator<Batch>;
  #ended = false;
  #failure: { readonly error: unknown } | undefined;

  constructor(iterator: AsyncIterator<Batch> | Iterator<Batch>) {
    this.#iterator = iterator;
  }

  get ended(): boolean {
    return this.#ended;
  }

  /** The next batch, or nothing at the end or after a failure. Never rejects. */
  async next(): Promise<{ readonly batch: Batch } | undefined> {
    try {
      const { done, value } = await this.#iterator.next();
      if (done !== true) return { batch: value };
    } catch (error) {
      this.#failure = { error };
    }
    this.#ended = true;
    return undefined;
  }

  /** Throws what the source threw, if it did. */
  rethrow(): void {
    if (this.#failure !== undefined) throw this.#failure.error;
  }

  /** Lets the source clean up, unless it has ended; one that still owes a batch may take for ever. */
  async close(isPulling: boolean): Promise<void> {
    if (this.#ended) return;
    this.#ended = true;
    const closed = this.#iterator.return?.();
    if (isPulling) Promise.resolve(closed).catch(() => undefined);
    else await closed;
  }
}

function iteratorOf<T>(source: StreamSource<T>): AsyncIterator<T> | Iterator<T> {
  if (typeof source === "object" && source !== null) {
    if (Symbol.asyncIterator in source) return source[Symbol.asyncIterator]();
    if (Symbol.iterator in source) return source[Symbol.iterator]();
  }
  throw new AikoError("INVALID_ARGUMENT", {
    message: `The source is ${source === null ? "null" : typeof source}, not an iterable of batches`,
  });
}
