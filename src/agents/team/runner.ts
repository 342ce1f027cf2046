import { randomUUID } from "node:crypto";
import { context } from "@opentelemetry/api";
import { AikoError, toAikoError } from "../../errors.ts";
import { type Cell, checkShape, newCell } from "./cell.ts";
import type { ChatSource } from "./chat-source.ts";
import { type Checkpoint, type Checkpoints, noCheckpoint, type ThreadStatus } from "./checkpoints.ts";
import { checkTimeout, withDeadline } from "./deadline.ts";
import { drive } from "./drive.ts";
import type { TeamEvent } from "./events.ts";
import { type Interrupt, Interruption } from "./interrupt.ts";
import type { Environment, Machine, Runnable } from "./machine.ts";
import { Run } from "./run.ts";
import { contentOf, type Durability, Saver } from "./saver.ts";
import { claimThread } from "./threads.ts";
import type { UsageTotal } from "./usage.ts";

export interface RunOptions {
  /** The thread whose checkpoints these are; one that has ended goes on with this input. Default: a random name. */
  readonly thread?: string | undefined;
  readonly checkpoints?: Checkpoints | undefined;
  /** Default "async". */
  readonly durability?: Durability | undefined;
  readonly signal?: AbortSignal | undefined;
  /** For the whole run. Default: none. */
  readonly timeoutMs?: number | undefined;
  /** Of agents that have none of their own. */
  readonly provider?: ChatSource | undefined;
  /** For instructions, guardrails, tools and nodes; no part of checkpoints. */
  readonly locals?: unknown;
}

export interface ResumeOptions extends RunOptions {
  readonly thread: string;
  readonly checkpoints: Checkpoints;
  /** What a person says, by the ids of the interrupts. Those left out are asked again. */
  readonly answers?: Readonly<Record<string, unknown>> | undefined;
}

interface Ended {
  readonly thread: string;
  readonly step: number;
  readonly usage: UsageTotal;
}

export type Done<R> = R & Ended & { readonly status: "done" };
export type Interrupted = Ended & {
  readonly status: "interrupted";
  readonly interrupts: readonly Interrupt[];
};
export type Outcome<R> = Done<R> | Interrupted;

/**
 * Runs an agent, a workflow or a chat. Rejects with ABORTED, DEADLINE_EXCEEDED, NO_CONVERGENCE after too many steps,
 * GUARDRAIL_TRIPPED, INVALID_OUTPUT, HANDOFF_CYCLE, HANDLER_FAILED, WRITE_FAILED, INVALID_ARGUMENT, and what a provider
 * rejects with. With checkpoints, `resume` goes on after any of these.
 */
export function run<I, R extends object>(
  target: Runnable<I, R>,
  input: I,
  options: RunOptions = {},
): Run<Outcome<R>> {
  return start(target, options, async (machine, thread) => {
    const last = await options.checkpoints?.latest(thread);
    if (last === undefined) return { cell: newCell(machine, input), forkedFrom: undefined };
    const { cell } = contentOf(last);
    checkShape(machine, cell, `the thread "${thread}"`);
    if (last.status !== "done") throw unfinished(thread, last.status);
    const state = machine.next(cell.state, input);
    return { cell: { ...cell, state, began: cell.step, tasks: {} }, forkedFrom: last.forkedFrom };
  });
}

/**
 * Goes on with a thread: after an interrupt, with answers; after a failure or the end of its process, with the step that was
 * under way. What has ended comes to the same again. Rejects as `run` does, and with INVALID_ARGUMENT where the thread was
 * made by something of another shape.
 */
export function resume<I, R extends object>(target: Runnable<I, R>, options: ResumeOptions): Run<Outcome<R>> {
  return start(target, options, async (machine, thread) => {
    const last = await options.checkpoints.latest(thread);
    if (last === undefined) throw noCheckpoint(thread);
    const { cell, interrupts } = contentOf(last);
    checkShape(machine, cell, `the thread "${thread}"`);
    checkAnswers(options.answers ?? {}, interrupts, last);
    return { cell, forkedFrom: last.forkedFrom };
  });
}

