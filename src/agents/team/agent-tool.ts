import { z } from "zod";
import type { AnyAgent } from "./agent.ts";
import { type Tool, tool } from "./tool.ts";

export interface AgentToolOptions {
  /** Default: the agent's name. */
  readonly name?: string | undefined;
  /** Default: the agent's description. */
  readonly description?: string | undefined;
  readonly timeoutMs?: number | undefined;
}

/** An agent that another one asks as it calls a tool: it answers, and the other one goes on. */
export function agentTool(target: AnyAgent, options: AgentToolOptions = {}): Tool {
  return tool({
    name: options.name ?? target.name,
    description: options.description ?? target.description ?? `Asks ${target.name}`,
    parameters: z.object({ input: z.string() }),
    timeoutMs: options.timeoutMs ?? Number.POSITIVE_INFINITY,
    execute: async ({ input }, { run }) => (await run(target, input)).text,
  });
}
