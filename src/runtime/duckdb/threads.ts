import { Worker } from "node:worker_threads";
import { AikoError } from "../../errors.ts";
import { type Answers, type Reply, type Request, type Sent, threadIsReady } from "./request.ts";

export interface Answer<K extends Request["kind"]> {
  readonly value: Answers[K];
  /** Spent on it by the thread, in milliseconds. */
  readonly ms: number;
}

interface Pending {
  readonly sent: Sent;
  /** Memory that the thread reads. */
  readonly keep: unknown;
  readonly started: (() => void) | undefined;
  readonly resolve: (answer: Answer<Request["kind"]>) => void;
  readonly reject: (error: AikoError) => void;
}

export interface AskOptions {
  /** Its first word becomes 1 when nobody wants the answer any more. */
  readonly cancelled?: Int32Array;
  /** Memory that the thread reads. */
  readonly keep?: unknown;
  /** Called when a thread takes the request. */
  readonly started?: () => void;
}

/**
 * Worker threads that call DuckDB, a request each at a time, started when needed. Idle ones keep no process alive; one that is
 * loading koffi does, because koffi aborts a process that ends meanwhile.
 */
export class Threads {
  readonly #library: string;
  readonly #most: number;
  readonly #busy = new Map<Worker, Pending | undefined>();
  readonly #idle: Worker[] = [];
  readonly #waiting: Pending[] = [];

  constructor(library: string, most: number) {
    this.#library = library;
    this.#most = most;
  }

  ask<K extends Request["kind"]>(
    request: Extract<Request, { kind: K }>,
    { cancelled = new Int32Array(new SharedArrayBuffer(4)), keep, started }: AskOptions = {},
  ): Promise<Answer<K>> {
    return new Promise<Answer<Request["kind"]>>((resolve, reject) => {
      this.#waiting.push({ sent: { request, cancelled }, keep, started, resolve, reject });
      this.#next();
    }) as Promise<Answer<K>>;
  }

  /** Rejects a request that no thread took yet. */
  withdraw(request: Request, error: AikoError): boolean {
    const at = this.#waiting.findIndex(({ sent }) => sent.request === request);
    const [pending] = at < 0 ? [] : this.#waiting.splice(at, 1);
    pending?.reject(error);
    return pending !== undefined;
  }

  /** Ends idle threads. */
  end(): void {
    for (const worker of this.#idle.splice(0)) {
      worker.removeAllListeners();
      worker.postMessage(undefined);
    }
  }

  #next(): void {
    const [pending] = this.#waiting;
    if (pending === undefined) return;
    const worker = this.#idle.pop();
    if (worker === undefined) {
      if (this.#busy.size < this.#most) this.#start();
      return;
    }
    this.#waiting.shift();
    this.#busy.set(worker, pending);
    worker.ref();
    pending.started?.();
    worker.postMessage(pending.sent);
    this.#next();
  }

  #start(): void {
    const url = new URL("thread-worker.js", import.meta.url);
    const worker = new Worker(url, { execArgv: [], workerData: this.#library });
    this.#busy.set(worker, undefined);
    worker.on("message", (reply: Reply | typeof threadIsReady) => {
      const pending = this.#busy.get(worker);
      this.#busy.delete(worker);
      this.#idle.push(worker);
      worker.unref();
      if (reply !== threadIsReady && pending !== undefined) settle(pending, reply);
      this.#next();
    });
    worker.on("error", (cause) => this.#fail(worker, cause));
    worker.on("exit", (status) => this.#fail(worker, status));
  }

  #fail(worker: Worker, cause: unknown): void {
    const wasKnown = this.#busy.has(worker) || this.#idle.includes(worker);
    const wasStarting = this.#busy.has(worker) && this.#busy.get(worker) === undefined;
    const pending = wasStarting ? this.#waiting.shift() : this.#busy.get(worker);
    this.#busy.delete(worker);
    const at = this.#idle.indexOf(worker);
    if (at >= 0) this.#idle.splice(at, 1);
    if (!wasKnown) return;
    pending?.reject(new AikoError("INTERNAL", { message: "A thread that runs DuckDB ended", cause }));
    this.#next();
  }
}

function settle(pending: Pending, reply: Reply): void {
  if (!("error" in reply)) {
    pending.resolve(reply);
    return;
  }
  const { code, message, hint } = reply.error;
  const cause = reply.detail === undefined ? undefined : { name: "DuckDB", message: reply.detail };
  pending.reject(new AikoError(code, { message, hint, cause }));
}
