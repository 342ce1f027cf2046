import type { Checkpoint, Checkpoints } from "./checkpoints.ts";

/** Checkpoints that end with the process. */
export function memoryCheckpoints(): Checkpoints {
  const threads = new Map<string, Map<number, Checkpoint>>();
  const sorted = (thread: string) =>
    [...(threads.get(thread)?.values() ?? [])].sort((a, b) => a.step - b.step);
  return {
    name: "memory",
    put: async (checkpoint) => {
      const steps = threads.get(checkpoint.thread) ?? new Map<number, Checkpoint>();
      threads.set(checkpoint.thread, steps.set(checkpoint.step, { ...checkpoint }));
    },
    latest: async (thread) => sorted(thread).at(-1),
    at: async (thread, step) => threads.get(thread)?.get(step),
    history: async (thread) => sorted(thread).map(({ content: _, ...rest }) => rest),
    threads: async () => [...threads.keys()].sort(),
    delete: async (thread) => {
      threads.delete(thread);
    },
    [Symbol.asyncDispose]: async () => threads.clear(),
  };
}
