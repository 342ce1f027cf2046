import { type ErrorCode, isAikoError, toAikoError } from "../../errors.ts";
import type { AnyAgent } from "./agent.ts";
import type { AgentInput } from "./agent-state.ts";
import { Interruption } from "./interrupt.ts";
import { machineOf, type Runnable } from "./machine.ts";
import type { Task } from "./step.ts";
import { checkName, checkUnique } from "./text.ts";

/** What one agent of a broadcast answered, or why it did not. */
export type BroadcastReply =
  | { readonly agent: string; readonly text: string; readonly output: unknown }
  | { readonly agent: string; readonly error: { readonly code: ErrorCode; readonly message: string } };

export interface BroadcastResult {
  /** In the order of the agents. */
  readonly replies: readonly BroadcastReply[];
}

export interface BroadcastOptions {
  readonly name: string;
  readonly agents: readonly AnyAgent[];
}

interface BroadcastState {
  readonly input: AgentInput;
  readonly replies: readonly BroadcastReply[] | undefined;
}

/** Says the same to several agents at the same time. One that fails harms no other. */
export function broadcast(options: BroadcastOptions): Runnable<AgentInput, BroadcastResult> {
  const name = checkName(options.name, "A broadcast");
  const { agents } = options;
  const names = agents.map((agent) => agent.name);
  checkUnique(names, `agents in the broadcast "${name}"`);
  const machine = machineOf<BroadcastState, AgentInput, BroadcastResult>({
    kind: "broadcast",
    name,
    shape: names.join(", "),
    maxSteps: 1,
    start: (input) => ({ input, replies: undefined }),
    next: (_, input) => ({ input, replies: undefined }),
    step: async ({ input }, step) => ({
      input,
      replies: await step.all(agents.map((agent) => ask(agent, input))),
    }),
    result: ({ replies }) => replies && { replies },
  });
  return { name, machine: () => machine };
}

function ask(agent: AnyAgent, input: AgentInput): Task<BroadcastReply> {
  const { name } = agent;
  return {
    key: name,
    what: `The agent "${name}"`,
    span: { name: `ask ${name}`, attributes: { "gen_ai.agent.name": name } },
    run: async ({ run, signal }) => {
      try {
        const { text, output } = await run(agent, input);
        return { agent: name, text, output };
      } catch (error) {
        if (signal.aborted || error instanceof Interruption || isAikoError(error, "WRITE_FAILED"))
          throw error;
        const { code, message } = toAikoError(error);
        return { agent: name, error: { code, message } };
      }
    },
  };
}
