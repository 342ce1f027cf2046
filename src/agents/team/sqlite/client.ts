import { Worker } from "node:worker_threads";
import { AikoError } from "../../../errors.ts";
import type { OpenOptions } from "./database.ts";
import type { DatabaseReply, DatabaseRequest } from "./worker.ts";

interface Pending {
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: AikoError) => void;
}

/** The thread that writes: a commit waits for the disk. An idle one keeps no process alive. */
export class DatabaseClient {
  readonly #options: OpenOptions;
  readonly #pending = new Map<number, Pending>();
  #worker: Worker | undefined;
  #opened: Promise<unknown> | undefined;
  #isClosed = false;
  #sequence = 0;

  constructor(options: OpenOptions) {
    this.#options = options;
  }

  async call(method: DatabaseRequest["method"], ...values: readonly unknown[]): Promise<unknown> {
    if (this.#isClosed) {
      throw new AikoError("DISPOSED", { message: `The checkpoints in ${this.#options.path} are closed` });
    }
    this.#opened ??= this.#open();
    await this.#opened;
    return await this.#send(method, values);
  }

  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    try {
      if (this.#opened !== undefined) {
        await this.#opened;
        await this.#send("close", []);
      }
    } catch {
      // What could not be opened is closed.
    } finally {
      await this.#worker?.terminate();
    }
  }

  async #open(): Promise<void> {
    try {
      await this.#send("open", [this.#options]);
    } catch (error) {
      this.#opened = undefined;
      throw error;
    }
  }

  #send(method: DatabaseRequest["method"], values: readonly unknown[]): Promise<unknown> {
    const worker = this.#thread();
    const id = ++this.#sequence;
    return new Promise((resolve, reject) => {
      this.#pending.set(id, { resolve, reject });
      worker.ref();
      worker.postMessage({ id, method, values } satisfies DatabaseRequest);
    });
  }

  #thread(): Worker {
    if (this.#worker !== undefined) return this.#worker;
    const worker = new Worker(new URL("worker.js", import.meta.url), { execArgv: [] });
    this.#worker = worker;
    worker.on("message", (reply: DatabaseReply) => {
      const pending = this.#pending.get(reply.id);
      this.#pending.delete(reply.id);
      if (this.#pending.size === 0) worker.unref();
      if ("error" in reply) pending?.reject(new AikoError(reply.error.code, reply.error));
      else pending?.resolve(reply.value);
    });
    worker.on("error", (cause) => this.#end(worker, cause));
    worker.on("exit", (status) => this.#end(worker, status));
    return worker;
  }

  #end(worker: Worker, cause: unknown): void {
    if (this.#worker !== worker) return;
    this.#worker = undefined;
    this.#opened = undefined;
    const message = `The thread that writes ${this.#options.path} ended`;
    for (const { reject } of this.#pending.values()) reject(new AikoError("INTERNAL", { message, cause }));
    this.#pending.clear();
  }
}