interface Beginning {
  readonly cell: Cell;
  readonly forkedFrom: string | undefined;
}

function start<I, R extends object>(
  target: Runnable<I, R>,
  options: RunOptions & Partial<Pick<ResumeOptions, "answers">>,
  begin: (machine: Machine<R>, thread: string) => Promise<Beginning>,
): Run<Outcome<R>> {
  const { thread = randomUUID(), checkpoints, signal, timeoutMs, durability = "async" } = options;
  checkTimeout(timeoutMs, "a run");
  return new Run(async (emit, cancelled) => {
    const both = signal === undefined ? cancelled : AbortSignal.any([signal, cancelled]);
    const machine = target.machine();
    using _ = claimThread(checkpoints, thread);
    const { cell, forkedFrom } = await begin(machine, thread);
    const saver = new Saver(checkpoints, thread, durability, forkedFrom);
    const environment = environmentOf(options, thread, cell, saver, emit);
    const ended = () => ({ thread, step: cell.step, usage: cell.usage });
    try {
      await environment.save();
      const what = `The run of "${target.name}"`;
      const scope = { environment, trace: context.active(), path: "", use: () => {} };
      const work = (own: AbortSignal) => drive(machine, cell, { ...scope, signal: own });
      const result = await withDeadline(work, { signal: both, timeoutMs, what });
      await saver.finish(cell, "done");
      await emit({ type: "done", output: result });
      return { ...result, ...ended(), status: "done" };
    } catch (error) {
      if (!(error instanceof Interruption)) {
        await saver.finish(cell, "failed").catch(() => {});
        throw toAikoError(error);
      }
      if (checkpoints === undefined) throw cannotWait(error.interrupts);
      const { interrupts } = error;
      await saver.finish(cell, "interrupted", interrupts);
      for (const interrupt of interrupts) await emit({ type: "interrupt", interrupt });
      return { ...ended(), status: "interrupted", interrupts };
    }
  });
}

function environmentOf(
  options: RunOptions & Partial<Pick<ResumeOptions, "answers">>,
  thread: string,
  cell: Cell,
  saver: Saver,
  emit: (event: TeamEvent) => Promise<void>,
): Environment {
  let told = -1;
  return {
    thread,
    provider: options.provider,
    locals: options.locals,
    answers: new Map(Object.entries(options.answers ?? {})),
    emit,
    drive,
    saveTask: () => saver.saveTask(cell),
    save: async () => {
      await saver.save(cell);
      if (options.checkpoints === undefined || cell.step === told) return;
      told = cell.step;
      await emit({ type: "checkpoint", thread, step: cell.step });
    },
  };
}

function checkAnswers(
  answers: Readonly<Record<string, unknown>>,
  interrupts: readonly Interrupt[],
  { thread }: Checkpoint,
): void {
  const ids = interrupts.map(({ id }) => id);
  const unknown = Object.keys(answers).find((id) => !ids.includes(id));
  if (unknown === undefined) return;
  throw new AikoError("INVALID_ARGUMENT", {
    message: `The thread "${thread}" does not ask "${unknown}"`,
    hint: ids.length === 0 ? "It asks nothing." : `It asks ${ids.map((id) => `"${id}"`).join(", ")}.`,
  });
}

function unfinished(thread: string, status: ThreadStatus): AikoError {
  return new AikoError("INVALID_ARGUMENT", {
    message: `The thread "${thread}" has not ended (${status}), so it takes no new input`,
    hint: "Go on with resume(), or use another thread.",
  });
}

function cannotWait(interrupts: readonly Interrupt[]): AikoError {
  return new AikoError("INVALID_ARGUMENT", {
    message: `${interrupts[0]?.from} asks a person, and the run has no checkpoints to wait in`,
    hint: "Pass checkpoints: memoryCheckpoints() or sqliteCheckpoints(path).",
  });
}
