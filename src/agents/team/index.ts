export { type Agent, type AgentOptions, type AnyAgent, agent, type InstructionsContext } from "./agent.ts";
export type { AgentInput, AgentResult } from "./agent-state.ts";
export { type AgentToolOptions, agentTool } from "./agent-tool.ts";
export { type Attempt, AttemptsError } from "./attempts.ts";
export { type BroadcastOptions, type BroadcastReply, type BroadcastResult, broadcast } from "./broadcast.ts";
export type { ChatSource } from "./chat-source.ts";
export {
  type Checkpoint,
  type Checkpoints,
  type ForkOptions,
  fork,
  type ThreadStatus,
} from "./checkpoints.ts";
export type { TeamEvent } from "./events.ts";
export {
  type ChatEntry,
  type ChatView,
  type GroupChat,
  type GroupChatOptions,
  type GroupChatResult,
  groupChat,
  type StopConditions,
  type StopReason,
} from "./group-chat.ts";
export type {
  Guardrail,
  GuardrailCheck,
  GuardrailContext,
  GuardrailOptions,
  GuardrailStage,
  Guardrails,
  GuardrailVerdict,
  ToolUse,
} from "./guardrail.ts";
export { type HandoffOptions, withoutTools } from "./handoff.ts";
export type { Interrupt } from "./interrupt.ts";
export type { Runnable } from "./machine.ts";
export { memoryCheckpoints } from "./memory-checkpoints.ts";
export { Run } from "./run.ts";
export {
  type Done,
  type Interrupted,
  type Outcome,
  type ResumeOptions,
  type RunOptions,
  resume,
  run,
} from "./runner.ts";
export type { Durability } from "./saver.ts";
export type { ModelSelection, SelectFunction, Selection } from "./speaker.ts";
export { type SqliteOptions, sqliteCheckpoints } from "./sqlite/checkpoints.ts";
export {
  type Channel,
  type Channels,
  defineState,
  type Reducer,
  type State,
  type StateOf,
  type UpdateOf,
} from "./state.ts";
export type { TaskContext } from "./step.ts";
export { bindTeam, type TeamFamily } from "./team.ts";
export { type Tool, type ToolOptions, tool } from "./tool.ts";
export type { UsageTotal } from "./usage.ts";
export { type Workflow, type WorkflowOptions, workflow } from "./workflow.ts";
export type {
  NodeContext,
  NodeFunction,
  NodeOptions,
  NodeTarget,
  NodeTargets,
  WorkflowEdge,
  WorkflowResult,
} from "./workflow-parts.ts";
