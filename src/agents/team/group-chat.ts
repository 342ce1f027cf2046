import { AikoError } from "../../errors.ts";
import type { AnyAgent } from "./agent.ts";
import { type AgentInput, messagesOf } from "./agent-state.ts";
import { callback } from "./callback.ts";
import { type Machine, machineOf, type Runnable } from "./machine.ts";
import { type Selection, selectorOf } from "./speaker.ts";
import type { StepContext, TaskContext } from "./step.ts";
import { checkCount, checkName, checkUnique } from "./text.ts";

/** What somebody said in a chat. */
export interface ChatEntry {
  /** An agent's name, or "user". */
  readonly from: string;
  readonly text: string;
}

export interface ChatView {
  readonly entries: readonly ChatEntry[];
  /** Rounds that are over: one each time an agent spoke. */
  readonly round: number;
  readonly agents: readonly string[];
}

/** When a chat ends, besides `maxRounds`. */
export interface StopConditions {
  /** Part of what an agent said. */
  readonly text?: string | undefined;
  readonly when?: ((view: ChatView) => boolean | Promise<boolean>) | undefined;
  /** An agent that reads the chat after each round, and answers { done }. */
  readonly agent?: Runnable<AgentInput, { readonly output: { readonly done: boolean } }> | undefined;
}

export interface GroupChatOptions {
  readonly name: string;
  readonly agents: readonly AnyAgent[];
  /** Who speaks next. Default "round-robin". */
  readonly select?: Selection | undefined;
  readonly stop?: StopConditions | undefined;
  /** Default 10. */
  readonly maxRounds?: number | undefined;
}

export type StopReason = "rounds" | "text" | "function" | "agent" | "selection";

export interface GroupChatResult {
  readonly entries: readonly ChatEntry[];
  readonly rounds: number;
  /** What ended it. */
  readonly reason: StopReason;
  /** What was said last. */
  readonly text: string;
}

interface ChatState {
  readonly entries: readonly ChatEntry[];
  readonly round: number;
  readonly reason: StopReason | undefined;
}

export interface GroupChat extends Runnable<AgentInput, GroupChatResult> {}

/** Agents that speak one after the other, each reading all that was said. Rejects with INVALID_ARGUMENT. */
export function groupChat(options: GroupChatOptions): GroupChat {
  const { agents, select = "round-robin", stop = {}, maxRounds = 10 } = options;
  const name = checkName(options.name, "A chat");
  checkCount(maxRounds, 1, `maxRounds of the chat "${name}"`);
  const names = agents.map((agent) => agent.name);
  checkUnique(names, `agents in the chat "${name}"`);
  if (agents.length === 0 || names.includes("user")) {
    throw new AikoError("INVALID_ARGUMENT", {
      message: `The chat "${name}" has ${agents.length === 0 ? "no agents" : 'an agent called "user"'}`,
    });
  }
  const selector = selectorOf(select, agents, name);
  const machine: Machine<GroupChatResult> = machineOf<ChatState, AgentInput, GroupChatResult>({
    kind: "chat",
    name,
    shape: names.join(", "),
    maxSteps: maxRounds + 1,
    start: (input) => ({ entries: said(input), round: 0, reason: undefined }),
    next: ({ entries }, input) => ({ entries: [...entries, ...said(input)], round: 0, reason: undefined }),
    step: async (state, step) => {
      const { entries, round } = state;
      const view: ChatView = { entries, round, agents: names };
      const speaker = await once(step, "select", (context) => selector(view, context));
      if (speaker === null) return { ...state, reason: "selection" };
      const agent = agents[names.indexOf(speaker)] as AnyAgent;
      await step.scope.environment.emit({ type: "speaker", chat: name, agent: speaker, round: round + 1 });
      const text = await once(
        step,
        "speak",
        async ({ run }) => (await run(agent, heardBy(speaker, entries))).text,
      );
      const after = { entries: [...entries, { from: speaker, text }], round: round + 1, agents: names };
      const reason = await once(step, "stop", (context) => reasonToStop(after, stop, maxRounds, context));
      return { entries: after.entries, round: after.round, reason: reason ?? undefined };
    },
    result: ({ entries, round, reason }) =>
      reason && { entries, rounds: round, reason, text: entries.at(-1)?.text ?? "" },
  });
  return { name, machine: () => machine };
}

async function once<T>(
  step: StepContext,
  key: string,
  run: (context: TaskContext) => Promise<T>,
): Promise<T> {
  const span = { name: `chat ${key}`, attributes: {} };
  const [value] = await step.all([{ key, what: `The chat's "${key}"`, span, run }]);
  return value as T;
}

function said(input: AgentInput): ChatEntry[] {
  return messagesOf(input).map(({ content }) => ({ from: "user", text: content }));
}

/** A chat as one of its agents reads it: its own words are its model's, all others those of users. */
function heardBy(speaker: string, entries: readonly ChatEntry[]): AgentInput {
  return entries.map(({ from, text }) =>
    from === speaker
      ? ({ role: "assistant", content: text } as const)
      : ({ role: "user", content: `${from}: ${text}` } as const),
  );
}

async function reasonToStop(
  view: ChatView,
  stop: StopConditions,
  maxRounds: number,
  { run }: TaskContext,
): Promise<StopReason | null> {
  const last = view.entries.at(-1)?.text ?? "";
  if (stop.text !== undefined && last.includes(stop.text)) return "text";
  const { when } = stop;
  if (when !== undefined && (await callback("The stop condition of a chat", () => when(view))))
    return "function";
  if (stop.agent !== undefined) {
    const transcript = view.entries.map(({ from, text }) => `${from}: ${text}`).join("\n");
    if ((await run(stop.agent, transcript)).output.done) return "agent";
  }
  return view.round >= maxRounds ? "rounds" : null;
}
