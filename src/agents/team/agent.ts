import type { z } from "zod";
import { AikoError } from "../../errors.ts";
import type { ChatMessage, JsonSchema, Sampling } from "../../llm/index.ts";
import { agentMachine } from "./agent-machine.ts";
import type { AgentInput, AgentResult } from "./agent-state.ts";
import type { ChatSource } from "./chat-source.ts";
import { checkTimeout } from "./deadline.ts";
import { type Guardrails, type NamedGuardrail, namedGuardrails, type ToolUse } from "./guardrail.ts";
import { type Handoff, type HandoffOptions, handoffTo } from "./handoff.ts";
import type { Machine, Runnable } from "./machine.ts";
import { checkCount, checkName, checkUnique } from "./text.ts";
import { jsonSchemaOf, type Tool } from "./tool.ts";

export interface InstructionsContext {
  readonly agent: string;
  readonly messages: readonly ChatMessage[];
  readonly locals: unknown;
}

export interface AgentOptions<Output> {
  /** Letters, digits, _ and -. */
  readonly name: string;
  /** What it is good for: other agents and speaker selection read it. */
  readonly description?: string | undefined;
  readonly instructions?: string | ((context: InstructionsContext) => string | Promise<string>) | undefined;
  readonly model: string;
  /** Default: the run's provider, else `gpu.llm`. */
  readonly provider?: ChatSource | undefined;
  readonly sampling?: Sampling | undefined;
  readonly think?: boolean | undefined;
  readonly tools?: readonly Tool[] | undefined;
  /** Agents that it may hand the conversation to. A function, where they refer to each other. */
  readonly handoffs?:
    | readonly (AnyAgent | HandoffOptions)[]
    | (() => readonly (AnyAgent | HandoffOptions)[])
    | undefined;
  readonly guardrails?: Guardrails | undefined;
  /** What the answer has to be. Default: any text. */
  readonly output?: z.ZodType<Output> | undefined;
  /** How often the model may try again, told what was wrong with its answer. Default 2. */
  readonly retries?: number | undefined;
  /** Model calls for one input, of this agent and those it hands over to. Default 16. */
  readonly maxTurns?: number | undefined;
  /** How often one agent may get the conversation for one input. Default 3. */
  readonly maxVisits?: number | undefined;
  /** For one model call. Default: none. */
  readonly timeoutMs?: number | undefined;
}

/** Who a language model speaks for. Made by `agent`. */
export interface Agent<Output = string> extends Runnable<AgentInput, AgentResult<Output>> {
  readonly description: string | undefined;
  readonly model: string;
  readonly parts: AgentParts;
}

/** An agent whatever it answers. */
export type AnyAgent = Agent<unknown>;

/** What the machine of an agent reads. */
export interface AgentParts {
  readonly name: string;
  readonly instructions: AgentOptions<unknown>["instructions"];
  readonly model: string;
  readonly provider: ChatSource | undefined;
  readonly sampling: Sampling | undefined;
  readonly think: boolean | undefined;
  readonly tools: ReadonlyMap<string, Tool>;
  readonly handoffs: () => ReadonlyMap<string, Handoff>;
  readonly guardrails: {
    readonly input: readonly NamedGuardrail<string>[];
    readonly output: readonly NamedGuardrail<string>[];
    readonly tool: readonly NamedGuardrail<ToolUse>[];
  };
  readonly output: { readonly schema: z.ZodType; readonly json: JsonSchema } | undefined;
  readonly retries: number;
  readonly timeoutMs: number | undefined;
}

/** An agent: a model with instructions, tools, guardrails and others to hand over to. */
export function agent<Output = string>(options: AgentOptions<Output>): Agent<Output> {
  const name = checkName(options.name, "An agent");
  const what = `the agent "${name}"`;
  const {
    model,
    description,
    output,
    tools = [],
    guardrails = {},
    retries = 2,
    maxTurns = 16,
    maxVisits = 3,
  } = options;
  if (typeof model !== "string" || model === "") {
    throw new AikoError("INVALID_ARGUMENT", { message: `${what} has no model` });
  }
  checkUnique(
    tools.map((tool) => tool.name),
    `tools of ${what}`,
  );
  checkTimeout(options.timeoutMs, what);
  checkCount(retries, 0, `retries of ${what}`);
  checkCount(maxTurns, 1, `maxTurns of ${what}`);
  checkCount(maxVisits, 1, `maxVisits of ${what}`);
  let handoffs: ReadonlyMap<string, Handoff> | undefined;
  const parts: AgentParts = {
    name,
    instructions: options.instructions,
    model,
    provider: options.provider,
    sampling: options.sampling,
    think: options.think,
    tools: new Map(tools.map((tool) => [tool.name, tool])),
    handoffs: () => {
      handoffs ??= handoffsOf(options.handoffs, tools, what);
      return handoffs;
    },
    guardrails: {
      input: namedGuardrails(guardrails.input, "input"),
      output: namedGuardrails(guardrails.output, "output"),
      tool: namedGuardrails(guardrails.tool, "tool"),
    },
    output:
      output === undefined
        ? undefined
        : { schema: output, json: jsonSchemaOf(output, `The output of ${what}`) },
    retries,
    timeoutMs: options.timeoutMs,
  };
  let machine: Machine<AgentResult<Output>> | undefined;
  return {
    name,
    description,
    model,
    parts,
    machine: () => {
      machine ??= agentMachine<Output>(parts, { maxTurns, maxVisits });
      return machine;
    },
  };
}

function handoffsOf(
  handoffs: AgentOptions<unknown>["handoffs"],
  tools: readonly Tool[],
  what: string,
): ReadonlyMap<string, Handoff> {
  const list = typeof handoffs === "function" ? handoffs() : (handoffs ?? []);
  const all = list.map((entry) => handoffTo("to" in entry ? entry : { to: entry }));
  checkUnique(
    [...tools, ...all].map(({ name }) => name),
    `tools and handoffs of ${what}`,
  );
  return new Map(all.map((handoff) => [handoff.name, handoff]));
}
