import { AikoError } from "../../errors.ts";
import { noUsage, type UsageTotal } from "./usage.ts";

/** What one task of the step under way has done so far. */
export interface TaskRecord {
  done?: { readonly value: unknown };
  /** What a person answered to its questions, in the order in which it asks. */
  answers?: unknown[];
  /** Runs inside it, in the order in which it starts them. */
  cells?: Cell[];
}

/** What makes a cell, and may go on with it. */
export interface Maker {
  readonly kind: string;
  readonly name: string;
  /** What the state relies on, for people to read: a run cannot go on with another shape. */
  readonly shape: string;
}

/** A run as a checkpoint holds it. */
export interface Cell extends Maker {
  /** Steps that are complete. */
  step: number;
  /** The step at which the last input came. */
  began: number;
  state: unknown;
  tasks: Record<string, TaskRecord>;
  usage: UsageTotal;
}

export function newCell(machine: Maker & { start(input: unknown): unknown }, input: unknown): Cell {
  const { kind, name, shape } = machine;
  return { kind, name, shape, step: 0, began: 0, state: machine.start(input), tasks: {}, usage: noUsage };
}

/** A copy that stays as it is. States are never changed, only replaced. */
export function snapshotOf(cell: Cell): Cell {
  const tasks = Object.entries(cell.tasks).map(([key, { done, answers, cells }]): [string, TaskRecord] => [
    key,
    {
      ...(done === undefined ? {} : { done }),
      ...(answers === undefined ? {} : { answers: [...answers] }),
      ...(cells === undefined ? {} : { cells: cells.map(snapshotOf) }),
    },
  ]);
  return { ...cell, tasks: Object.fromEntries(tasks) };
}

/** Rejects where a run was made by something else than this machine. */
export function checkShape(machine: Maker, cell: Cell, what: string): void {
  if (cell.kind === machine.kind && cell.name === machine.name && cell.shape === machine.shape) return;
  throw new AikoError("INVALID_ARGUMENT", {
    message:
      `Cannot go on with ${what}: it was made by the ${cell.kind} "${cell.name}" (${cell.shape}), ` +
      `and this is the ${machine.kind} "${machine.name}" (${machine.shape})`,
    hint: "Resume with what made the checkpoint, or start a new thread.",
  });
}
