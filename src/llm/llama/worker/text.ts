import type { Token } from "node-llama-cpp";
import { AikoError } from "../../../errors.ts";
import type { ChatMessage, ChatRequest, GenerateRequest, Piece } from "../../provider.ts";
import type { TextEnd } from "../protocol.ts";
import { respond } from "./chat.ts";
import { complete } from "./completion.ts";
import type { Grammars } from "./grammar.ts";
import type { TextJob } from "./job.ts";
import type { LoadedModel } from "./loaded-model.ts";

export async function generate(
  model: LoadedModel,
  grammars: Grammars,
  request: GenerateRequest,
  emit: (piece: Piece) => void,
  signal: AbortSignal,
): Promise<TextEnd> {
  const { prompt, system, suffix, raw = false } = request;
  refuseImages(request.images);
  const grammar = await grammars.of(request.format);
  const job: TextJob = { sampling: request.sampling, grammar, emit, signal };
  if (suffix !== undefined && suffix !== "") {
    return await complete(model, infill(model, prompt, suffix), job);
  }
  if (raw) return await complete(model, model.tokenize(prompt, true), job);
  const messages: ChatMessage[] = [{ role: "user", content: prompt }];
  if (system !== undefined && system !== "") messages.unshift({ role: "system", content: system });
  return await answer(model, { ...request, messages }, job);
}

export async function chat(
  model: LoadedModel,
  grammars: Grammars,
  request: ChatRequest,
  emit: (piece: Piece) => void,
  signal: AbortSignal,
): Promise<TextEnd> {
  for (const { images } of request.messages) refuseImages(images);
  const grammar = await grammars.of(request.format);
  return await answer(model, request, { sampling: request.sampling, grammar, emit, signal });
}

/** Models without a template get the texts as they are; with tools, a template that explains these. */
async function answer(model: LoadedModel, request: ChatRequest, job: TextJob): Promise<TextEnd> {
  const hasTools = (request.tools ?? []).length > 0;
  if (model.hasTemplate || hasTools) return await respond(model, request, job);
  const text = request.messages.map(({ content }) => content).join("\n\n");
  return await complete(model, model.tokenize(text, false), job);
}

function infill(model: LoadedModel, before: string, after: string): Token[] {
  const { bos, infill: marks } = model.model.tokens;
  const { prefix, suffix, middle } = marks;
  if (prefix === null || suffix === null || middle === null) {
    throw new AikoError("UNSUPPORTED", {
      message: `${model.name} has no tokens for text around a gap`,
      hint: "Leave out `suffix`, or take a model that was trained to fill in.",
    });
  }
  const parts = [
    prefix,
    ...model.model.tokenize(before, false),
    suffix,
    ...model.model.tokenize(after, false),
    middle,
  ];
  return bos === null || !model.model.tokens.shouldPrependBosToken ? parts : [bos, ...parts];
}

function refuseImages(images: readonly Uint8Array[] | undefined): void {
  if (images === undefined || images.length === 0) return;
  throw new AikoError("UNSUPPORTED", {
    message: "The embedded engine reads no pictures",
    hint: "Use a model with vision through Ollama.",
  });
}
