import { Worker } from "node:worker_threads";
import { type Koffi, loadFfi } from "../../core/ffi.ts";
import { AikoError, toAikoError } from "../../errors.ts";
import type { TaskArray } from "./task.ts";
import type { TaskReply, TaskRequest } from "./worker.ts";

export interface PoolTask {
  readonly module: string;
  readonly name: string;
  readonly arrays: readonly TaskArray[];
  readonly parameters: unknown;
}

/** A task on its way; it keeps the arrays alive that a worker points into. */
interface Pending {
  readonly task: PoolTask;
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: AikoError) => void;
}

/** Worker threads that run tasks on the caller's own memory, started when needed; idle ones keep no process alive. */
export class WorkerPool {
  readonly #size: number;
  readonly #busy = new Map<Worker, Pending>();
  readonly #idle: Worker[] = [];
  readonly #waiting: Pending[] = [];
  #koffi: Koffi | undefined;
  #sequence = 0;

  constructor(size: number) {
    this.#size = size;
  }

  async run(task: PoolTask): Promise<unknown> {
    this.#koffi ??= await loadFfi();
    return new Promise((resolve, reject) => {
      this.#waiting.push({ task, resolve, reject });
      this.#next();
    });
  }

  #next(): void {
    const worker = this.#waiting.length === 0 ? undefined : this.#free();
    const pending = worker === undefined ? undefined : this.#waiting.shift();
    if (worker === undefined || pending === undefined) return;
    const { module, name, arrays, parameters } = pending.task;
    const koffi = this.#koffi as Koffi;
    const request: TaskRequest = {
      id: ++this.#sequence,
      module,
      name,
      arrays: arrays.map((array) => ({
        type: array.constructor === Buffer ? "Uint8Array" : array.constructor.name,
        address: array.length === 0 ? 0 : koffi.address(array),
        length: array.length,
      })),
      parameters,
    };
    this.#busy.set(worker, pending);
    worker.ref();
    try {
      worker.postMessage(request);
    } catch (error) {
      this.#settle(worker)?.reject(toAikoError(error, "INVALID_ARGUMENT"));
    }
  }

  #free(): Worker | undefined {
    const idle = this.#idle.pop();
    if (idle !== undefined || this.#busy.size >= this.#size) return idle;
    const worker = new Worker(new URL("worker.js", import.meta.url), { execArgv: [] });
    worker.on("message", (reply: TaskReply) => {
      const pending = this.#settle(worker);
      if ("error" in reply) pending?.reject(new AikoError(reply.error.code, reply.error));
      else pending?.resolve(reply.value);
    });
    worker.on("error", (cause) => this.#end(worker, cause));
    worker.on("exit", (status) => this.#end(worker, status));
    return worker;
  }

  #settle(worker: Worker): Pending | undefined {
    const pending = this.#busy.get(worker);
    this.#busy.delete(worker);
    this.#idle.push(worker);
    worker.unref();
    this.#next();
    return pending;
  }

  #end(worker: Worker, cause: unknown): void {
    const pending = this.#busy.get(worker);
    this.#busy.delete(worker);
    const at = this.#idle.indexOf(worker);
    if (at >= 0) this.#idle.splice(at, 1);
    const message = `The thread that ran ${pending?.task.name} ended`;
    pending?.reject(new AikoError("INTERNAL", { message, cause }));
    this.#next();
  }
}
