import { AikoError } from "../../errors.ts";
import type { ChatMessage, ToolCall } from "../../llm/index.ts";
import type { Attempt } from "./attempts.ts";

/** What a user says: a text, or a conversation. */
export type AgentInput = string | readonly ChatMessage[];

export interface AgentResult<Output> {
  /** Of the agent that answered last: its text, or what its schema made of it. */
  readonly output: Output;
  readonly text: string;
  /** Who answered. */
  readonly agent: string;
  /** The conversation, without instructions. */
  readonly messages: readonly ChatMessage[];
  /** The agents that had the conversation, in order. */
  readonly trail: readonly string[];
  /** Answers that were not taken. */
  readonly attempts: readonly Attempt[];
}

/** All there is to know between two steps: a step is one model call, or the calls of tools that came of it. */
export interface AgentState {
  readonly agent: string;
  readonly messages: readonly ChatMessage[];
  readonly trail: readonly string[];
  readonly turn: number;
  /** The text that input guardrails have yet to see. */
  readonly unchecked: string | undefined;
  /** Calls of tools that have no result yet. */
  readonly calls: readonly NumberedCall[] | undefined;
  readonly attempts: readonly Attempt[];
  readonly answer: { readonly text: string; readonly output: unknown } | undefined;
}

export interface NumberedCall extends ToolCall {
  readonly id: string;
}

/** Throws INVALID_ARGUMENT for what is neither a text nor a conversation. */
export function messagesOf(input: AgentInput): readonly ChatMessage[] {
  if (typeof input === "string") return [{ role: "user", content: input }];
  if (Array.isArray(input) && input.length > 0 && input.every(isMessage)) return input;
  throw new AikoError("INVALID_ARGUMENT", {
    message: "An agent was given neither a text nor a conversation",
    hint: 'Pass a text, or one or more { role: "user", content: "..." }.',
  });
}

const roles: readonly unknown[] = ["system", "user", "assistant", "tool"];

function isMessage(message: Partial<ChatMessage> | null): boolean {
  return typeof message?.content === "string" && roles.includes(message.role);
}
