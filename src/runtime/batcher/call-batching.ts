import { disposeIfAble } from "../../core/dispose.ts";
import { AikoError, toAikoError } from "../../errors.ts";
import type { BatchFacet, Operation } from "../operation.ts";
import { type BatchShare, type OperationReport, operationChannel } from "../report.ts";
import type { Outcome, RunOptions } from "../runtime.ts";
import type { BatcherStatistics } from "../statistics.ts";
import type { BatchContext } from "./batch.ts";
import { Batcher } from "./batcher.ts";
import { BatcherCounters } from "./counters.ts";
import { type BatcherOptions, type BatcherSettings, batcherSettings, priorityOf } from "./options.ts";

/** Runs one operation; `merged` counts the calls it is done for, which then publish their own reports. */
type Execute = <I, O>(
  operation: Operation<I, O>,
  input: I,
  options: RunOptions,
  merged?: number,
) => Promise<Outcome<O>>;

/** An operation that can be batched. */
export type BatchOperation<I, O> = Operation<I, O> & { readonly batch: BatchFacet<I, O> };

/** Merges concurrent calls of a runtime, for the operations that know how. */
export class CallBatching implements Disposable {
  readonly #options: BatcherOptions;
  readonly #settings: BatcherSettings;
  readonly #execute: Execute;
  readonly #groups = new Map<unknown, Group<unknown, unknown>>();

  /** Throws INVALID_ARGUMENT. */
  constructor(options: BatcherOptions, execute: Execute) {
    this.#options = options;
    this.#settings = batcherSettings(options);
    this.#execute = execute;
  }

