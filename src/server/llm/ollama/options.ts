import { z } from "zod";
import type { Sampling } from "../../../llm/index.ts";
import type { Call } from "../call.ts";
import { tellIgnored, useModel } from "../call.ts";
import { badField, count, number, object, samplingOf, text } from "../fields.ts";

export const model = { model: text, name: text };

interface Named {
  readonly model?: string | null | undefined;
  readonly name?: string | null | undefined;
}

/** Older clients say "name". */
export function modelOf(call: Call, body: Named): string {
  const name = body.model || body.name;
  if (name) return useModel(call, name);
  throw badField("model", "is required");
}

export const options = z
  .looseObject({
    temperature: z.number().min(0).nullish(),
    top_k: count,
    top_p: number,
    min_p: number,
    repeat_penalty: number,
    seed: count,
    num_predict: count,
    num_ctx: count,
    stop: z.union([z.array(z.string()), z.string()]).nullish(),
  })
  .nullish();

/** How to run the model, not what to answer: the provider knows better. */
const hints = new Set(
  "numa num_batch num_gpu main_gpu low_vram f16_kv vocab_only use_mmap use_mlock num_thread num_keep".split(
    " ",
  ),
);

export function samplingFrom(call: Call, given: z.output<typeof options>): Sampling | undefined {
  if (given === undefined || given === null) return undefined;
  const { temperature, top_k, top_p, min_p, repeat_penalty, seed, num_predict, num_ctx, stop, ...others } =
    given;
  tellIgnored(
    call,
    Object.keys(others).filter((name) => !hints.has(name)),
  );
  return samplingOf({
    temperature,
    topK: top_k,
    topP: top_p,
    minP: min_p,
    repeatPenalty: repeat_penalty,
    seed,
    maxTokens: num_predict,
    contextLength: num_ctx,
    stop: typeof stop === "string" ? [stop] : stop,
  });
}

export const toolCall = z.object({
  id: text,
  function: z.object({ name: z.string(), arguments: object.nullish() }),
});

export const tool = z.object({
  type: z.literal("function").nullish(),
  function: z.object({ name: z.string().min(1), description: text, parameters: object.nullish() }),
});
