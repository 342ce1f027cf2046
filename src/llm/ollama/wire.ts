import { z } from "zod";
import { harmless } from "../../core/display-text.ts";
import { AikoError } from "../../errors.ts";
import type { Usage } from "../provider.ts";

const count = z.number().nonnegative().optional();
const text = z.string().nullish();

const timing = {
  done: z.boolean().optional(),
  done_reason: text,
  total_duration: count,
  load_duration: count,
  prompt_eval_count: count,
  prompt_eval_duration: count,
  eval_count: count,
  eval_duration: count,
};

const toolCalls = z
  .array(
    z.object({
      id: text,
      function: z.object({ name: z.string(), arguments: z.record(z.string(), z.unknown()).nullish() }),
    }),
  )
  .nullish();

const details = z.object({ family: text, parameter_size: text, quantization_level: text }).nullish();

/** A line of `/api/generate`. */
export const generateLine = z.object({ ...timing, response: text, thinking: text });

/** A line of `/api/chat`. */
export const chatLine = z.object({
  ...timing,
  message: z.object({ content: text, thinking: text, tool_calls: toolCalls }).nullish(),
});

/** `/api/embed`, without its numbers. */
export const embedEnd = z.object({ ...timing, model: text });

export const versionAnswer = z.object({ version: z.string() });

export const tagsAnswer = z.object({
  models: z
    .array(z.object({ name: z.string(), modified_at: text, size: count, digest: text, details }))
    .nullish(),
});

export const psAnswer = z.object({
  models: z
    .array(
      z.object({ name: z.string(), size: count, size_vram: count, expires_at: text, context_length: count }),
    )
    .nullish(),
});

export const showAnswer = z.object({
  details,
  template: text,
  capabilities: z.array(z.string()).nullish(),
  modified_at: text,
  model_info: z.record(z.string(), z.unknown()).nullish(),
});

export const pullLine = z.object({ status: z.string(), total: count, completed: count });

export type Timing = z.infer<typeof embedEnd>;

/** Reads what a server sent. Throws PROTOCOL_VIOLATION. */
export function read<T>(schema: z.ZodType<T>, value: unknown, from: string): T {
  const { success, data, error } = schema.safeParse(value);
  if (success) return data;
  throw new AikoError("PROTOCOL_VIOLATION", {
    message: `${from} sent what is no answer of Ollama: ${harmless(z.prettifyError(error).replaceAll("\n", " "))}`,
    hint: "Is an Ollama server listening there, and not something else?",
  });
}

/** Ollama counts in nanoseconds. */
export function usageOf(timing: Timing, started: number): Usage {
  const ms = (ns: number | undefined) => (ns === undefined ? undefined : ns / 1e6);
  return {
    promptTokens: timing.prompt_eval_count,
    outputTokens: timing.eval_count,
    loadMs: ms(timing.load_duration),
    promptMs: ms(timing.prompt_eval_duration),
    outputMs: ms(timing.eval_duration),
    totalMs: ms(timing.total_duration) ?? performance.now() - started,
  };
}
