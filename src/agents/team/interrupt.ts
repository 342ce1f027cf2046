import { AikoError } from "../../errors.ts";

/** A question to a person, at which a run waits. */
export interface Interrupt {
  /** Names the question in `resume`. */
  readonly id: string;
  /** What `interrupt(value)` was called with. */
  readonly value: unknown;
  /** Which node or tool asks. */
  readonly from: string;
}

/** Ends a node or tool that waits for a person; it runs again when there is an answer. Let it pass: do not catch it. */
export class Interruption extends AikoError {
  readonly interrupts: readonly Interrupt[];

  constructor(interrupts: readonly Interrupt[]) {
    super("ABORTED", { message: `Waits for ${interrupts.length} answers of a person` });
    this.interrupts = interrupts;
  }
}
