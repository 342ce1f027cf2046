import { setImmediate } from "node:timers";
import { disposeIfAble } from "../../core/dispose.ts";
import { isTurnLong, nextTurn } from "../../core/turn.ts";
import { atTurnEnd } from "../../core/turn-end.ts";
import { AikoError, allowsFallback, toAikoError } from "../../errors.ts";
import { abortError } from "../abort.ts";
import type { BatcherStatistics } from "../statistics.ts";
import { Batch, type BatchContext } from "./batch.ts";
import {
  assertColumns,
  type Bulk,
  BulkCall,
  type BulkColumns,
  sliceColumns,
  sliceItems,
  type TypedArray,
} from "./bulk.ts";
import { BatcherCounters } from "./counters.ts";
import {
  type BatcherOptions,
  type BatcherSettings,
  batcherSettings,
  type ItemOptions,
  priorityOf,
} from "./options.ts";
import { Item, type Pending } from "./pending.ts";
import { type Waiting, WaitingQueue } from "./queue.ts";

type Results<Output> = readonly (Output | Error)[];

export interface BatcherDefinition<
  Input,
  Output,
  Columns extends BulkColumns<Columns> = never,
  Result extends TypedArray = never,
> extends BatcherOptions {
  /** For messages and statistics. */
  readonly name: string;
  /**
   * Computes a batch: one result per item, in order, an error for an item that is bad. When it fails as a whole, and
   * not for a reason that would allow a fallback, the items are tried again one by one.
   */
  execute?(items: readonly Input[], batch: BatchContext): Promise<Results<Output>> | Results<Output>;
  /** What happens to a result that nobody waits for any more. Default: it is disposed where it can be. */
  readonly discard?: ((output: Output) => void) | undefined;
  /** `execute` on flat arrays, for `runBulk`. */
  readonly bulk?: Bulk<Columns, Result> | undefined;
}

/**
 * Makes one execution of calls that come at the same time; a call alone goes at the end of the JavaScript turn. One
 * batch is executed at a time, and what comes meanwhile is the next one. Calls of one caller and priority keep their
 * order.
 */
export class Batcher<
  Input,
  Output,
  Columns extends BulkColumns<Columns> = never,
  Result extends TypedArray = never,
