import { AikoError } from "../../errors.ts";
import type { ChatMessage, ChatRequest, GenerateRequest, Sampling } from "../provider.ts";

/** What the command reads from stdin. Throws UNSUPPORTED for what only the HTTP API can do. */
export function generatePrompt(request: GenerateRequest): string {
  assertPossible(request);
  refuse(request.suffix, "a suffix");
  refuse(request.images, "pictures");
  refuse(request.raw || undefined, "a raw prompt");
  return request.system === undefined ? request.prompt : `${request.system}\n\n${request.prompt}`;
}

/**
 * A conversation as one prompt, because the command takes no other: one message of a user as it is, more of them with "User:",
 * "Assistant:" and "System:" before each, and "Assistant:" at the end. Throws UNSUPPORTED.
 */
export function chatPrompt(request: ChatRequest): string {
  assertPossible(request);
  refuse(request.tools?.length ? request.tools : undefined, "tools");
  const { messages } = request;
  for (const message of messages) {
    refuse(message.images?.length ? message.images : undefined, "pictures");
    refuse(message.role === "tool" ? message : undefined, "messages of tools");
  }
  const [only, second] = messages;
  if (only?.role === "user" && second === undefined) return only.content;
  return `${messages.map(rendered).join("\n\n")}\n\nAssistant:`;
}

function rendered({ role, content }: ChatMessage): string {
  return `${role === "system" ? "System" : role === "user" ? "User" : "Assistant"}: ${content}`;
}

function assertPossible({ format, sampling }: GenerateRequest | ChatRequest): void {
  if (format !== undefined && format !== "json")
    refuse(format, "a schema (--format json is there, without one)");
  for (const [name, value] of Object.entries(sampling ?? ({} satisfies Sampling))) {
    refuse(value, `sampling.${name}`);
  }
}

function refuse(value: unknown, what: string): void {
  if (value === undefined) return;
  throw new AikoError("UNSUPPORTED", {
    message: `The ollama command takes no ${what.replace(/^a /, "")}`,
    hint: "Use Ollama over HTTP: set OLLAMA_HOST to where its server listens.",
  });
}
