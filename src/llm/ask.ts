import { harmless } from "../core/display-text.ts";
import { AikoError } from "../errors.ts";
import { publishLlm } from "./channel.ts";
import type { Format } from "./format.ts";
import { Limits } from "./limits.ts";
import type { DoneReason, Piece, Provider, ToolCall, Usage } from "./provider.ts";
import type { Providers } from "./providers.ts";
import { Reply, type ReplySink } from "./reply.ts";
import { reportOf } from "./report.ts";
import type { Answer, CallOptions } from "./request.ts";
import { natural, Retries } from "./retry.ts";

/** An answer that did not fit its format, and why. */
export interface Misfit {
  readonly text: string;
  readonly problem: string;
}

export interface Question {
  readonly kind: "generate" | "chat";
  readonly model: string;
  readonly format: Format | undefined;
  /** The provider's stream; `misfit` is the answer before, where that is to be corrected. */
  open(provider: Provider, misfit: Misfit | undefined, signal: AbortSignal): AsyncIterable<Piece>;
}

const mostCharacters = 64 * 2 ** 20;

/** Sends a question when the reply is first used: with limits, retries, and again where the answer does not fit its format. */
export function ask<Value>(providers: Providers, make: () => Question, options: CallOptions): Reply<Value> {
  return new Reply<Value>(async (sink) => await answer<Value>(providers, make(), options, sink));
}

async function answer<Value>(
  providers: Providers,
  question: Question,
  options: CallOptions,
  sink: ReplySink,
): Promise<Answer<Value>> {
  const { kind, model, format } = question;
  const started = performance.now();
  const what = `${kind} by ${model}`;
  const outputRetries = natural("outputRetries", options.outputRetries ?? 1);
  let provider = "";
  let firstPieceMs: number | undefined;
  let usage: Usage | undefined;
  const retries = new Retries(options);
  const outer = options.signal === undefined ? sink.signal : AbortSignal.any([options.signal, sink.signal]);
  using limits = new Limits(options, outer, what);
  const finish = (error?: unknown) => {
    const report = reportOf({
      kind,
      provider,
      model,
      attempts: retries.attempts,
      firstPieceMs,
      started,
      usage,
      error,
    });
    publishLlm(report);
    return report;
  };
  try {
    let misfit: Misfit | undefined;
    for (let attempt = 0; ; attempt++) {
      const opened = await open(providers, question, misfit, retries, limits);
      provider = opened.provider.name;
      const parts = new Parts(what);
      const take = (piece: Piece) => {
        limits.progress();
        firstPieceMs ??= performance.now() - started;
        parts.add(piece);
        sink.push(piece);
      };
      await limits.race(readPieces(opened, take, limits.signal));
      const done = parts.end();
      usage = done.usage;
      const whole = { ...parts.whole(), reason: done.reason, usage, provider, model };
      if (format === undefined || (whole.toolCalls.length > 0 && whole.text === "")) {
        return { ...whole, value: undefined as Value, report: finish() };
      }
      const read = await limits.race(format.read(whole.text));
      if ("value" in read) return { ...whole, value: read.value as Value, report: finish() };
      misfit = { text: whole.text, problem: read.problem };
      if (attempt >= outputRetries || !sink.restart())
        throw invalidOutput(what, misfit, done.reason, attempt + 1);
    }
  } catch (error) {
    finish(error);
    throw error;
  }
}

interface Opened {
  readonly provider: Provider;
  readonly iterator: AsyncIterator<Piece>;
  readonly first: IteratorResult<Piece>;
}

/** Until the first piece is there, a request can be sent again. */
async function open(
  providers: Providers,
  question: Question,
  misfit: Misfit | undefined,
  retries: Retries,
  limits: Limits,
): Promise<Opened> {
  const { signal } = limits;
  for (;;) {
    retries.attempts++;
    try {
      return await limits.race(
        providers.withModel(question.model, signal, async (provider) => {
          const iterator = question.open(provider, misfit, signal)[Symbol.asyncIterator]();
          const first = await iterator.next();
          if (signal.aborted) void iterator.return?.().catch(() => {});
          return { provider, iterator, first };
        }),
      );
    } catch (error) {
      await limits.race(retries.pause(error, signal));
    }
  }
}

async function readPieces(
  { iterator, first }: Opened,
  take: (piece: Piece) => void,
  signal: AbortSignal,
): Promise<void> {
  try {
    for (let next = first; !next.done && !signal.aborted; next = await iterator.next()) {
      take(next.value);
      if (next.value.done !== undefined) return;
    }
  } finally {
    void iterator.return?.().catch(() => {});
  }
}

class Parts {
  readonly #what: string;
  readonly #toolCalls: ToolCall[] = [];
  #text = "";
  #thinking = "";
  #done: { readonly reason: DoneReason; readonly usage: Usage } | undefined;

  constructor(what: string) {
    this.#what = what;
  }

  add({ text, thinking, toolCalls, done }: Piece): void {
    this.#text += text;
    this.#thinking += thinking ?? "";
    if (toolCalls !== undefined) this.#toolCalls.push(...toolCalls);
    this.#done = done;
    if (this.#text.length + this.#thinking.length <= mostCharacters) return;
    throw new AikoError("RESULT_TOO_LARGE", {
      message: `The answer to ${this.#what} exceeds ${mostCharacters} characters`,
      hint: "Set sampling.maxTokens.",
    });
  }

  end(): { readonly reason: DoneReason; readonly usage: Usage } {
    if (this.#done !== undefined) return this.#done;
    throw new AikoError("PROTOCOL_VIOLATION", {
      message: `The answer to ${this.#what} ended without its last piece, after ${this.#text.length} characters`,
    });
  }

  whole() {
    return { text: this.#text, thinking: this.#thinking, toolCalls: this.#toolCalls };
  }
}

function invalidOutput(
  what: string,
  { text, problem }: Misfit,
  reason: DoneReason,
  times: number,
): AikoError {
  const shown = harmless(text.length > 2_000 ? `${text.slice(0, 2_000)}…` : text);
  return new AikoError("INVALID_OUTPUT", {
    message: `The answer to ${what} does not fit its format, asked ${times === 1 ? "once" : `${times} times`}: ${problem}\n${shown}`,
    hint:
      reason === "length"
        ? "The answer was cut off: raise sampling.maxTokens or contextLength."
        : "Describe the format in the prompt as well, raise outputRetries, or use a larger model.",
  });
}
