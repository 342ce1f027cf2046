import { Worker } from "node:worker_threads";
import type { Handle } from "../../core/native.ts";
import { AikoError } from "../../errors.ts";
import type { Cublas } from "./cublas.ts";
import type { Cuda } from "./library.ts";

/** A library, by the name of its functions' table and by what the loader knows it as. */
export interface DriverLibrary {
  readonly kind: "cuda" | "cublas";
  readonly path: string;
  /** Files to load before it. */
  readonly before: readonly string[];
}

export interface DriverRequest {
  readonly id: number;
  readonly library: DriverLibrary;
  readonly name: keyof Cuda | keyof Cublas;
  /** Addresses mean the same in every thread. */
  readonly args: readonly (Handle | string)[];
}

export type DriverReply =
  | { readonly id: number; readonly status: number }
  | { readonly id: number; readonly failure: string };

interface Pending {
  readonly resolve: (status: number) => void;
  readonly reject: (error: AikoError) => void;
  /** Memory that the call uses. */
  readonly keep: unknown;
}

/**
 * A thread for calls that block: waits, module loading, opening and closing. CUDA's current context belongs to a
 * thread, so that those of libuv's pool, where koffi's asynchronous calls land, cannot be used. Calls run one by one.
 */
export class DriverThread {
  readonly #cuda: DriverLibrary;
  readonly #pending = new Map<number, Pending>();
  readonly #context: Handle;
  #worker: Worker | undefined;
  #sequence = 0;
  #isAbandoned = false;

  /** `context` becomes current when the thread starts; 0 for none yet. */
  constructor(path: string, context: Handle = 0) {
    this.#cuda = { kind: "cuda", path, before: [] };
    this.#context = context;
  }

  /** Resolves to the CUresult. */
  call(name: keyof Cuda, args: readonly (Handle | string)[], keep?: unknown): Promise<number> {
    return this.callIn(this.#cuda, name, args, keep);
  }

  /** Loads `library` on first use. Rejects with UNSUPPORTED where it does not load. */
  callIn(
    library: DriverLibrary,
    name: DriverRequest["name"],
    args: DriverRequest["args"],
    keep?: unknown,
  ): Promise<number> {
    if (this.#isAbandoned) {
      const message = "A call to the CUDA driver never returned";
      return Promise.reject(new AikoError("DEVICE_LOST", { message }));
    }
    const worker = this.#start();
    const request: DriverRequest = { id: ++this.#sequence, library, name, args };
    return new Promise((resolve, reject) => {
      this.#pending.set(request.id, { resolve, reject, keep });
      worker.ref();
      worker.postMessage(request);
    });
  }

  #start(): Worker {
    if (this.#worker !== undefined) return this.#worker;
    const url = new URL("thread-worker.js", import.meta.url);
    const worker = new Worker(url, { execArgv: [] });
    worker.on("message", (reply: DriverReply) => {
      const pending = this.#pending.get(reply.id);
      this.#pending.delete(reply.id);
      if (this.#pending.size === 0) worker.unref();
      if ("status" in reply) pending?.resolve(reply.status);
      else pending?.reject(new AikoError("UNSUPPORTED", { message: reply.failure }));
    });
    worker.on("error", (cause) => this.#fail(worker, cause));
    worker.on("exit", (status) => this.#fail(worker, status));
    worker.unref();
    this.#worker = worker;
    if (this.#context !== 0) void this.call("cuCtxSetCurrent", [this.#context]).catch(() => {});
    return worker;
  }

  #fail(worker: Worker, cause: unknown): void {
    if (this.#worker !== worker) return;
    this.#worker = undefined;
    for (const { reject } of this.#pending.values()) {
      reject(new AikoError("INTERNAL", { message: "The thread that calls the CUDA driver ended", cause }));
    }
    this.#pending.clear();
  }

  /** Only when no call is under way. */
  async end(): Promise<void> {
    const worker = this.#worker;
    this.#worker = undefined;
    worker?.removeAllListeners();
    await worker?.terminate();
  }

  /** No longer keeps the process alive for calls that will not return. */
  abandon(): void {
    this.#isAbandoned = true;
    this.#worker?.unref();
  }
}
