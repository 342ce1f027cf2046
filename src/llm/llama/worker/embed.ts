import type { LlamaEmbeddingContext, Token } from "node-llama-cpp";
import { AikoError } from "../../../errors.ts";
import type { EmbedRequest } from "../../provider.ts";
import type { EmbedResult } from "../protocol.ts";
import type { LoadedModel } from "./loaded-model.ts";
import { aborted } from "./sequence-pool.ts";

/** Rows of length one; with `dimensions`, the first numbers of each, brought to length one again. */
export async function embed(
  model: LoadedModel,
  { input, dimensions, truncate = true }: EmbedRequest,
  signal: AbortSignal,
): Promise<EmbedResult> {
  const { embeddingVectorSize } = model.model;
  if (dimensions !== undefined && dimensions > embeddingVectorSize) {
    throw new AikoError("INVALID_ARGUMENT", {
      message: `${dimensions} dimensions were asked for; the embeddings of ${model.name} have ${embeddingVectorSize}`,
    });
  }
  const context = await model.embedding();
  const inputs = input.map((text) => fitting(model, context, text, truncate));
  const start = performance.now();
  const embeddings: Float32Array[] = [];
  for (const tokens of inputs) {
    if (signal.aborted) throw aborted();
    const { vector } = await context.getEmbeddingFor(tokens);
    embeddings.push(normalised(Float32Array.from(vector.slice(0, dimensions ?? embeddingVectorSize))));
  }
  const promptTokens = inputs.reduce((sum, { length }) => sum + length, 0);
  return { embeddings, promptTokens, promptMs: performance.now() - start };
}

function fitting(
  model: LoadedModel,
  context: LlamaEmbeddingContext,
  text: string,
  truncate: boolean,
): Token[] {
  const tokens = model.tokenize(text, false);
  // The context adds a token that ends the input, and takes one less than it holds.
  const most = model.contextLength - 1;
  const length = context.calculateInputLength([...tokens]);
  if (length <= most) return tokens;
  if (truncate) return tokens.slice(0, most - (length - tokens.length));
  throw new AikoError("CONTEXT_EXCEEDED", {
    message: `An input has ${length} tokens; the context takes ${most}`,
    hint: "Shorten it, or pass truncate: true.",
  });
}

function normalised(vector: Float32Array): Float32Array {
  const length = Math.sqrt(vector.reduce((sum, value) => sum + value * value, 0));
  return length === 0 ? vector : vector.map((value) => value / length);
}
