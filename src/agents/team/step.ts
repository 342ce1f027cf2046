import type { Attributes, Context, Span } from "@opentelemetry/api";
import { type Cell, newCell, type TaskRecord } from "./cell.ts";
import { withDeadline } from "./deadline.ts";
import { type Interrupt, Interruption } from "./interrupt.ts";
import { linkedController } from "./linked.ts";
import type { Runnable, Scope } from "./machine.ts";
import { inSpan } from "./spans.ts";

/** What a node or a tool gets besides its input. */
export interface TaskContext {
  /** Fires when the run is cancelled, a sibling failed, or the time is over. */
  readonly signal: AbortSignal;
  readonly thread: string;
  /** The same when this task runs again after a failure: give it to services that must not do things twice. */
  readonly idempotencyKey: string;
  /** What the caller of `run` passed as `locals`. It is not part of checkpoints. */
  readonly locals: unknown;
  /**
   * Asks a person. The run ends with status "interrupted"; after `resume` with an answer the task runs again from its
   * beginning, and this call, the nth of the task, resolves with the nth answer.
   */
  interrupt(value: unknown): Promise<unknown>;
  /** Runs an agent, a workflow or a chat as part of this task. Its steps are kept in the checkpoints of the run. */
  run<I, R>(target: Runnable<I, R>, input: I): Promise<R>;
}

export interface Task<T> {
  /** Unique in its step. */
  readonly key: string;
  /** Subject of messages: 'the tool "search"'. */
  readonly what: string;
  readonly timeoutMs?: number | undefined;
  /** How often it may run again after a failure; runs inside it go on where they were. Default 0. */
  readonly retries?: number | undefined;
  readonly span: { readonly name: string; readonly attributes: Attributes };
  run(context: TaskContext, span: Span): Promise<T>;
}

/** One step of a machine: tasks whose results are kept, so that each is done once even where the step is not. */
export class StepContext {
  readonly scope: Scope;
  readonly #cell: Cell;

  constructor(scope: Scope, cell: Cell) {
    this.scope = scope;
    this.#cell = cell;
  }

  /** Steps that were complete before this one. */
  get number(): number {
    return this.#cell.step;
  }

  /**
   * Runs tasks at the same time. Rejects as soon as one fails, and cancels the others; where some wait for a person, when all
   * have ended. Those that were done before are not run again.
   */
  async all<T>(tasks: readonly Task<T>[]): Promise<readonly T[]> {
    using siblings = linkedController(this.scope.signal);
    const interrupts: Interrupt[] = [];
    let open = tasks.length;
    const one = async (task: Task<T>): Promise<T | undefined> => {
      try {
        const value = await this.#once(task, siblings.signal);
        if (--open > 0) await this.scope.environment.saveTask();
        return value;
      } catch (error) {
        open--;
        if (!(error instanceof Interruption)) throw error;
        interrupts.push(...error.interrupts);
        return undefined;
      }
    };
    try {
      const values = await Promise.all(tasks.map(one));
      if (interrupts.length > 0) throw new Interruption(interrupts);
      return values as T[];
    } catch (error) {
      siblings.abort(error);
      throw error;
    }
  }

  async #once<T>(task: Task<T>, signal: AbortSignal): Promise<T> {
    this.#cell.tasks[task.key] ??= {};
    const record = this.#cell.tasks[task.key] as TaskRecord;
    if (record.done !== undefined) return record.done.value as T;
    for (let retries = task.retries ?? 0; ; retries--) {
      try {
        const value = await this.#attempt(task, record, signal);
        record.done = { value };
        return value;
      } catch (error) {
        if (retries <= 0 || signal.aborted || error instanceof Interruption) throw error;
      }
    }
  }

  async #attempt<T>(task: Task<T>, record: TaskRecord, signal: AbortSignal): Promise<T> {
    const { timeoutMs, what } = task;
    const interrupts: Interrupt[] = [];
    const work = (own: AbortSignal) =>
      inSpan({ parent: this.scope.trace, ...task.span }, (here, span) =>
        task.run(this.#contextOf(task, record, own, interrupts, here), span),
      );
    try {
      const value = await withDeadline(work, { signal, timeoutMs, what });
      if (interrupts.length === 0) return value;
    } catch (error) {
      if (interrupts.length === 0) throw error;
    }
    throw new Interruption(interrupts);
  }

  #contextOf<T>(
    task: Task<T>,
    record: TaskRecord,
    signal: AbortSignal,
    interrupts: Interrupt[],
    trace: Context,
  ): TaskContext {
    const { environment, path } = this.scope;
    const place = `${path}${this.#cell.step}:${task.key}`;
    let questions = 0;
    let runs = 0;
    return {
      signal,
      thread: environment.thread,
      idempotencyKey: `${environment.thread}/${place}`,
      locals: environment.locals,
      interrupt: async (value) => {
        const at = questions++;
        record.answers ??= [];
        if (at < record.answers.length) return record.answers[at];
        const id = `${place}?${at}`;
        if (environment.answers.has(id)) {
          const answer = environment.answers.get(id);
          record.answers.push(answer ?? null);
          return answer;
        }
        if (interrupts.length === 0) interrupts.push({ id, value: value ?? null, from: task.key });
        throw new Interruption(interrupts);
      },
      run: async (target, input) => {
        const at = runs++;
        const machine = target.machine();
        record.cells ??= [];
        record.cells[at] ??= newCell(machine, input);
        try {
          return await environment.drive(machine, record.cells[at] as Cell, {
            ...this.scope,
            signal,
            trace,
            path: `${place}/${at}:`,
          });
        } catch (error) {
          if (error instanceof Interruption) interrupts.push(...error.interrupts);
          throw error;
        }
      },
    };
  }
}
