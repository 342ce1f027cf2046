import { AikoError, isAikoError, toAikoError } from "../errors.ts";
import { type BatchContext, Batcher } from "../runtime/index.ts";
import { publishLlm } from "./channel.ts";
import { Limits } from "./limits.ts";
import type { Embeddings } from "./provider.ts";
import type { Providers } from "./providers.ts";
import { assertModel } from "./questions.ts";
import { reportOf } from "./report.ts";
import type { EmbedAnswer, EmbedInput, EmbedOptions } from "./request.ts";
import { Retries } from "./retry.ts";

interface Call {
  readonly input: readonly string[];
  readonly options: EmbedOptions;
}

interface Part extends Embeddings {
  readonly provider: string;
  readonly attempts: number;
  readonly merged: number;
}

/** Texts of one request at most; a call with more is sent in parts. */
const mostTexts = 256;

/** Embeddings of texts; concurrent calls of one model become one request. */
export class Embedding implements Disposable {
  readonly #providers: Providers;
  readonly #batchers = new Map<string, Batcher<Call, Part>>();

  constructor(providers: Providers) {
    this.#providers = providers;
  }

  async embed(request: EmbedInput, options: EmbedOptions): Promise<EmbedAnswer> {
    assertModel(request);
    const { model } = request;
    const started = performance.now();
    const input = inputOf(request.input);
    using limits = new Limits(options, options.signal, `embed by ${model}`);
    let part: Part | undefined;
    const finish = (error?: unknown) => {
      const { provider = "", attempts = 1, merged = 1, usage } = part ?? {};
      const report = reportOf({
        kind: "embed",
        provider,
        model,
        attempts,
        merged,
        firstPieceMs: undefined,
        started,
        usage,
        error,
      });
      publishLlm(report);
      return report;
    };
    try {
      const asked = slices(input).map((slice) =>
        this.#ask({ input: slice, options }, request, limits.signal),
      );
      part = joined(await limits.race(Promise.all(asked)));
      return {
        model: part.model,
        provider: part.provider,
        embeddings: part.embeddings,
        usage: part.usage,
        report: finish(),
      };
    } catch (error) {
      limits.cancel();
      finish(error);
      throw error;
    }
  }

  [Symbol.dispose](): void {
    for (const batcher of this.#batchers.values()) batcher.dispose();
    this.#batchers.clear();
  }

  async #ask(call: Call, request: EmbedInput, signal: AbortSignal): Promise<Part> {
    const { batch } = call.options;
    if (batch !== false) return await this.#batcher(request, call.options).run(call, { ...batch, signal });
    const [part] = await this.#send([call], signal, request);
    if (part === undefined || part instanceof Error) throw part;
    return part;
  }

  /** Of calls that may share a request: what one asks for is not decided by another. */
  #batcher(request: EmbedInput, { retries, retryDelayMs }: EmbedOptions): Batcher<Call, Part> {
    const { model, dimensions, truncate, keepAliveMs } = request;
    const key = JSON.stringify(
      [model, dimensions, truncate, keepAliveMs, retries, retryDelayMs].map((value) => String(value)),
    );
    const known = this.#batchers.get(key);
    if (known !== undefined) return known;
    for (const [old, batcher] of this.#batchers) if (batcher.isIdle) this.#batchers.delete(old);
    const batcher = new Batcher<Call, Part>({
      name: `llm.embed ${model}`,
      maxBatchSize: mostTexts,
      execute: (calls, batch) => this.#execute(calls, batch, request),
    });
    this.#batchers.set(key, batcher);
    return batcher;
  }

