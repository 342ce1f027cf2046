import { AikoError } from "../errors.ts";
import type { Misfit, Question } from "./ask.ts";
import { type Format, formatOf } from "./format.ts";
import type { ChatMessage, ChatRequest, GenerateRequest } from "./provider.ts";
import type { ChatInput, FormatInput, GenerateInput } from "./request.ts";

/** Throws INVALID_ARGUMENT for a request that no model could answer. */
export function generateQuestion(input: GenerateInput): Question {
  assertModel(input);
  if (typeof input.prompt !== "string") throw wrong(`prompt is ${typeof input.prompt}, not a text`);
  const { format: _, ...rest } = input;
  const format = formatFrom(input.format);
  const request: GenerateRequest = { ...rest, ...(format === undefined ? {} : { format: format.output }) };
  return {
    kind: "generate",
    model: input.model,
    format,
    open: (provider, misfit, signal) =>
      provider.generate(
        misfit === undefined
          ? request
          : { ...request, prompt: `${request.prompt}\n\n${misfit.text}\n\n${correction(misfit)}` },
        { signal },
      ),
  };
}

/** Throws INVALID_ARGUMENT for a request that no model could answer. */
export function chatQuestion(input: ChatInput): Question {
  assertModel(input);
  assertMessages(input.messages);
  const { format: _, ...rest } = input;
  const format = formatFrom(input.format);
  const request: ChatRequest = { ...rest, ...(format === undefined ? {} : { format: format.output }) };
  return {
    kind: "chat",
    model: input.model,
    format,
    open: (provider, misfit, signal) => {
      if (misfit === undefined) return provider.chat(request, { signal });
      const messages: readonly ChatMessage[] = [
        ...request.messages,
        { role: "assistant", content: misfit.text },
        { role: "user", content: correction(misfit) },
      ];
      return provider.chat({ ...request, messages }, { signal });
    },
  };
}

function formatFrom(input: FormatInput | undefined): Format | undefined {
  return input === undefined ? undefined : formatOf(input);
}

function correction({ problem }: Misfit): string {
  return `That answer does not fit the format: ${problem}\nAnswer again with nothing but JSON that fits.`;
}

const roles: readonly string[] = ["system", "user", "assistant", "tool"];

function assertMessages(messages: readonly ChatMessage[]): void {
  if (!Array.isArray(messages) || messages.length === 0)
    throw wrong("messages is not a list of one or more messages");
  messages.forEach((message, at) => {
    if (typeof message?.content !== "string") throw wrong(`messages[${at}].content is not a text`);
    if (!roles.includes(message.role)) {
      throw wrong(`messages[${at}].role is ${JSON.stringify(message.role)}, not one of ${roles.join(", ")}`);
    }
  });
}

/** Throws INVALID_ARGUMENT. */
export function assertModel(request: { readonly model: string } | undefined): void {
  const model = request?.model;
  if (typeof model === "string" && model.trim() !== "") return;
  throw wrong("model is not the name of a model", "gpu.llm.models() lists what is there.");
}

function wrong(message: string, hint?: string): AikoError {
  return new AikoError("INVALID_ARGUMENT", { message, hint });
}
