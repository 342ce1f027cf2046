import { AikoError } from "../../errors.ts";
import type { ChatMessage, ToolDefinition } from "../../llm/index.ts";
import type { AnyAgent } from "./agent.ts";
import { checkName } from "./text.ts";

export interface HandoffOptions {
  readonly to: AnyAgent;
  /** What the model calls. Default "transfer_to_<name>". */
  readonly name?: string | undefined;
  /** When to hand over, for the model. */
  readonly description?: string | undefined;
  /** What the other agent gets to read. Default: all. */
  readonly filter?: ((messages: readonly ChatMessage[]) => readonly ChatMessage[]) | undefined;
}

export interface Handoff {
  readonly name: string;
  readonly to: AnyAgent;
  readonly filter: (messages: readonly ChatMessage[]) => readonly ChatMessage[];
  readonly definition: ToolDefinition;
}

export function handoffTo({ to, filter = (messages) => messages, ...options }: HandoffOptions): Handoff {
  const name = checkName(options.name ?? `transfer_to_${to.name}`, "A handoff");
  const about = to.description === undefined ? "" : ` ${to.description}`;
  const description = options.description ?? `Hands the conversation over to ${to.name}.${about}`;
  const parameters = { type: "object", properties: { reason: { type: "string" } } };
  return { name, to, filter, definition: { name, description, parameters } };
}

/** Only what was said: no calls of tools, and nothing that they returned. */
export function withoutTools(messages: readonly ChatMessage[]): readonly ChatMessage[] {
  return messages
    .filter(({ role, content }) => role !== "tool" && (role !== "assistant" || content !== ""))
    .map(({ toolCalls: _, ...rest }) => rest);
}

/**
 * The agents that had the conversation, and the next one. Rejects with HANDOFF_CYCLE, naming the way round, where that one has
 * had it too often.
 */
export function extendedTrail(trail: readonly string[], to: string, maxVisits: number): readonly string[] {
  const next = [...trail, to];
  if (next.filter((name) => name === to).length <= maxVisits) return next;
  const cycle = next.slice(trail.lastIndexOf(to)).join(" -> ");
  throw new AikoError("HANDOFF_CYCLE", {
    message: `The agents hand the conversation round: ${cycle}; "${to}" would have it for the ${maxVisits + 1}th time`,
    hint: `The whole way: ${next.join(" -> ")}. Say in their instructions who answers, or allow more maxVisits.`,
  });
}
