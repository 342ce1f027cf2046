import { AikoError } from "../../errors.ts";
import type { AgentParts } from "./agent.ts";
import type { AgentState } from "./agent-state.ts";
import { firstTrip, type NamedGuardrail } from "./guardrail.ts";
import { linkedController } from "./linked.ts";
import type { Scope } from "./machine.ts";

/**
 * Calls the model when the input passed the guardrails that wait, and while those that do not look at it. Rejects with
 * GUARDRAIL_TRIPPED; the model is then cancelled.
 */
export async function guardedInput<T>(
  parts: AgentParts,
  state: AgentState,
  scope: Scope,
  call: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const { unchecked } = state;
  if (unchecked === undefined) return call(scope.signal);
  using own = linkedController(scope.signal);
  const { signal } = own;
  const check = (guardrails: readonly NamedGuardrail<string>[]) =>
    pass(guardrails, unchecked, parts, state, scope, signal);
  const { input } = parts.guardrails;
  await check(input.filter(({ parallel }) => !parallel));
  const guarded = check(input.filter(({ parallel }) => parallel)).catch((error) => {
    own.abort(error);
    throw error;
  });
  try {
    const [answer] = await Promise.all([call(signal), guarded]);
    return answer;
  } catch (error) {
    if (signal.aborted && !scope.signal.aborted) throw signal.reason;
    own.abort(error);
    throw error;
  }
}

async function pass(
  guardrails: readonly NamedGuardrail<string>[],
  text: string,
  parts: AgentParts,
  { messages }: AgentState,
  { environment }: Scope,
  signal: AbortSignal,
): Promise<void> {
  const { locals, emit } = environment;
  const trip = await firstTrip(guardrails, text, { agent: parts.name, messages, locals, signal });
  if (trip === undefined) return;
  await emit({ type: "guardrail", agent: parts.name, stage: "input", ...trip });
  throw new AikoError("GUARDRAIL_TRIPPED", {
    message: `What was said to the agent "${parts.name}" did not pass "${trip.guardrail}": ${trip.message}`,
  });
}
