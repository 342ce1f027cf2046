import { z } from "zod";
import type { AikoError } from "../../errors.ts";
import type { ChatMessage } from "../../llm/index.ts";
import type { AgentParts } from "./agent.ts";
import type { AgentState } from "./agent-state.ts";
import { type Attempt, AttemptsError } from "./attempts.ts";
import { firstTrip, type GuardrailContext } from "./guardrail.ts";
import type { Scope } from "./machine.ts";
import { bounded } from "./text.ts";

const mostFeedbackCharacters = 2_000;

export type Judged = { readonly output: unknown } | { readonly attempt: Attempt };

/** What a model's answer comes to: an output that was checked, or why it is none. */
export async function judge(
  parts: AgentParts,
  text: string,
  messages: readonly ChatMessage[],
  scope: Scope,
): Promise<Judged> {
  const parsed = parse(parts, text);
  if ("feedback" in parsed)
    return { attempt: { text, feedback: bounded(parsed.feedback, mostFeedbackCharacters) } };
  const { emit, locals } = scope.environment;
  const context: GuardrailContext = { agent: parts.name, messages, locals, signal: scope.signal };
  const trip = await firstTrip(parts.guardrails.output, text, context);
  if (trip === undefined) return parsed;
  await emit({ type: "guardrail", agent: parts.name, stage: "output", ...trip });
  return { attempt: { text, feedback: trip.message, guardrail: trip.guardrail } };
}

/** The state in which the model is told what was wrong; rejects when it has been told often enough. */
export async function tryAgain(
  parts: AgentParts,
  state: AgentState,
  attempt: Attempt,
  { environment }: Scope,
): Promise<AgentState> {
  const attempts = [...state.attempts, attempt];
  const mine = attempts.length;
  if (mine > parts.retries) throw notTaken(parts, attempts, attempt);
  const { feedback, text } = attempt;
  await environment.emit({ type: "retry", agent: parts.name, attempt: mine, feedback });
  const told = `Your answer was not taken: ${feedback}\nAnswer again${parts.output === undefined ? "" : ", with the JSON only"}.`;
  return {
    ...state,
    attempts,
    messages: [...state.messages, { role: "assistant", content: text }, { role: "user", content: told }],
  };
}

function parse(
  parts: AgentParts,
  text: string,
): { readonly output: unknown } | { readonly feedback: string } {
  if (parts.output === undefined) return { output: text };
  let value: unknown;
  try {
    value = JSON.parse(withoutFence(text));
  } catch {
    return {
      feedback: `It is not JSON. It has to be JSON of this schema: ${JSON.stringify(parts.output.json)}`,
    };
  }
  const parsed = parts.output.schema.safeParse(value);
  return parsed.success ? { output: parsed.data } : { feedback: z.prettifyError(parsed.error) };
}

/** Models put JSON between ``` even where nobody asked for it. */
function withoutFence(text: string): string {
  return /^\s*```(?:json)?\s*\n([\s\S]*?)\n?```\s*$/.exec(text)?.[1] ?? text;
}

function notTaken(parts: AgentParts, attempts: readonly Attempt[], last: Attempt): AikoError {
  const { guardrail, feedback } = last;
  const times = `${attempts.length} ${attempts.length === 1 ? "answer" : "answers"}`;
  const why = bounded(feedback, 300);
  if (guardrail === undefined) {
    return new AttemptsError("INVALID_OUTPUT", attempts, {
      message: `The agent "${parts.name}" gave ${times} that are not of its schema; the last: ${why}`,
      hint: "error.attempts has all of them. Simplify the schema, or allow more retries.",
    });
  }
  return new AttemptsError("GUARDRAIL_TRIPPED", attempts, {
    message: `The agent "${parts.name}" gave ${times} that did not pass; the last did not pass "${guardrail}": ${why}`,
    hint: "error.attempts has all of them.",
  });
}
