import { AikoError } from "../../errors.ts";
import type { Checkpoints } from "./checkpoints.ts";

const running = new WeakMap<Checkpoints, Set<string>>();

/** Keeps two runs from writing the same thread; dispose it when the run has ended. */
export function claimThread(checkpoints: Checkpoints | undefined, thread: string): Disposable {
  if (typeof thread !== "string" || thread === "" || thread.includes("\0")) {
    throw new AikoError("INVALID_ARGUMENT", {
      message: `A thread cannot be called ${JSON.stringify(thread)}`,
    });
  }
  if (checkpoints === undefined) return { [Symbol.dispose]: () => {} };
  const threads = running.get(checkpoints) ?? new Set();
  running.set(checkpoints, threads);
  if (threads.has(thread)) {
    throw new AikoError("INVALID_ARGUMENT", { message: `The thread "${thread}" is being run already` });
  }
  threads.add(thread);
  return { [Symbol.dispose]: () => threads.delete(thread) };
}
