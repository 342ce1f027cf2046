import type { Context } from "@opentelemetry/api";
import type { Cell } from "./cell.ts";
import type { ChatSource } from "./chat-source.ts";
import type { TeamEvent } from "./events.ts";
import type { StepContext } from "./step.ts";
import type { UsageTotal } from "./usage.ts";

/** Something that runs in steps. After each the state is all there is to know. */
export interface Machine<R> {
  readonly kind: "agent" | "workflow" | "chat" | "broadcast";
  readonly name: string;
  readonly shape: string;
  /** The most steps for one input. */
  readonly maxSteps: number;
  start(input: unknown): unknown;
  /** The state of a run that has ended, with the next input. */
  next(state: unknown, input: unknown): unknown;
  step(state: unknown, context: StepContext): Promise<unknown>;
  /** What the run came to; undefined while it goes on. */
  result(state: unknown): R | undefined;
  /** Of a span around the run. */
  readonly attributes: Readonly<Record<string, string>>;
}

/** The same with the type of its state. */
export interface MachineOf<S, I, R> {
  readonly kind: Machine<R>["kind"];
  readonly name: string;
  readonly shape: string;
  readonly maxSteps: number;
  readonly attributes?: Readonly<Record<string, string>>;
  start(input: I): S;
  next(state: S, input: I): S;
  step(state: S, context: StepContext): Promise<S>;
  result(state: S): R | undefined;
}

export function machineOf<S, I, R>(machine: MachineOf<S, I, R>): Machine<R> {
  return {
    kind: machine.kind,
    name: machine.name,
    shape: machine.shape,
    maxSteps: machine.maxSteps,
    attributes: machine.attributes ?? {},
    start: (input) => machine.start(input as I),
    next: (state, input) => machine.next(state as S, input as I),
    step: (state, context) => machine.step(state as S, context),
    result: (state) => machine.result(state as S),
  };
}

/** What `run` takes: an agent, a workflow, a group chat. */
export interface Runnable<I, R> {
  readonly name: string;
  machine(): Machine<R>;
  /** Only a type: what an input is. */
  readonly input?: I | undefined;
}

/** What all parts of one run share. */
export interface Environment {
  readonly thread: string;
  /** Of agents that have none of their own. */
  readonly provider: ChatSource | undefined;
  readonly locals: unknown;
  /** What a person answered, by the id of the question. */
  readonly answers: ReadonlyMap<string, unknown>;
  /** Where the caller listens, an event arrives; resolves when there is room for more. */
  emit(event: TeamEvent): Promise<void>;
  /** A step is complete: a checkpoint is made. */
  save(): Promise<void>;
  /** A task of the step under way is done. */
  saveTask(): Promise<void>;
  drive<R>(machine: Machine<R>, cell: Cell, scope: Scope): Promise<R>;
}

/** Where in a run we are. */
export interface Scope {
  readonly environment: Environment;
  readonly signal: AbortSignal;
  readonly trace: Context;
  /** Of the run: unique within its thread, and the same when it runs again. */
  readonly path: string;
  /** Adds to the usage of this run and of those around it. */
  use(add: (total: UsageTotal) => UsageTotal): void;
}
