import { type Expression, input, type ScalarType } from "../../expression/index.ts";

/** Types of agents' and messages' fields: one word each. */
export type FieldType = "f32" | "i32" | "u32";

/**
 * What expressions read, by name, and which are the same in every rendering:
 * `me3` and `message3` are columns, `dx`, `dy`, `dz` and `squared` lead from the agent to the message, `weight` is the
 * edge's, `fold2` an accumulator, `random5` a number from 0 before 1, `step` the step.
 */
export class Inputs {
  readonly names: string[] = [];
  readonly types: ScalarType[] = [];
  readonly #made = new Map<string, Expression>();

  get(name: string, type: ScalarType): Expression {
    let made = this.#made.get(name);
    if (made === undefined) {
      made = input(this.names.length, type);
      this.names.push(name);
      this.types.push(type);
      this.#made.set(name, made);
    }
    return made;
  }
}

/** Agents write messages: a value for each field, and where the message belongs. */
export interface PostProgram {
  readonly inputs: Inputs;
  readonly fields: readonly Expression[];
  /** Of these, those that place the message on the board. */
  readonly place: readonly number[];
  /** Agents for which it is false write none. */
  readonly when?: Expression | undefined;
}

export interface Accumulator {
  readonly type: FieldType;
  readonly initial: Expression;
  /** Of what it was, the agent and one message. */
  readonly next: Expression;
}

/** Agents change: without `accumulators` by themselves, else by the messages that they see. */
export interface ReactProgram {
  readonly inputs: Inputs;
  readonly types: readonly FieldType[];
  readonly accumulators: readonly Accumulator[];
  /** Where the agent looks: as many as the board has dimensions. */
  readonly at: readonly Expression[];
  /** New values of columns; all others stay. */
  readonly writes: readonly { readonly column: number; readonly value: Expression }[];
  /** Agents for which it is false are gone after the step. */
  readonly alive?: Expression | undefined;
  /** A new agent where `when` holds: a value for each column from 1. */
  readonly child?: { readonly when: Expression; readonly columns: readonly Expression[] } | undefined;
}

/** Where messages are on a board and which of them an agent sees. */
export interface BoardForm {
  readonly kind: "brute" | "bucket" | "spatial" | "array" | "graph";
  readonly dimensions: 1 | 2 | 3;
  /** Cells in each direction, 1 where there is none. Messages are in the order of their cells. */
  readonly cells: readonly [number, number, number];
  /** How many cells an agent looks to either side along each axis. */
  readonly reach: readonly [number, number, number];
  readonly wrap: boolean;
  readonly neighbourhood: "moore" | "vonNeumann";
  /** Of arrays: whether agents see what is at their own place. */
  readonly own: boolean;
  /** Of space: where cells start, how many there are in a unit of length, how long space is; f32. */
  readonly origin: readonly number[];
  readonly cellsPerUnit: readonly number[];
  readonly period: readonly number[];
  readonly radius: number;
  /** Of graphs. */
  readonly vertices: number;
  readonly edges: number;
  /** An agent that would see more messages is an error. */
  readonly limit: number;
}

export function cellCount({ cells }: BoardForm): number {
  return cells[0] * cells[1] * cells[2];
}

/** Words about faults: how many, and the first agent. One such pair of each of `faultKinds` a stage and step. */
export const faultKinds = ["misplaced", "duplicate", "crowded"] as const;
export const faultWords = 2 * faultKinds.length;
