import { AikoError } from "../../errors.ts";
import type { ChatMessage } from "../../llm/index.ts";
import type { AgentParts, AnyAgent } from "./agent.ts";
import { type AgentInput, type AgentResult, type AgentState, messagesOf } from "./agent-state.ts";
import { judge, tryAgain } from "./answer.ts";
import { callback } from "./callback.ts";
import { extendedTrail } from "./handoff.ts";
import { guardedInput } from "./input-guard.ts";
import { type Machine, machineOf, type Scope } from "./machine.ts";
import { callModel } from "./model-call.ts";
import type { StepContext } from "./step.ts";
import { callTools } from "./tool-call.ts";

export interface AgentLimits {
  readonly maxTurns: number;
  readonly maxVisits: number;
}

/** The machine of an agent and of all that it may hand over to. A step is a model call, or the calls of tools that came of it. */
export function agentMachine<Output>(root: AgentParts, limits: AgentLimits): Machine<AgentResult<Output>> {
  const team = teamOf(root);
  const partsOf = (name: string) => team.get(name) ?? root;
  return machineOf<AgentState, AgentInput, AgentResult<Output>>({
    kind: "agent",
    name: root.name,
    shape: [...team.values()].map(shapeOf).join(", "),
    maxSteps: limits.maxTurns * 2 + 1,
    attributes: { "gen_ai.agent.name": root.name, "gen_ai.request.model": root.model },
    start: (input) => ({ ...blank, agent: root.name, trail: [root.name], ...asked([], input) }),
    next: (state, input) => ({
      ...blank,
      agent: state.agent,
      trail: [state.agent],
      ...asked(state.messages, input),
    }),
    step: (state, step) => {
      const parts = partsOf(state.agent);
      if (state.calls !== undefined) return afterTools(parts, state, step, limits);
      if (state.turn >= limits.maxTurns) throw tooManyTurns(root, limits);
      return afterModel(parts, state, step.scope);
    },
    result: ({ answer, agent, messages, trail, attempts }) =>
      answer && { output: answer.output as Output, text: answer.text, agent, messages, trail, attempts },
  });
}

const blank = { turn: 0, calls: undefined, attempts: [], answer: undefined } as const;

function asked(
  before: readonly ChatMessage[],
  input: AgentInput,
): Pick<AgentState, "messages" | "unchecked"> {
  const said = messagesOf(input);
  const unchecked = said.filter(({ role }) => role === "user").map(({ content }) => content);
  return { messages: [...before, ...said], unchecked: unchecked.join("\n") };
}

async function afterModel(parts: AgentParts, state: AgentState, scope: Scope): Promise<AgentState> {
  const turn = state.turn + 1;
  await scope.environment.emit({ type: "turn", agent: parts.name, turn });
  const messages = [...(await instructed(parts, state, scope)), ...state.messages];
  const answer = await guardedInput(parts, state, scope, (signal) =>
    callModel(parts, messages, scope, signal),
  );
  const { text, thinking, calls } = answer;
  const now: AgentState = { ...state, turn, unchecked: undefined };
  if (calls.length > 0) {
    const numbered = calls.map((call, at) => ({ ...call, id: call.id ?? `call_${scope.path}${turn}_${at}` }));
    const said: ChatMessage = { role: "assistant", content: text, thinking, toolCalls: numbered };
    return { ...now, calls: numbered, messages: [...state.messages, said] };
  }
  const judged = await judge(parts, text, state.messages, scope);
  if ("attempt" in judged) return tryAgain(parts, now, judged.attempt, scope);
  const said: ChatMessage = { role: "assistant", content: text, thinking };
  return { ...now, messages: [...state.messages, said], answer: { text, output: judged.output } };
}

async function afterTools(
  parts: AgentParts,
  state: AgentState,
  step: StepContext,
  { maxVisits }: AgentLimits,
): Promise<AgentState> {
  const calls = state.calls ?? [];
  const handoffs = parts.handoffs();
  const chosen = calls.find(({ name }) => handoffs.has(name));
  const handoff = chosen && handoffs.get(chosen.name);
  const toTools = calls.filter(({ name }) => !handoffs.has(name));
  const outcomes = await callTools(parts, toTools, state.messages, step);
  const results = calls.map((call): ChatMessage => {
    const transferred =
      call === chosen ? `${handoff?.to.name} has the conversation now.` : "Not done: one handoff at a time.";
    const content = outcomes[toTools.indexOf(call)]?.text ?? transferred;
    return { role: "tool", content, toolName: call.name, toolCallId: call.id };
  });
  const messages = [...state.messages, ...results];
  if (handoff === undefined) return { ...state, calls: undefined, messages };
  const { to, filter } = handoff;
  const trail = extendedTrail(state.trail, to.name, maxVisits);
  await step.scope.environment.emit({ type: "handoff", from: parts.name, to: to.name });
  const heard = await callback(`The filter of the handoff to "${to.name}"`, () => filter(messages));
  return { ...state, calls: undefined, agent: to.name, trail, attempts: [], messages: [...heard] };
}

async function instructed(
  parts: AgentParts,
  state: AgentState,
  scope: Scope,
): Promise<readonly ChatMessage[]> {
  const { instructions, name, output } = parts;
  const { locals } = scope.environment;
  const said: string[] = [];
  const context = { agent: name, messages: state.messages, locals };
  const text = await callback(`The instructions of the agent "${name}"`, () =>
    typeof instructions === "function" ? instructions(context) : instructions,
  );
  if (text !== undefined && text !== "") said.push(text);
  if (output !== undefined && parts.tools.size + parts.handoffs().size > 0) {
    said.push(
      `Your final answer has to be JSON, and nothing else, of this schema: ${JSON.stringify(output.json)}`,
    );
  }
  return said.length === 0 ? [] : [{ role: "system", content: said.join("\n\n") }];
}

/** All agents that the conversation can get to, by name. */
function teamOf(root: AgentParts): ReadonlyMap<string, AgentParts> {
  const team = new Map<string, AgentParts>();
  const visit = (parts: AgentParts) => {
    const known = team.get(parts.name);
    if (known === parts) return;
    if (known !== undefined) {
      throw new AikoError("INVALID_ARGUMENT", {
        message: `Two agents that "${root.name}" can hand over to are called "${parts.name}"`,
      });
    }
    team.set(parts.name, parts);
    for (const { to } of parts.handoffs().values()) visit((to satisfies AnyAgent).parts);
  };
  visit(root);
  return team;
}

function shapeOf(parts: AgentParts): string {
  const targets = [...parts.handoffs().values()].map(({ to }) => to.name);
  return targets.length === 0 ? parts.name : `${parts.name} -> ${targets.join(" | ")}`;
}

function tooManyTurns(root: AgentParts, { maxTurns }: AgentLimits): AikoError {
  return new AikoError("NO_CONVERGENCE", {
    message: `The agent "${root.name}" had no answer after ${maxTurns} turns`,
    hint: "Look at the tools that it calls again and again, or allow more maxTurns.",
  });
}
