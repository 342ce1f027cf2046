import {
  type BatchContext,
  Batcher,
  type BatcherOptions,
  type BatcherStatistics,
  type ItemOptions,
} from "../../runtime/index.ts";

/** Computes many inputs at once: one result or error for each, in order. */
export type BatchFunction<Input, Output> = (
  items: readonly Input[],
  batch: BatchContext,
) => Promise<readonly (Output | Error)[]> | readonly (Output | Error)[];

export interface BatchedOptions extends BatcherOptions {
  /** For messages and statistics. */
  readonly name?: string | undefined;
}

/**
 * Single calls of many agents, executed together. Calls that come in one JavaScript turn, or while a batch is under way, are
 * one execution; agents of one priority take turns, so that who floods delays nobody else.
 */
export class Batched<Input, Output> implements Disposable {
  readonly #batcher: Batcher<Input, Output>;

  /** Throws INVALID_ARGUMENT for options out of range. */
  constructor(
    execute: BatchFunction<Input, Output>,
    { name = "agents.batch", ...options }: BatchedOptions = {},
  ) {
    this.#batcher = new Batcher({ ...options, name, execute });
  }

  /**
   * One call. Name who asks with `caller`. Rejects with QUEUE_FULL, ABORTED, DISPOSED, INVALID_ARGUMENT for a priority out
   * of range, or with what the batch function gave for this input.
   */
  run(input: Input, options?: ItemOptions): Promise<Output> {
    return this.#batcher.run(input, options);
  }

  /** `run` for one agent. */
  as(caller: string, options: Omit<ItemOptions, "caller"> = {}): (input: Input) => Promise<Output> {
    return (input) => this.#batcher.run(input, { ...options, caller });
  }

  /** Whether nothing waits and nothing is being executed. */
  get isIdle(): boolean {
    return this.#batcher.isIdle;
  }

  statistics(): BatcherStatistics {
    return this.#batcher.statistics();
  }

  /** Rejects what waits with DISPOSED; a batch under way ends and answers its callers. Safe to call twice. */
  dispose(): void {
    this.#batcher.dispose();
  }

  [Symbol.dispose](): void {
    this.dispose();
  }
}
