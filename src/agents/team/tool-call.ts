import { suggest } from "../../core/suggest.ts";
import { isAikoError } from "../../errors.ts";
import type { ChatMessage } from "../../llm/index.ts";
import type { AgentParts } from "./agent.ts";
import type { NumberedCall } from "./agent-state.ts";
import { callback } from "./callback.ts";
import { withDeadline } from "./deadline.ts";
import { firstTrip, type ToolUse } from "./guardrail.ts";
import type { Environment } from "./machine.ts";
import type { StepContext, Task, TaskContext } from "./step.ts";
import { bounded, messageOf } from "./text.ts";
import type { Tool } from "./tool.ts";

export interface ToolOutcome {
  /** What the model reads. */
  readonly text: string;
  readonly failed: boolean;
}

/** The most calls of one answer that are made; a model that repeats itself asks for thousands. */
const mostCalls = 64;
const mostProblemCharacters = 2_000;

/** Makes the calls at the same time; what goes wrong in one is what the model reads of it. */
export async function callTools(
  parts: AgentParts,
  calls: readonly NumberedCall[],
  messages: readonly ChatMessage[],
  step: StepContext,
): Promise<readonly ToolOutcome[]> {
  const { environment } = step.scope;
  const tasks = calls.slice(0, mostCalls).map((call, at) => taskOf(parts, call, at, messages, environment));
  const made = await step.all(tasks);
  const tooMany = { text: `Not called: at most ${mostCalls} calls at a time.`, failed: true };
  return [...made, ...calls.slice(mostCalls).map(() => tooMany)];
}

function taskOf(
  parts: AgentParts,
  call: NumberedCall,
  at: number,
  messages: readonly ChatMessage[],
  { emit }: Environment,
): Task<ToolOutcome> {
  const agent = parts.name;
  const key = `${bounded(call.name, 64).replaceAll(/[^\w-]/g, "_")}-${at}`;
  const attributes = {
    "gen_ai.operation.name": "execute_tool",
    "gen_ai.tool.name": call.name,
    "gen_ai.tool.call.id": call.id,
    "gen_ai.tool.type": "function",
    "gen_ai.agent.name": agent,
  };
  return {
    key,
    what: `The tool "${call.name}"`,
    span: { name: `execute_tool ${call.name}`, attributes },
    run: async (context, span) => {
      await emit({ type: "tool-call", agent, call });
      const guarded = async (stage: ToolUse["stage"], result?: string) => {
        const use = {
          stage,
          tool: call.name,
          arguments: call.arguments,
          ...(result === undefined ? {} : { result }),
        };
        const { signal, locals } = context;
        const trip = await firstTrip(parts.guardrails.tool, use, { agent, messages, locals, signal });
        if (trip === undefined) return undefined;
        await emit({ type: "guardrail", agent, stage: "tool", ...trip });
        return refused(
          `The guardrail "${trip.guardrail}" refused ${stage === "call" ? "the call" : "the result"}: ${trip.message}`,
        );
      };
      const outcome = await outcomeOf(parts, call, context, guarded);
      if (outcome.failed) span.setAttribute("error.type", "tool_failed");
      await emit({ type: "tool-result", agent, call, ...outcome });
      return outcome;
    },
  };
}

async function outcomeOf(
  parts: AgentParts,
  call: NumberedCall,
  context: TaskContext,
  guarded: (stage: ToolUse["stage"], result?: string) => Promise<ToolOutcome | undefined>,
): Promise<ToolOutcome> {
  const tool = parts.tools.get(call.name);
  if (tool === undefined) return unknownTool(parts, call.name);
  const parsed = tool.parse(call.arguments);
  if ("problem" in parsed) return refused(`The arguments do not fit: ${parsed.problem}`);
  const args = parsed.value;
  const before = (await guarded("call")) ?? (await disapproved(tool, args, call, context));
  if (before !== undefined) return before;
  const executed = await execute(tool, args, context);
  return executed.failed ? executed : ((await guarded("result", executed.text)) ?? executed);
}

async function execute(tool: Tool, args: unknown, context: TaskContext): Promise<ToolOutcome> {
  const { signal } = context;
  const what = `The tool "${tool.name}"`;
  try {
    const work = (own: AbortSignal) => tool.execute(args, { ...context, signal: own });
    const result = await withDeadline(work, { signal, timeoutMs: tool.timeoutMs, what });
    const text = typeof result === "string" ? result : (JSON.stringify(result) ?? "");
    return { text: bounded(text, tool.maxResultLength), failed: false };
  } catch (error) {
    if (signal.aborted) throw error;
    if (isAikoError(error, "DEADLINE_EXCEEDED")) return refused(error.message);
    return refused(`${what} failed: ${messageOf(error)}`);
  }
}

/** What a person answers to "may this be done?": true, false, or a text that says why not. */
async function disapproved(
  tool: Tool,
  args: unknown,
  call: NumberedCall,
  context: TaskContext,
): Promise<ToolOutcome | undefined> {
  const what = `The needsApproval of the tool "${tool.name}"`;
  if (!(await callback(what, () => tool.needsApproval(args, context)))) return undefined;
  const answer = await context.interrupt({ approve: tool.name, arguments: call.arguments });
  if (answer === true) return undefined;
  return refused(`A person did not allow it${typeof answer === "string" ? `: ${answer}` : "."}`);
}

function unknownTool(parts: AgentParts, name: string): ToolOutcome {
  const names = [...parts.tools.keys(), ...parts.handoffs().keys()];
  const near = suggest(name, names);
  const hint = near === undefined ? `There are: ${names.join(", ") || "none"}.` : `Did you mean "${near}"?`;
  return refused(`There is no tool "${bounded(name, 64)}". ${hint}`);
}

function refused(text: string): ToolOutcome {
  return { text: bounded(text, mostProblemCharacters), failed: true };
}
