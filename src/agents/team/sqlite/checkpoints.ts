import { resolve } from "node:path";
import type { Checkpoint, Checkpoints } from "../checkpoints.ts";
import { checkCount } from "../text.ts";
import { DatabaseClient } from "./client.ts";

export interface SqliteOptions {
  /** The most the file may take; what does not fit rejects with WRITE_FAILED. Default: what the disk has. */
  readonly maxBytes?: number | undefined;
}

/**
 * Checkpoints in one SQLite file, which is made where there is none. What is written survives `kill -9` and a loss of power
 * (synchronous FULL). One process at a time has the file. Methods reject with INVALID_FILE for a file that is damaged or of
 * another program, WRITE_FAILED, INVALID_ARGUMENT where the file is in use, ENGINE_MISSING. Dispose it to close the file.
 */
export function sqliteCheckpoints(path: string, { maxBytes }: SqliteOptions = {}): Checkpoints {
  if (maxBytes !== undefined) checkCount(maxBytes, 1, "maxBytes");
  const client = new DatabaseClient({ path: resolve(path), maxBytes });
  return {
    name: "sqlite",
    put: async (checkpoint) => {
      await client.call("put", checkpoint);
    },
    latest: async (thread) => (await client.call("latest", thread)) as Checkpoint | undefined,
    at: async (thread, step) => (await client.call("at", thread, step)) as Checkpoint | undefined,
    history: async (thread) => {
      const all = (await client.call("history", thread)) as readonly Checkpoint[];
      return all.map(({ content: _, ...rest }) => rest);
    },
    threads: async () => (await client.call("threads")) as readonly string[],
    delete: async (thread) => {
      await client.call("delete", thread);
    },
    [Symbol.asyncDispose]: () => client.close(),
  };
}
