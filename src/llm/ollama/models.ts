import type { z } from "zod";
import type { ModelInfo, RunningModel } from "../provider.ts";
import type { psAnswer, showAnswer, tagsAnswer } from "./wire.ts";

type Tagged = NonNullable<z.infer<typeof tagsAnswer>["models"]>[number];
type Loaded = NonNullable<z.infer<typeof psAnswer>["models"]>[number];

export function modelOf({ name, size, modified_at, digest, details }: Tagged): ModelInfo {
  return {
    name,
    bytes: size,
    modifiedAt: dateOf(modified_at),
    digest: digest ?? undefined,
    ...detailsOf(details),
  };
}

export function runningOf({ name, size, size_vram, expires_at, context_length }: Loaded): RunningModel {
  return {
    name,
    bytes: size,
    gpuBytes: size_vram,
    contextLength: context_length,
    expiresAt: soon(dateOf(expires_at)),
  };
}

export function shownOf(name: string, answer: z.infer<typeof showAnswer>): ModelInfo {
  const { details, template, capabilities, modified_at, model_info: metadata } = answer;
  const contextLength = metadata?.[`${String(metadata["general.architecture"])}.context_length`];
  return {
    name,
    bytes: undefined,
    modifiedAt: dateOf(modified_at),
    ...detailsOf(details),
    contextLength: typeof contextLength === "number" ? contextLength : undefined,
    capabilities: capabilities ?? undefined,
    template: template ?? undefined,
    metadata: metadata ?? undefined,
  };
}

function detailsOf(details: Tagged["details"]) {
  return {
    family: details?.family || undefined,
    parameters: details?.parameter_size || undefined,
    quantization: details?.quantization_level || undefined,
  };
}

function dateOf(text: string | null | undefined): Date | undefined {
  const ms = Date.parse(text ?? "");
  return Number.isNaN(ms) ? undefined : new Date(ms);
}

/** "Forever" is a date centuries ahead. */
function soon(date: Date | undefined): Date | undefined {
  const century = 100 * 365 * 86_400_000;
  return date === undefined || date.getTime() - Date.now() > century ? undefined : date;
}
