import { randomUUID } from "node:crypto";
import { AikoError } from "../../errors.ts";

/** "running" is also what a process that was killed leaves behind. */
export type ThreadStatus = "running" | "interrupted" | "failed" | "done";

/** One moment of a thread: all that is needed to go on from there. */
export interface Checkpoint {
  readonly thread: string;
  /** Steps that are complete. A thread has one checkpoint for each, the newest. */
  readonly step: number;
  readonly status: ThreadStatus;
  /** Milliseconds since 1970. */
  readonly savedAt: number;
  /** The thread and step that this thread was forked from: "chat/3". */
  readonly forkedFrom?: string | undefined;
  /** JSON: what ran and how far it came. */
  readonly content: string;
}

/** Where runs leave what they need to go on. */
export interface Checkpoints extends AsyncDisposable {
  /** "memory", "sqlite" */
  readonly name: string;
  /** Replaces the checkpoint of the same thread and step. Resolves when it is stored for good. Rejects with WRITE_FAILED. */
  put(checkpoint: Checkpoint): Promise<void>;
  /** The newest of a thread. */
  latest(thread: string): Promise<Checkpoint | undefined>;
  at(thread: string, step: number): Promise<Checkpoint | undefined>;
  /** All of a thread, oldest first, without their content. */
  history(thread: string): Promise<readonly Omit<Checkpoint, "content">[]>;
  threads(): Promise<readonly string[]>;
  delete(thread: string): Promise<void>;
}

export interface ForkOptions {
  /** Default: the newest. */
  readonly step?: number | undefined;
  /** The new thread. Default: a random name. */
  readonly as?: string | undefined;
}

/** Copies one checkpoint to a new thread, to go on from there in another way. Resolves with the new thread's name. */
export async function fork(
  checkpoints: Checkpoints,
  thread: string,
  options: ForkOptions = {},
): Promise<string> {
  const { step, as = randomUUID() } = options;
  const found = step === undefined ? await checkpoints.latest(thread) : await checkpoints.at(thread, step);
  if (found === undefined) throw noCheckpoint(thread, step);
  if ((await checkpoints.latest(as)) !== undefined) {
    throw new AikoError("INVALID_ARGUMENT", { message: `The thread "${as}" exists already` });
  }
  await checkpoints.put({ ...found, thread: as, forkedFrom: `${thread}/${found.step}`, savedAt: Date.now() });
  return as;
}

export function noCheckpoint(thread: string, step?: number): AikoError {
  const where = step === undefined ? "" : ` at step ${step}`;
  return new AikoError("INVALID_ARGUMENT", {
    message: `The thread "${thread}" has no checkpoint${where}`,
    hint: "checkpoints.threads() and checkpoints.history(thread) list what there is.",
  });
}