> implements Disposable
{
  readonly name: string;
  readonly #definition: BatcherDefinition<Input, Output, Columns, Result>;
  readonly #settings: BatcherSettings;
  readonly #counters: BatcherCounters;
  readonly #queue: WaitingQueue<Item<Input, Output> | BulkCall<Columns, Result>>;
  readonly #onTurnEnd = () => this.#close();
  readonly #onAbort = (pending: Pending<unknown>) => this.#cancel(pending);
  #closing = false;
  #running = false;
  #disposed = false;
  #timer: NodeJS.Timeout | undefined;

  /** `counters` may be shared by batchers of one operation: `maxQueueSize` then holds for all of them together. */
  constructor(
    definition: BatcherDefinition<Input, Output, Columns, Result>,
    counters = new BatcherCounters(),
  ) {
    this.name = definition.name;
    this.#definition = definition;
    this.#settings = batcherSettings(definition);
    this.#counters = counters;
    this.#queue = new WaitingQueue(this.#settings.priorityLevels);
  }

  /** Whether nothing waits and nothing is being executed. */
  get isIdle(): boolean {
    return !this.#running && this.#queue.length === 0;
  }

  /** Rejects with ABORTED, QUEUE_FULL, DISPOSED, INVALID_ARGUMENT, or with what `execute` gives for this item. */
  run(input: Input, options: ItemOptions = {}): Promise<Output> {
    try {
      if (this.#definition.execute === undefined) throw this.#missing("execute", "runBulk()");
      this.#assertAccepts(options);
      return this.#enqueue(new Item<Input, Output>(input, options.signal, this.#onAbort), options);
    } catch (error) {
      return Promise.reject(error);
    }
  }

  /**
   * Runs `count` items in flat arrays, of which every column has the same count of numbers for each item. The call
   * takes one place in the queue and is executed in batches between which others have their turn. Leave the arrays
   * unchanged until it settles. Rejects as `run` does; one batch that fails fails the call.
   */
  runBulk(columns: Columns, count: number, options: ItemOptions = {}): Promise<Result> {
    try {
      const { bulk } = this.#definition;
      if (bulk === undefined) throw this.#missing("bulk", "run() for each item");
      this.#assertAccepts(options);
      assertColumns(columns, count);
      const result = bulk.allocate(count);
      if (count === 0) return Promise.resolve(result);
      const call = new BulkCall<Columns, Result>({ columns, count, result }, options.signal, this.#onAbort);
      return this.#enqueue(call, options);
    } catch (error) {
      return Promise.reject(error);
    }
  }

  statistics(): BatcherStatistics {
    return this.#counters.statistics(this.name);
  }

  /** Rejects what waits with DISPOSED; a batch under way ends and answers its callers. Safe to call twice. */
  dispose(): void {
    this.#disposed = true;
    for (let waiting = this.#queue.peek(); waiting !== undefined; waiting = this.#queue.peek()) {
      this.#remove(waiting);
      waiting.fail(this.#disposedError());
    }
  }

  [Symbol.dispose](): void {
    this.dispose();
  }

  #assertAccepts({ signal, priority }: ItemOptions): void {
    if (this.#disposed) throw this.#disposedError();
    if (signal?.aborted) throw abortError(signal, this.name);
    if (priority !== undefined) priorityOf({ priority }, this.#settings);
    const { maxQueueSize } = this.#settings;
    if (this.#counters.queued < maxQueueSize) return;
    this.#counters.rejected++;
    throw new AikoError("QUEUE_FULL", {
      message: `${this.name} already has ${maxQueueSize} calls waiting`,
      hint: "Await earlier results before you ask for more, try again later, or raise maxQueueSize.",
    });
  }

  #enqueue<T>(pending: Pending<T> & (Item<Input, Output> | BulkCall<Columns, Result>), options: ItemOptions) {
    const { promise }: { promise: Promise<T> } = pending;
    if (this.#settings.maxQueueDelayMs > 0) pending.since = performance.now();
    this.#queue.push(pending, options.priority ?? this.#settings.defaultPriorityLevel, options.caller ?? "");
    this.#counters.queued++;
    if (!this.#running) this.#closeSoon();
    return promise;
  }

  #remove(waiting: Waiting): void {
    this.#queue.remove(waiting);
    this.#counters.queued--;
    if (this.#queue.length === 0) this.#stopTimer();
  }

  #cancel(pending: Pending<unknown>): void {
    if (pending.settled) return;
    if (pending.lane !== undefined) this.#remove(pending);
    this.#counters.cancelled++;
    const reason: unknown = pending.signal?.reason;
    pending.fail(new AikoError("ABORTED", { message: `${this.name} was aborted`, cause: reason }));
    pending.batch?.leave(reason);
  }

  #closeSoon(): void {
    if (this.#closing) return;
    this.#closing = true;
    atTurnEnd(this.#onTurnEnd);
  }

  /** Starts what is ready to start, after timers and input where batches have held the thread for a while. */
  #close(): void {
    this.#closing = false;
    const first = this.#queue.peek();
    if (this.#running || first === undefined) return;
    const size = first instanceof BulkCall ? 1 : this.#sizeNow();
    if (size === 0) return;
    if (isTurnLong()) {
      this.#closing = true;
      setImmediate(this.#onTurnEnd);
      return;
    }
    this.#running = true;
    if (first instanceof BulkCall) void this.#runPart(first);
    else void this.#runItems(this.#take(size));
  }

  #onDone(): void {
    this.#running = false;
    if (this.#queue.length > 0) this.#closeSoon();
  }

  /** How many items go now; 0 while they wait for company. */
  #sizeNow(): number {
    const { maxBatchSize, preferredBatchSizes, maxQueueDelayMs } = this.#settings;
    const most = Math.min(this.#queue.length, maxBatchSize);
    const preferred = preferredBatchSizes.find((size) => size <= most);
    if (preferred !== undefined) return preferred;
    if (maxQueueDelayMs === 0 || most === maxBatchSize) return most;
    const leftMs = this.#queue.oldest() + maxQueueDelayMs - performance.now();
    if (leftMs <= 0) return most;
    this.#stopTimer();
    this.#timer = setTimeout(this.#onTurnEnd, Math.ceil(leftMs));
    return 0;
  }

  #stopTimer(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  #take(size: number): Item<Input, Output>[] {
    const items: Item<Input, Output>[] = [];
    while (items.length < size) {
      const next = this.#queue.peek();
      if (!(next instanceof Item)) break;
      this.#queue.pass(next);
      this.#remove(next);
      items.push(next);
    }
    return items;
  }

  async #runItems(items: readonly Item<Input, Output>[]): Promise<void> {
    this.#counters.count(items.length);
    try {
      const results = await this.#execute(items);
      items.forEach((item, at) => {
        this.#settle(item, results[at] as Output | Error);
      });
    } catch (thrown) {
      const error = toAikoError(thrown);
      if (items.length === 1 || allowsFallback(error)) for (const item of items) item.fail(error);
      else await this.#runSingly(items);
    } finally {
      this.#onDone();
    }
  }

  /** One bad item can fail a whole batch: alone, it fails only itself. */
  async #runSingly(items: readonly Item<Input, Output>[]): Promise<void> {
    for (const item of items) {
      if (item.settled) continue;
      while (isTurnLong()) await nextTurn();
      try {
        const [result] = await this.#execute([item]);
        this.#settle(item, result as Output | Error);
      } catch (error) {
        item.fail(toAikoError(error));
      }
    }
  }

  async #execute(items: readonly Item<Input, Output>[]): Promise<Results<Output>> {
    const batch = new Batch(items.length);
    const inputs: Input[] = [];
    for (const item of items) {
      item.batch = batch;
      inputs.push(item.input);
    }
    const results = (await this.#definition.execute?.(inputs, batch)) ?? [];
    if (results.length === items.length) return results;
    throw new AikoError("INTERNAL", {
      message: `${this.name} gave ${results.length} results for ${items.length} items`,
    });
  }

  #settle(item: Item<Input, Output>, result: Output | Error): void {
    if (result instanceof Error) item.fail(toAikoError(result));
    else if (!item.succeed(result)) this.#discard(result);
  }

  #discard(result: Output): void {
    try {
      (this.#definition.discard ?? disposeIfAble)(result);
    } catch (error) {
      process.emitWarning(toAikoError(error));
    }
  }

  async #runPart(call: BulkCall<Columns, Result>): Promise<void> {
    const { columns, count, result, taken: start } = call;
    const end = Math.min(count, start + this.#settings.maxBatchSize);
    call.taken = end;
    call.batch = new Batch(1);
    this.#queue.pass(call);
    if (end === count) this.#remove(call);
    this.#counters.count(end - start);
    try {
      const part = end - start === count ? columns : sliceColumns(columns, count, start, end);
      const out = sliceItems(result, count, start, end);
      await this.#definition.bulk?.execute(part, end - start, out, call.batch);
      call.done = end;
      if (end === count) call.succeed(result);
    } catch (error) {
      if (call.lane !== undefined) this.#remove(call);
      call.fail(toAikoError(error));
    } finally {
      this.#onDone();
    }
  }

  #missing(part: string, instead: string): AikoError {
    return new AikoError("INVALID_ARGUMENT", {
      message: `The batcher of ${this.name} was made without '${part}'`,
      hint: `Give it one, or call ${instead}.`,
    });
  }

  #disposedError(): AikoError {
    return new AikoError("DISPOSED", {
      message: `The batcher of ${this.name} is disposed`,
      hint: "Dispose it after its last call has settled.",
    });
  }
}
