import { type ChildProcess, fork } from "node:child_process";
import { fileURLToPath } from "node:url";
import { AikoError } from "../../errors.ts";
import type { Piece } from "../provider.ts";
import type {
  EngineInfo,
  EngineRequest,
  EngineSettings,
  ErrorText,
  FromEngine,
  ToEngine,
} from "./protocol.ts";

export interface Asked<T> {
  /** Rejects at once when the signal fires. */
  readonly result: Promise<T>;
  /** Resolves when the engine is done with it. */
  readonly ended: Promise<void>;
}

export interface AskOptions {
  readonly signal?: AbortSignal | undefined;
  readonly onPiece?: ((piece: Piece) => void) | undefined;
}

interface Pending {
  readonly type: EngineRequest["type"] | "start";
  readonly onPiece: ((piece: Piece) => void) | undefined;
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: AikoError) => void;
}

interface Running {
  readonly child: ChildProcess;
  readonly info: Promise<EngineInfo>;
  readonly pending: Map<number, Pending>;
  /** Cancellations that it has not heard yet: timers that end it. */
  readonly unheard: Map<number, NodeJS.Timeout>;
  /** The end of what it wrote to stderr: why llama.cpp gave up. */
  lastWords: string;
}

const mostLastWords = 2000;
/** How llama.cpp ends over a file that it cannot cope with. */
const faults: ReadonlySet<string> = new Set(["SIGABRT", "SIGSEGV", "SIGFPE", "SIGBUS", "SIGILL"]);

/**
 * The process that runs llama.cpp, which on some faults ends the one it is in; and a thread with a native addon at work cannot
 * be ended without that either. It starts with the first question, keeps its parent alive only while it has one, and ends
 * with it; a new one takes the place of one that ended.
 */
export class EngineProcess {
  readonly #settings: EngineSettings;
  readonly #onEnd: () => void;
  readonly #patienceMs: number;
  #running: Running | undefined;
  #info: EngineInfo | undefined;
  #sequence = 0;

  /**
   * `onEnd` is called when a process has ended: what was loaded in it is gone. One that does not hear a cancellation for
   * `patienceMs` is stuck, in a file's endless template perhaps, and is ended.
   */
  constructor(settings: EngineSettings, onEnd: () => void, patienceMs = 15_000) {
    this.#settings = settings;
    this.#onEnd = onEnd;
    this.#patienceMs = patienceMs;
  }

  /** Of the last process that started. */
  get lastInfo(): EngineInfo | undefined {
    return this.#info;
  }

  /** Rejects with ENGINE_MISSING. */
  async info(): Promise<EngineInfo> {
    return await this.#start().info;
  }

  ask<T>(request: EngineRequest, { signal, onPiece }: AskOptions = {}): Asked<T> {
    const running = this.#start();
    const id = ++this.#sequence;
    let onAbort = () => {};
    const answer = new Promise<unknown>((resolve, reject) => {
      running.pending.set(id, { type: request.type, onPiece, resolve, reject });
    });
    const result = new Promise<T>((resolve, reject) => {
      answer.then((value) => resolve(value as T), reject);
      onAbort = () => {
        if (running.pending.has(id)) this.#cancel(running, id);
        const message = `A ${request.type} request was aborted`;
        reject(new AikoError("ABORTED", { message, cause: signal?.reason }));
      };
    });
    keepAlive(running, true);
    try {
      post(running, { id, ask: request });
    } catch (cause) {
      const error = new AikoError("INVALID_ARGUMENT", { message: "The request cannot be copied", cause });
      running.pending.get(id)?.reject(error);
      settle(running, id);
    }
    if (signal?.aborted) onAbort();
    else signal?.addEventListener("abort", onAbort, { once: true });
    const stopListening = () => signal?.removeEventListener("abort", onAbort);
    return { result, ended: answer.then(stopListening, stopListening) };
  }

  /** Ends the process; what it was doing rejects with DISPOSED. */
  async dispose(): Promise<void> {
    const running = this.#running;
    if (running === undefined) return;
    this.#running = undefined;
    failAll(running, new AikoError("DISPOSED", { message: "The embedded engine was disposed" }));
    await kill(running.child);
  }