  run<I, O>(operation: BatchOperation<I, O>, input: I, options: RunOptions): Promise<Outcome<O>> {
    let group = this.#groups.get(operation) as Group<I, O> | undefined;
    if (group === undefined) {
      group = new Group(operation, this.#options, this.#settings, this.#execute);
      this.#groups.set(operation, group as unknown as Group<unknown, unknown>);
    }
    return group.run(input, options);
  }

  /** Lets go of an operation that does not come again. */
  forget(operation: unknown): void {
    this.#groups.get(operation)?.dispose();
    this.#groups.delete(operation);
  }

  statistics(): readonly BatcherStatistics[] {
    return [...this.#groups.values()].map((group) => group.statistics());
  }

  dispose(): void {
    for (const group of this.#groups.values()) group.dispose();
  }

  [Symbol.dispose](): void {
    this.dispose();
  }
}

/** One call that may be merged with others. */
interface Call<I> {
  readonly input: I;
  readonly reported: boolean;
  /** When it came, where it is reported. */
  readonly since: number;
}

const mostBatchers = 64;

/** The calls of one operation: a batcher for each key, counted together. */
class Group<I, O> implements Disposable {
  readonly #operation: BatchOperation<I, O>;
  readonly #options: BatcherOptions;
  readonly #settings: BatcherSettings;
  readonly #execute: Execute;
  readonly #counters = new BatcherCounters();
  readonly #batchers = new Map<string, Batcher<Call<I>, Outcome<O>>>();
  #underWay = 0;

  constructor(
    operation: BatchOperation<I, O>,
    options: BatcherOptions,
    settings: BatcherSettings,
    execute: Execute,
  ) {
    this.#operation = operation;
    this.#options = options;
    this.#settings = settings;
    this.#execute = execute;
  }

  run(input: I, options: RunOptions): Promise<Outcome<O>> {
    try {
      const waits = options.batch === false ? undefined : options.batch;
      if (waits?.priority !== undefined) priorityOf(waits, this.#settings);
      const isAlone =
        this.#underWay === 0 && this.#counters.queued === 0 && this.#settings.maxQueueDelayMs === 0;
      const key = isAlone ? undefined : this.#operation.batch.key(input);
      if (key === undefined) return this.#runAlone(input, options);
      const reported = options.report === true || operationChannel.hasSubscribers;
      const call = { input, reported, since: reported ? performance.now() : 0 };
      return this.#batcher(key, options).run(call, { ...waits, signal: options.signal });
    } catch (error) {
      return Promise.reject(toAikoError(error));
    }
  }

  statistics(): BatcherStatistics {
    return this.#counters.statistics(this.#operation.name);
  }

  dispose(): void {
    for (const batcher of this.#batchers.values()) batcher.dispose();
  }

  [Symbol.dispose](): void {
    this.dispose();
  }

  async #runAlone(input: I, options: RunOptions): Promise<Outcome<O>> {
    this.#underWay++;
    try {
      return await this.#execute(this.#operation, input, options);
    } finally {
      this.#underWay--;
    }
  }

  /** Calls are merged when their inputs say so and their options would have them run alike. */
  #batcher(inputKey: string, { placement, device, strict }: RunOptions): Batcher<Call<I>, Outcome<O>> {
    const key = `${placement ?? ""} ${device ?? ""} ${strict ?? ""} ${inputKey}`;
    const present = this.#batchers.get(key);
    if (present !== undefined) return present;
    if (this.#batchers.size >= mostBatchers) this.#forgetIdle();
    const batcher = new Batcher<Call<I>, Outcome<O>>(
      {
        ...this.#options,
        name: this.#operation.name,
        execute: (calls, batch) => this.#runBatch(calls, { placement, device, strict }, batch),
        discard: ({ value }) => disposeIfAble(value),
      },
      this.#counters,
    );
    this.#batchers.set(key, batcher);
    return batcher;
  }

  #forgetIdle(): void {
    for (const [key, batcher] of this.#batchers) {
      if (batcher.isIdle) this.#batchers.delete(key);
    }
  }

  async #runBatch(
    calls: readonly Call<I>[],
    options: RunOptions,
    { signal }: BatchContext,
  ): Promise<Outcome<O>[]> {
    this.#underWay++;
    try {
      const start = performance.now();
      const report = calls.some(({ reported }) => reported);
      const { values, report: whole } = await this.#runMerged(
        calls.map(({ input }) => input),
        { ...options, signal, report },
      );
      if (whole === undefined) return values.map((value) => ({ value, report: undefined }));
      const reports = shareReport(this.#operation, calls, whole, start);
      return values.map((value, at) => ({ value, report: reports[at] }));
    } finally {
      this.#underWay--;
    }
  }

  async #runMerged(inputs: readonly I[], options: RunOptions) {
    const [first] = inputs;
    const operation = this.#operation;
    const isOne = inputs.length === 1;
    const merged = isOne ? (first as I) : await operation.batch.merge(inputs);
    try {
      const { value, report } = await this.#execute(operation, merged, options, inputs.length);
      return { values: isOne ? [value] : this.#split(value, inputs), report };
    } finally {
      if (!isOne) disposeIfAble(merged);
    }
  }

  #split(output: O, inputs: readonly I[]): readonly O[] {
    try {
      const values = this.#operation.batch.split(output, inputs);
      if (values.length === inputs.length) return values;
      throw new AikoError("INTERNAL", {
        message: `${this.#operation.name} split a batch of ${inputs.length} into ${values.length}`,
      });
    } catch (error) {
      disposeIfAble(output);
      throw error;
    }
  }
}

/** Each call's part of the batch's times, by its flops, so that the reports of a batch add up to it. */
function shareReport<I, O>(
  operation: Operation<I, O>,
  calls: readonly Call<I>[],
  whole: OperationReport,
  start: number,
): (OperationReport | undefined)[] {
  const works = calls.map(({ input }) => operation.work(input));
  const allFlops = works.reduce((sum, { flops }) => sum + flops, 0);
  const now = performance.now();
  return calls.map(({ reported, since }, at) => {
    if (!reported) return undefined;
    const { flops = 0, bytes = 0 } = works[at] ?? {};
    const share = allFlops > 0 ? flops / allFlops : 1 / calls.length;
    const batch: BatchShare = { size: calls.length, share };
    const report: OperationReport = {
      ...whole,
      ...(calls.length === 1 ? {} : { batch }),
      queueMs: start - since + whole.queueMs,
      uploadMs: whole.uploadMs * share,
      kernelMs: whole.kernelMs * share,
      downloadMs: whole.downloadMs * share,
      cpuMs: whole.cpuMs * share,
      totalMs: now - since,
      bytes,
      flops,
    };
    if (operationChannel.hasSubscribers) operationChannel.publish(report);
    return report;
  });
}
