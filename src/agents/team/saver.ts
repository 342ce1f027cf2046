import { type Cell, snapshotOf } from "./cell.ts";
import type { Checkpoint, Checkpoints, ThreadStatus } from "./checkpoints.ts";
import type { Interrupt } from "./interrupt.ts";
import { fromStoredText, toStoredText } from "./json.ts";

/**
 * When checkpoints are written: "sync", before the next step begins; "async", while it runs; "exit", when the run ends,
 * which is when nothing of it survives a crash.
 */
export type Durability = "exit" | "async" | "sync";

/** What `Checkpoint.content` is. */
export interface Content {
  readonly cell: Cell;
  readonly interrupts: readonly Interrupt[];
}

export function contentOf(checkpoint: Checkpoint): Content {
  return fromStoredText(checkpoint.content) as Content;
}

/** Writes the checkpoints of one run, in order. */
export class Saver {
  readonly #checkpoints: Checkpoints | undefined;
  readonly #thread: string;
  readonly #durability: Durability;
  readonly #forkedFrom: string | undefined;
  /** Ends with the last write that was asked for. */
  #writing: Promise<void> = Promise.resolve();
  /** The next write of what tasks have done, until it begins. */
  #tasks: Promise<void> | undefined;
  #isFinished = false;

  constructor(
    checkpoints: Checkpoints | undefined,
    thread: string,
    durability: Durability,
    forkedFrom: string | undefined,
  ) {
    this.#checkpoints = checkpoints;
    this.#thread = thread;
    this.#durability = durability;
    this.#forkedFrom = forkedFrom;
  }

  /** Rejects with what an earlier write failed with. */
  async save(cell: Cell): Promise<void> {
    if (this.#checkpoints === undefined || this.#durability === "exit" || this.#isFinished) return;
    const before = this.#writing;
    const written = this.#put(cell, "running", []);
    await (this.#durability === "sync" ? written : before);
  }

  /**
   * The same for something within a step. What comes while a write is under way is one write: each of many tasks that end
   * together would write all of them.
   */
  async saveTask(cell: Cell): Promise<void> {
    if (this.#checkpoints === undefined || this.#durability === "exit" || this.#isFinished) return;
    this.#tasks ??= this.#after(async () => {
      this.#tasks = undefined;
      if (!this.#isFinished) await this.#write(snapshotOf(cell), "running", []);
    });
    if (this.#durability === "sync") await this.#tasks;
  }

  /** The last one; resolves when it is stored, whatever the durability. */
  async finish(cell: Cell, status: ThreadStatus, interrupts: readonly Interrupt[] = []): Promise<void> {
    this.#isFinished = true;
    if (this.#checkpoints === undefined) return;
    await this.#put(cell, status, interrupts);
  }

  #put(cell: Cell, status: ThreadStatus, interrupts: readonly Interrupt[]): Promise<void> {
    this.#tasks = undefined;
    const snapshot = snapshotOf(cell);
    return this.#after(() => this.#write(snapshot, status, interrupts));
  }

  async #write(cell: Cell, status: ThreadStatus, interrupts: readonly Interrupt[]): Promise<void> {
    const what = `${cell.kind} "${cell.name}"`;
    const content = await toStoredText({ cell, interrupts } satisfies Content, what);
    const { step } = cell;
    const forkedFrom = this.#forkedFrom;
    await this.#checkpoints?.put({
      thread: this.#thread,
      step,
      status,
      savedAt: Date.now(),
      content,
      forkedFrom,
    });
  }

  #after(write: () => Promise<void>): Promise<void> {
    this.#writing = this.#writing.then(write);
    this.#writing.catch(() => {});
    return this.#writing;
  }
}