  #cancel(running: Running, id: number): void {
    post(running, { id, cancel: true });
    const timer = setTimeout(() => void kill(running.child), this.#patienceMs);
    timer.unref();
    running.unheard.set(id, timer);
  }

  #start(): Running {
    if (this.#running !== undefined) return this.#running;
    const child = fork(fileURLToPath(new URL("worker/worker.js", import.meta.url)), {
      execArgv: [],
      // To sample eight tokens woke four threads in turns: eight callers got 0.6 of the tokens a second.
      env: { ...process.env, UV_THREADPOOL_SIZE: "1" },
      serialization: "advanced",
      stdio: ["ignore", "ignore", "pipe", "ipc"],
    });
    const pending = new Map<number, Pending>();
    const info = new Promise<EngineInfo>((resolve, reject) => {
      pending.set(0, {
        type: "start",
        onPiece: undefined,
        resolve: (value) => resolve(value as EngineInfo),
        reject,
      });
    });
    info.catch(() => {});
    const running: Running = { child, info, pending, unheard: new Map(), lastWords: "" };
    this.#running = running;
    child.on("message", (messages: readonly FromEngine[]) => {
      for (const message of messages) this.#receive(running, message);
    });
    child.on("error", (cause) => this.#end(running, cause.message, cause));
    child.on("exit", (code, signal) => this.#end(running, signal ?? `exit code ${code}`, undefined));
    child.stderr?.setEncoding("utf8").on("data", (text: string) => {
      running.lastWords = (running.lastWords + text).slice(-mostLastWords);
    });
    post(running, { settings: this.#settings });
    return running;
  }

  #receive(running: Running, message: FromEngine): void {
    const { pending } = running;
    if ("ready" in message) {
      this.#info = message.ready;
      pending.get(0)?.resolve(message.ready);
      settle(running, 0);
    } else if ("failed" in message) {
      if (this.#running === running) this.#running = undefined;
      failAll(running, errorOf(message.failed));
      void kill(running.child);
    } else if ("heard" in message) {
      clearTimeout(running.unheard.get(message.id));
      running.unheard.delete(message.id);
    } else if ("piece" in message) {
      pending.get(message.id)?.onPiece?.(message.piece);
    } else {
      const asked = pending.get(message.id);
      if ("error" in message) asked?.reject(errorOf(message.error));
      else asked?.resolve(message.value);
      settle(running, message.id);
    }
  }

  #end(running: Running, how: string, cause: unknown): void {
    if (this.#running === running) this.#running = undefined;
    for (const timer of running.unheard.values()) clearTimeout(timer);
    const words = running.lastWords.trim();
    const message = `The process of llama.cpp ended (${how})${words === "" ? "" : `: ${words}`}`;
    const hint = "The next call starts a new one.";
    for (const pending of running.pending.values()) {
      const isOverFile = pending.type === "load" && faults.has(how);
      if (isOverFile) pending.reject(new AikoError("INVALID_FILE", { message, cause }));
    }
    failAll(running, new AikoError("SERVER_FAILED", { message, hint, cause }));
    this.#onEnd();
  }
}

/** Throws where the message cannot be copied; to a process that has ended nothing is sent. */
function post({ child }: Running, message: ToEngine): void {
  if (child.connected) child.send(message, () => {});
}

function settle(running: Running, id: number): void {
  running.pending.delete(id);
  if (running.pending.size === 0) keepAlive(running, false);
}

/** Whether the process, and what it is heard through, keep this one alive. */
function keepAlive({ child }: Running, isBusy: boolean): void {
  for (const handle of [child, child.channel, child.stderr]) {
    if (handle === null || handle === undefined) continue;
    const method = isBusy && handle !== child.stderr ? "ref" : "unref";
    if (method in handle) (handle as { ref(): void; unref(): void })[method]();
  }
}

function failAll({ pending }: Running, error: AikoError): void {
  for (const { reject } of [...pending.values()]) reject(error);
  pending.clear();
}

function errorOf({ code, message, hint }: ErrorText): AikoError {
  return new AikoError(code, { message, hint });
}

async function kill(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null || child.pid === undefined) return;
  const ended = new Promise<void>((resolve) => child.once("exit", () => resolve()));
  child.ref();
  child.kill("SIGKILL");
  await ended;
}
