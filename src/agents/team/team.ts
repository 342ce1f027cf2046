import { agent } from "./agent.ts";
import { agentTool } from "./agent-tool.ts";
import { broadcast } from "./broadcast.ts";
import type { ChatSource } from "./chat-source.ts";
import { fork } from "./checkpoints.ts";
import { groupChat } from "./group-chat.ts";
import { memoryCheckpoints } from "./memory-checkpoints.ts";
import { resume, run } from "./runner.ts";
import { sqliteCheckpoints } from "./sqlite/checkpoints.ts";
import { defineState } from "./state.ts";
import { tool } from "./tool.ts";
import { workflow } from "./workflow.ts";

const parts = {
  agent,
  tool,
  agentTool,
  groupChat,
  broadcast,
  defineState,
  workflow,
  memoryCheckpoints,
  sqliteCheckpoints,
  fork,
};

/** Teams of agents that language models speak for. What has no provider of its own asks `gpu.llm`. */
export type TeamFamily = typeof parts & { readonly run: typeof run; readonly resume: typeof resume };

export function bindTeam(provider: ChatSource | undefined): TeamFamily {
  return {
    ...parts,
    run: (target, input, options) => run(target, input, { provider, ...options }),
    resume: (target, options) => resume(target, { provider, ...options }),
  };
}
