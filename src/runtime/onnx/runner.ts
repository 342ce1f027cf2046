import { Worker } from "node:worker_threads";
import { AikoError } from "../../errors.ts";
import type { Address, OnnxLibrary } from "./library.ts";

export type RunArguments = Parameters<OnnxLibrary["run"]>;

/** Bytes to copy from one place in memory to another. */
export type Copy = readonly [to: Address, from: Address, bytes: number];

export type RunnerRequest =
  | { readonly id: number; readonly args: RunArguments }
  | { readonly id: number; readonly copies: readonly Copy[] };

export interface RunnerResult {
  /** Null, or the address of an error. Addresses mean the same in every thread. */
  readonly status: Address | null;
  readonly ms: number;
}

export interface RunnerReply extends RunnerResult {
  readonly id: number;
}

/**
 * Posted once by the thread. Until then it keeps the process alive: koffi aborts the process when its thread ends while it
 * is loaded.
 */
export const runnerIsReady = "ready";

interface Pending {
  readonly resolve: (result: RunnerResult) => void;
  readonly reject: (error: AikoError) => void;
}

/** A worker thread that calls ONNX Runtime on memory of the JavaScript thread, which must stay referenced until it answers. */
export class Runner {
  readonly #runAddress: Address;
  readonly #pending = new Map<number, Pending>();
  #worker: Worker | undefined;
  #sequence = 0;

  constructor(runAddress: Address) {
    this.#runAddress = runAddress;
  }

  /** Starts the thread, so that the first run does not wait for it. */
  start(): Worker {
    if (this.#worker !== undefined) return this.#worker;
    const url = new URL("runner-worker.js", import.meta.url);
    const worker = new Worker(url, { execArgv: [], workerData: this.#runAddress });
    worker.on("message", (reply: RunnerReply | typeof runnerIsReady) => {
      const id = reply === runnerIsReady ? 0 : reply.id;
      const pending = this.#pending.get(id);
      this.#pending.delete(id);
      if (this.#pending.size === 0) worker.unref();
      if (reply !== runnerIsReady) pending?.resolve(reply);
    });
    worker.on("error", (cause) => this.#fail(worker, cause));
    worker.on("exit", (status) => this.#fail(worker, status));
    this.#worker = worker;
    return worker;
  }

  run(args: RunArguments): Promise<RunnerResult> {
    return this.#ask({ id: ++this.#sequence, args });
  }

  async copy(copies: readonly Copy[]): Promise<void> {
    await this.#ask({ id: ++this.#sequence, copies });
  }

  #ask(request: RunnerRequest): Promise<RunnerResult> {
    const worker = this.start();
    return new Promise((resolve, reject) => {
      this.#pending.set(request.id, { resolve, reject });
      worker.ref();
      worker.postMessage(request);
    });
  }

  #fail(worker: Worker, cause: unknown): void {
    if (this.#worker === worker) this.#worker = undefined;
    for (const { reject } of this.#pending.values()) {
      reject(new AikoError("INTERNAL", { message: "The thread that runs ONNX Runtime ended", cause }));
    }
    this.#pending.clear();
  }
}
