import { AikoError } from "../../errors.ts";
import type { ChatMessage, ChatRequest, EmbedRequest, GenerateRequest, Sampling } from "../provider.ts";

/** What `/api/generate` takes. */
export function generateBody(request: GenerateRequest): object {
  return {
    ...common(request),
    prompt: request.prompt,
    system: request.system,
    suffix: request.suffix,
    images: request.images?.map(base64),
    raw: request.raw,
  };
}

/** What `/api/chat` takes. */
export function chatBody(request: ChatRequest): object {
  return {
    ...common(request),
    messages: request.messages.map(messageBody),
    tools: request.tools?.map((tool) => ({ type: "function", function: tool })),
  };
}

/** What `/api/embed` takes. */
export function embedBody(request: EmbedRequest): object {
  const { model, input, dimensions, truncate, keepAliveMs } = request;
  return { model, input, dimensions, truncate, keep_alive: keepAlive(keepAliveMs) };
}

/** A duration as Ollama reads it: negative means forever. Throws INVALID_ARGUMENT. */
export function keepAlive(ms: number | undefined): string | number | undefined {
  if (ms === undefined) return undefined;
  if (ms === Infinity) return -1;
  if (ms >= 0) return ms === 0 ? 0 : `${Math.ceil(ms)}ms`;
  throw new AikoError("INVALID_ARGUMENT", {
    message: `keepAliveMs is ${ms}, not a time of 0 or more in milliseconds`,
    hint: "Infinity keeps the model loaded.",
  });
}

function common(request: GenerateRequest | ChatRequest): object {
  return {
    model: request.model,
    stream: true,
    format: request.format,
    think: request.think,
    keep_alive: keepAlive(request.keepAliveMs),
    options: request.sampling === undefined ? undefined : optionsOf(request.sampling),
  };
}

function optionsOf(sampling: Sampling): object {
  return {
    temperature: sampling.temperature,
    top_k: sampling.topK,
    top_p: sampling.topP,
    min_p: sampling.minP,
    repeat_penalty: sampling.repeatPenalty,
    seed: sampling.seed,
    num_predict: sampling.maxTokens,
    stop: sampling.stop,
    num_ctx: sampling.contextLength,
  };
}

function messageBody(message: ChatMessage): object {
  return {
    role: message.role,
    content: message.content,
    thinking: message.thinking,
    images: message.images?.map(base64),
    tool_calls: message.toolCalls?.map(({ id, name, arguments: given }) => ({
      id,
      function: { name, arguments: given },
    })),
    tool_name: message.toolName,
    tool_call_id: message.toolCallId,
  };
}

function base64(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("base64");
}
