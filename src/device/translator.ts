import { clearTimeout, setTimeout } from "node:timers";
import type { Worker } from "node:worker_threads";
import { AikoError, type ErrorCode, toAikoError } from "../errors.ts";
import { KernelError, type Span } from "../wgsl/diagnostics.ts";
import type { Target, TranslateOptions, Translation } from "../wgsl/index.ts";

export interface TranslationRequest {
  readonly id: number;
  readonly source: string;
  readonly target: Target;
  readonly options: TranslateOptions;
}

/** An error as it crosses threads: its class and methods do not. */
export interface TranslationFailure {
  readonly code: ErrorCode;
  readonly message: string;
  readonly hint: string | undefined;
  /** Present for a KernelError. */
  readonly place: { readonly span: Span; readonly problem: string } | undefined;
}

export type TranslationReply =
  | { readonly id: number; readonly translation: Translation }
  | { readonly id: number; readonly failure: TranslationFailure };

interface Pending {
  readonly request: TranslationRequest;
  readonly resolve: (translation: Translation) => void;
  readonly reject: (error: unknown) => void;
}

/** Programs compile at their start and rarely later. */
const idleMs = 5_000;

/**
 * Translates kernels on a thread of its own: the first translations of a process, before they are compiled by V8, held
 * JavaScript for up to 70 ms. The thread starts with the first request, ends when there are none for a while, and keeps
 * the process alive only while one is pending.
 */
export class Translator {
  readonly #pending = new Map<number, Pending>();
  #thread: Promise<Worker> | undefined;
  #idle: NodeJS.Timeout | undefined;
  #answered = false;
  #sequence = 0;

  /** Rejects as `translate` throws. */
  translate(source: string, target: Target, options: TranslateOptions): Promise<Translation> {
    const request = { id: ++this.#sequence, source, target, options };
    return new Promise((resolve, reject) => {
      this.#pending.set(request.id, { request, resolve, reject });
      clearTimeout(this.#idle);
      this.#thread ??= this.#start();
      this.#thread.then(
        (thread) => {
          thread.ref();
          thread.postMessage(request);
        },
        (error: unknown) => this.#fail(error),
      );
    });
  }

  async #start(): Promise<Worker> {
    const { Worker } = await import("node:worker_threads");
    this.#answered = false;
    // Flags such as --input-type, inherited by default, keep a worker from starting.
    const thread = new Worker(new URL("translator-worker.js", import.meta.url), { execArgv: [] });
    thread.on("message", (reply: TranslationReply) => this.#settle(thread, reply));
    thread.on("error", (error) => this.#fail(error));
    thread.on("exit", (status) => this.#fail(`the translator thread ended with status ${status}`));
    return thread;
  }

  #settle(thread: Worker, reply: TranslationReply): void {
    this.#answered = true;
    const pending = this.#pending.get(reply.id);
    this.#pending.delete(reply.id);
    if (this.#pending.size === 0) this.#rest(thread);
    if (pending === undefined) return;
    if ("translation" in reply) pending.resolve(reply.translation);
    else pending.reject(errorOf(reply.failure, pending.request.source));
  }

  #rest(thread: Worker): void {
    thread.unref();
    this.#idle = setTimeout(() => {
      thread.removeAllListeners();
      this.#thread = undefined;
      void thread.terminate();
    }, idleMs);
    this.#idle.unref();
  }

  /** A thread that never worked, as in a bundle without its file, is done without. */
  #fail(cause: unknown): void {
    const pending = [...this.#pending.values()];
    this.#pending.clear();
    this.#thread = undefined;
    for (const { request, resolve, reject } of pending) {
      if (this.#answered) reject(toAikoError(cause));
      else translateHere(request).then(resolve, reject);
    }
  }
}

async function translateHere({ source, target, options }: TranslationRequest): Promise<Translation> {
  const { translate } = await import("../wgsl/index.ts");
  return translate(source, target, options);
}

function errorOf({ code, message, hint, place }: TranslationFailure, source: string): AikoError {
  if (place !== undefined) {
    const kernelCode = code === "UNSUPPORTED" ? code : "INVALID_KERNEL";
    return new KernelError(source, place.span, place.problem, hint, kernelCode);
  }
  return new AikoError(code, { message, hint });
}

/** The process shares one thread. */
export const translator = new Translator();
