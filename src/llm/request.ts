import type { z } from "zod";
import type { LimitOptions } from "./limits.ts";
import type {
  ChatRequest,
  DoneReason,
  Embeddings,
  EmbedRequest,
  GenerateRequest,
  OutputFormat,
  ToolCall,
  Usage,
} from "./provider.ts";
import type { RetryOptions } from "./retry.ts";

/** What the answer has to be: a zod schema, a JSON schema, or "json" for any JSON. */
export type FormatInput = z.ZodType | OutputFormat;

/** The type of `value` in an answer of a format. */
export type ValueOf<F> = F extends z.ZodType<infer Value> ? Value : F extends undefined ? undefined : unknown;

export type GenerateInput<F extends FormatInput | undefined = FormatInput | undefined> = Omit<
  GenerateRequest,
  "format"
> & { readonly format?: F };

export type ChatInput<F extends FormatInput | undefined = FormatInput | undefined> = Omit<
  ChatRequest,
  "format"
> & { readonly format?: F };

export type EmbedInput = Omit<EmbedRequest, "input"> & { readonly input: string | readonly string[] };

export interface CallOptions extends LimitOptions, RetryOptions {
  readonly signal?: AbortSignal | undefined;
  /** How often an answer that does not fit `format` is asked for again, with what was wrong. Default 1. */
  readonly outputRetries?: number | undefined;
}

export interface EmbedOptions extends CallOptions {
  /** `false` sends the call by itself; `caller` says who asks: callers take turns. */
  readonly batch?: false | { readonly caller?: string | undefined } | undefined;
}

/** One request, as published on the channel `aikoryu:llm`. Times in milliseconds. */
export interface LlmReport {
  readonly kind: "generate" | "chat" | "embed";
  /** The name of the provider that answered; empty where none was reached. */
  readonly provider: string;
  readonly model: string;
  /** Requests sent for it: above 1 where some were retried. */
  readonly attempts: number;
  /** Calls that one request answered: above 1 where concurrent embeddings were merged. */
  readonly merged: number;
  /** From the call to the first piece. */
  readonly firstPieceMs: number | undefined;
  readonly totalMs: number;
  readonly promptTokens: number | undefined;
  readonly outputTokens: number | undefined;
  readonly promptTokensPerSecond: number | undefined;
  readonly outputTokensPerSecond: number | undefined;
  /** The code of the error it ended with. */
  readonly error: string | undefined;
}

/** The whole answer of a model. */
export interface Answer<Value = unknown> {
  readonly text: string;
  /** What the model was thinking; empty where it does not say. */
  readonly thinking: string;
  readonly toolCalls: readonly ToolCall[];
  readonly reason: DoneReason;
  readonly usage: Usage;
  readonly provider: string;
  readonly model: string;
  /** The text, parsed and checked, where the request has a `format`; undefined where the model calls tools instead. */
  readonly value: Value;
  readonly report: LlmReport;
}

export interface EmbedAnswer extends Embeddings {
  readonly provider: string;
  readonly report: LlmReport;
}
