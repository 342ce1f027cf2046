import { z } from "zod";
import type { DoneReason, OutputFormat, Sampling, ToolCall, Usage } from "../../../llm/index.ts";
import { type Call, tellIgnored, useModel } from "../call.ts";
import { badField, count, flag, number, object, requireShallow, samplingOf, text } from "../fields.ts";
import { tokensOf } from "../pieces.ts";

/** What chat and completions share. */
export const common = {
  model: z.string().min(1),
  stream: flag,
  stream_options: z.object({ include_usage: flag }).nullish(),
  temperature: z.number().min(0).nullish(),
  top_p: number,
  max_tokens: count,
  seed: count,
  stop: z.union([z.string(), z.array(z.string())]).nullish(),
  n: z.literal(1, { error: "only 1 is supported" }).nullish(),
  frequency_penalty: number,
  presence_penalty: number,
  logit_bias: object.nullish(),
};

const shape = z.object(common);
type Common = z.output<typeof shape>;

/** What OpenAI's API takes where nothing is said, not what Ollama's own does. */
export const implied = { temperature: 1, topP: 1 } as const;

export function samplingFrom(
  call: Call,
  body: Common,
  maxTokens: number | null | undefined,
): Sampling | undefined {
  const { frequency_penalty, presence_penalty, logit_bias } = body;
  const unheeded = Object.entries({ frequency_penalty, presence_penalty });
  const ignored = unheeded.filter(([, value]) => value).map(([name]) => name);
  if (Object.keys(logit_bias ?? {}).length > 0) ignored.push("logit_bias");
  tellIgnored(call, ignored);
  return samplingOf({
    temperature: body.temperature,
    topP: body.top_p,
    seed: body.seed,
    maxTokens,
    stop: typeof body.stop === "string" ? [body.stop] : body.stop,
  });
}

export function nameModel(call: Call, body: Pick<Common, "model">): string {
  return useModel(call, body.model);
}

export const functionShape = z.object({
  name: z.string().min(1),
  description: text,
  parameters: object.nullish(),
});

export function definitionOf(given: z.output<typeof functionShape>, at: string) {
  requireShallow(given.parameters, `${at}.parameters`);
  return {
    name: given.name,
    description: given.description ?? undefined,
    parameters: given.parameters ?? { type: "object", properties: {} },
  };
}

/** A schema in response_format or text.format. */
export function schemaFormat(schema: Record<string, unknown>, at: string): OutputFormat {
  requireShallow(schema, at);
  return schema;
}

/** The arguments of a call, which OpenAI writes as text. */
export function argumentsOf(given: string, at: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(given === "" ? "{}" : given);
    requireShallow(value, at);
    if (typeof value === "object" && value !== null && !Array.isArray(value)) return { ...value };
  } catch {}
  throw badField(at, "not the text of a JSON object");
}

/** A picture came as a data URL, by itself or as `url` of an object; none is fetched. */
export function imageOf(given: unknown, at: string): Uint8Array {
  const isObject = typeof given === "object" && given !== null && "url" in given;
  const image = isObject ? given.url : given;
  if (image instanceof Uint8Array) return image;
  throw badField(
    isObject ? `${at}.url` : at,
    "expected a data URL with a PNG, JPEG, WebP or GIF in base64; no other URL is fetched",
  );
}

export function finishReason(reason: DoneReason, calls: number): "stop" | "length" | "tool_calls" {
  if (calls > 0 || reason === "tool") return "tool_calls";
  return reason;
}

export function callOf({ id, name, arguments: given }: ToolCall, unique: string) {
  return {
    id: id ?? `call_${unique}`,
    type: "function" as const,
    function: { name, arguments: JSON.stringify(given) },
  };
}

export function usageOf(usage: Usage) {
  const { prompt, output, total } = tokensOf(usage);
  return { prompt_tokens: prompt, completion_tokens: output, total_tokens: total };
}

export function seconds(): number {
  return Math.floor(Date.now() / 1000);
}
