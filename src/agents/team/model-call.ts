import { type Attributes, SpanKind } from "@opentelemetry/api";
import { AikoError, isAikoError, toAikoError } from "../../errors.ts";
import type { ChatMessage, ChatRequest, DoneReason, ToolCall } from "../../llm/index.ts";
import type { AgentParts } from "./agent.ts";
import { withDeadline } from "./deadline.ts";
import type { Scope } from "./machine.ts";
import { inSpan } from "./spans.ts";
import { addUsage } from "./usage.ts";

export interface ModelAnswer {
  readonly text: string;
  readonly thinking: string | undefined;
  readonly calls: readonly ToolCall[];
}

/** A model that does not end would fill the memory. */
const mostCharacters = 4 * 1024 * 1024;

/** One call of an agent's model; its pieces are events. Rejects with what the provider rejects with. */
export async function callModel(
  parts: AgentParts,
  messages: readonly ChatMessage[],
  scope: Scope,
  signal: AbortSignal,
): Promise<ModelAnswer> {
  const source = parts.provider ?? scope.environment.provider;
  if (source === undefined) {
    throw new AikoError("INVALID_ARGUMENT", {
      message: `The agent "${parts.name}" has no provider`,
      hint: "Give the agent or the run one, or use gpu.agents.team, which has gpu.llm.",
    });
  }
  const { model, sampling, think, timeoutMs } = parts;
  const tools = [...parts.tools.values(), ...parts.handoffs().values()].map(({ definition }) => definition);
  // A grammar for the answer would keep the model from calling tools.
  const format = tools.length === 0 ? parts.output?.json : undefined;
  const request: ChatRequest = {
    model,
    messages,
    ...(tools.length === 0 ? {} : { tools }),
    ...(format === undefined ? {} : { format }),
    ...(sampling === undefined ? {} : { sampling }),
    ...(think === undefined ? {} : { think }),
  };
  const attributes: Attributes = {
    "gen_ai.operation.name": "chat",
    "gen_ai.request.model": model,
    "gen_ai.agent.name": parts.name,
    "gen_ai.output.type": format === undefined ? "text" : "json",
    ...(source.name === undefined ? {} : { "gen_ai.provider.name": source.name }),
    ...(sampling?.temperature === undefined ? {} : { "gen_ai.request.temperature": sampling.temperature }),
    ...(sampling?.maxTokens === undefined ? {} : { "gen_ai.request.max_tokens": sampling.maxTokens }),
  };
  const options = { parent: scope.trace, name: `chat ${model}`, kind: SpanKind.CLIENT, attributes };
  const what = `The model "${model}" of the agent "${parts.name}"`;
  return inSpan(options, (_, span) =>
    withDeadline(
      async (own) => {
        let text = "";
        let thinking = "";
        const calls: ToolCall[] = [];
        let reason: DoneReason | undefined;
        try {
          for await (const piece of source.chat(request, { signal: own })) {
            if (own.aborted) break;
            text += piece.text;
            thinking += piece.thinking ?? "";
            for (const call of piece.toolCalls ?? []) {
              if (typeof call?.name !== "string") throw nameless(what);
              calls.push({ ...call, arguments: call.arguments ?? {} });
            }
            if (text.length + thinking.length > mostCharacters) throw endless(what);
            if (piece.text !== "" || piece.thinking !== undefined) {
              const { text: part, thinking: thought } = piece;
              await scope.environment.emit({
                type: "piece",
                agent: parts.name,
                text: part,
                thinking: thought,
              });
            }
            if (piece.done === undefined) continue;
            const { usage } = piece.done;
            reason = piece.done.reason;
            scope.use((total) => addUsage(total, usage));
            span.setAttribute("gen_ai.response.finish_reasons", [reason]);
            if (usage.promptTokens !== undefined)
              span.setAttribute("gen_ai.usage.input_tokens", usage.promptTokens);
            if (usage.outputTokens !== undefined)
              span.setAttribute("gen_ai.usage.output_tokens", usage.outputTokens);
          }
        } catch (error) {
          // gpu.llm checks a whole answer against the format, too; what is wrong with it is told to the model.
          if (reason === undefined || !isAikoError(error, "INVALID_OUTPUT"))
            throw toAikoError(error, "SERVER_FAILED");
        }
        if (reason === undefined) throw cutOff(what);
        return { text, thinking: thinking === "" ? undefined : thinking, calls };
      },
      { signal, timeoutMs, what },
    ),
  );
}

function endless(what: string): AikoError {
  return new AikoError("RESULT_TOO_LARGE", {
    message: `${what} wrote more than ${mostCharacters} characters`,
    hint: "Set sampling.maxTokens.",
  });
}

function nameless(what: string): AikoError {
  return new AikoError("PROTOCOL_VIOLATION", { message: `${what} calls a tool without a name` });
}

function cutOff(what: string): AikoError {
  return new AikoError("PROTOCOL_VIOLATION", { message: `${what} stopped without saying that it is done` });
}