  async #execute(
    calls: readonly Call[],
    { signal }: BatchContext,
    request: EmbedInput,
  ): Promise<(Part | Error)[]> {
    const results: (Part | Error)[] = [];
    for (const group of grouped(calls)) results.push(...(await this.#send(group, signal, request)));
    return results;
  }

  async #send(calls: readonly Call[], signal: AbortSignal, request: EmbedInput): Promise<(Part | Error)[]> {
    const input = calls.flatMap((call) => call.input);
    const retries = new Retries(calls[0]?.options ?? {});
    try {
      for (;;) {
        retries.attempts++;
        try {
          const { provider, answer } = await this.#providers.withModel(
            request.model,
            signal,
            async (provider) => ({
              provider: provider.name,
              answer: await provider.embed({ ...request, input }, { signal }),
            }),
          );
          return shared(calls, answer, input.length, provider, retries.attempts);
        } catch (error) {
          await retries.pause(error, signal);
        }
      }
    } catch (error) {
      const isOfOne = isAikoError(error, "CONTEXT_EXCEEDED") || isAikoError(error, "INVALID_ARGUMENT");
      if (isOfOne && calls.length > 1) {
        const alone: (Part | Error)[] = [];
        for (const call of calls) alone.push(...(await this.#send([call], signal, request)));
        return alone;
      }
      return calls.map(() => toAikoError(error));
    }
  }
}

function inputOf(input: string | readonly string[]): readonly string[] {
  const texts = typeof input === "string" ? [input] : input;
  if (Array.isArray(texts) && texts.length > 0 && texts.every((text) => typeof text === "string"))
    return texts;
  throw new AikoError("INVALID_ARGUMENT", {
    message: "input is not a text, nor a list of one or more texts",
  });
}

function slices(input: readonly string[]): readonly (readonly string[])[] {
  const parts: (readonly string[])[] = [];
  for (let at = 0; at < input.length; at += mostTexts) parts.push(input.slice(at, at + mostTexts));
  return parts;
}

/** Calls together as long as their texts fit one request. */
function grouped(calls: readonly Call[]): readonly (readonly Call[])[] {
  const groups: Call[][] = [];
  let texts = mostTexts;
  for (const call of calls) {
    texts += call.input.length;
    if (texts > mostTexts) {
      groups.push([]);
      texts = call.input.length;
    }
    groups.at(-1)?.push(call);
  }
  return groups;
}

function shared(
  calls: readonly Call[],
  answer: Embeddings,
  expected: number,
  provider: string,
  attempts: number,
): (Part | Error)[] {
  const { model, embeddings, usage } = answer;
  if (embeddings.length !== expected) {
    const message = `${provider} gave ${embeddings.length} embeddings for ${expected} texts`;
    return calls.map(() => new AikoError("PROTOCOL_VIOLATION", { message }));
  }
  let at = 0;
  return calls.map(({ input }) => {
    const start = at;
    at += input.length;
    return {
      model,
      embeddings: embeddings.slice(start, at),
      usage: calls.length === 1 ? usage : { ...usage, promptTokens: undefined, promptMs: undefined },
      provider,
      attempts,
      merged: calls.length,
    };
  });
}

function joined(parts: readonly Part[]): Part {
  const [first] = parts;
  if (first === undefined) throw new AikoError("INTERNAL", { message: "embed has no parts" });
  if (parts.length === 1) return first;
  const sum = (of: (part: Part) => number | undefined) => {
    const all = parts.map(of);
    return all.every((value) => value !== undefined) ? all.reduce((a, b) => a + b, 0) : undefined;
  };
  return {
    ...first,
    embeddings: parts.flatMap(({ embeddings }) => embeddings),
    attempts: parts.reduce((total, { attempts }) => total + attempts, 0),
    merged: Math.max(...parts.map(({ merged }) => merged)),
    usage: {
      promptTokens: sum(({ usage }) => usage.promptTokens),
      outputTokens: undefined,
      loadMs: sum(({ usage }) => usage.loadMs),
      promptMs: sum(({ usage }) => usage.promptMs),
      outputMs: undefined,
      totalMs: parts.reduce((total, { usage }) => total + usage.totalMs, 0),
    },
  };
}
