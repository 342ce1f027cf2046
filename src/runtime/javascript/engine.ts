import { availableParallelism } from "node:os";
import { abortError } from "../abort.ts";
import { WorkerPool } from "./pool.ts";
import { loadTask, type Task, type TaskArray } from "./task.ts";

export interface JavascriptRequest {
  /** The module with the task: `new URL("./host/sort.js", import.meta.url).href`. */
  readonly module: string;
  /** Name of the exported task. */
  readonly name: string;
  /** Read and written in place, wherever the task runs. */
  readonly arrays: readonly TaskArray[];
  /** Anything that can be cloned. */
  readonly parameters?: unknown;
  /** Loop iterations, about. Small tasks run at once on the JavaScript thread. Default: large. */
  readonly effort?: number;
  readonly signal?: AbortSignal | undefined;
}

export interface JavascriptOutcome {
  /** What the task returned. */
  readonly value: unknown;
  readonly runMs: number;
}

/** At about a nanosecond each, waking a thread costs as much. */
const mostHere = 100_000;

/**
 * Runs typed-array TypeScript off the JavaScript thread without copying: as many threads as processors, each on the
 * caller's own arrays, which must not be changed meanwhile. For work that no engine does.
 */
export class JavascriptEngine {
  readonly #pool = new WorkerPool(availableParallelism());
  readonly #tasks = new Map<string, Task>();

  /** Threads that can run at once: split work into so many parts. */
  readonly parallelism = availableParallelism();

  /** Rejects with ABORTED before it starts, and with what the task throws. */
  async run(request: JavascriptRequest): Promise<JavascriptOutcome> {
    const { module, name, arrays, parameters, effort = Number.POSITIVE_INFINITY, signal } = request;
    if (signal?.aborted) throw abortError(signal, name);
    const task = effort <= mostHere ? await this.#task(module, name) : undefined;
    const start = performance.now();
    const value =
      task === undefined
        ? await this.#pool.run({ module, name, arrays, parameters })
        : task(arrays, parameters as never);
    return { value, runMs: performance.now() - start };
  }

  async #task(module: string, name: string): Promise<Task> {
    const key = `${name} ${module}`;
    const known = this.#tasks.get(key);
    if (known !== undefined) return known;
    const task = await loadTask(module, name);
    this.#tasks.set(key, task);
    return task;
  }
}

/** The process shares one pool of threads. */
export const javascriptEngine = new JavascriptEngine();
