import type { ChatHistoryItem, ChatModelFunctions, LlamaChatResponseChunk } from "node-llama-cpp";
import { AikoError } from "../../../errors.ts";
import type { ChatRequest, DoneReason, ToolCall, ToolDefinition } from "../../provider.ts";
import type { TextEnd } from "../protocol.ts";
import { toGrammarSchema } from "../schema.ts";
import { evaluatePrompt } from "./completion.ts";
import { toHistory } from "./history.ts";
import type { TextJob } from "./job.ts";
import { JsonEnd } from "./json-end.ts";
import type { LoadedModel } from "./loaded-model.ts";
import { mostTokens, sampled } from "./sampling.ts";
import { aborted } from "./sequence-pool.ts";

/** Answers a chat with the model's template: thinking apart from text, and calls of tools, which a grammar keeps valid. */
export async function respond(model: LoadedModel, request: ChatRequest, job: TextJob): Promise<TextEnd> {
  const { sampling, grammar, emit, signal } = job;
  const functions = functionsOf(request.tools);
  if (functions !== undefined && grammar !== undefined) {
    throw new AikoError("UNSUPPORTED", {
      message: "The embedded engine takes either tools or a format, not both",
      hint: "Ask for the format in a call without tools.",
    });
  }
  const history = toHistory(request.messages);
  const wrapper = model.wrapper(request.think);
  const { contextText } = wrapper.generateContextState({
    chatHistory: endingWithModel(history),
    documentFunctionParams: true,
    ...(functions === undefined ? {} : { availableFunctions: functions }),
  });
  const prompt = contextText.tokenize(model.model.tokenizer);
  const most = mostTokens(sampling, model.room(prompt, sampling?.contextLength));
  return await model.sequences.use(prompt, signal, async (sequence) => {
    const start = performance.now();
    await evaluatePrompt(sequence, prompt, signal);
    if (most === 0) {
      const promptMs = performance.now() - start;
      return { reason: "length", promptTokens: prompt.length, outputTokens: 0, promptMs, outputMs: 0 };
    }
    using chat = new model.library.LlamaChat({ contextSequence: sequence, chatWrapper: wrapper });
    let firstAt: number | undefined;
    const before = sequence.tokenMeter.getState();
    const json = grammar === undefined ? undefined : new JsonEnd();
    const onResponseChunk = (chunk: LlamaChatResponseChunk) => {
      firstAt ??= performance.now();
      if (chunk.type === "segment") {
        if (chunk.text !== "") emit({ text: "", thinking: chunk.text });
        return;
      }
      const text = json?.push(chunk.text) ?? chunk.text;
      if (text !== "") emit({ text });
    };
    const { repeatPenalty } = sampling ?? {};
    const options = {
      ...sampled(sampling),
      maxTokens: most,
      signal,
      onResponseChunk,
      repeatPenalty: repeatPenalty === undefined ? (false as const) : { penalty: repeatPenalty },
      customStopTriggers: (sampling?.stop ?? []).filter((stop) => stop !== ""),
      contextShift: { size: 1, strategy: refuseShift },
    };
    const answer = chat.generateResponse(history, {
      ...options,
      ...(functions === undefined
        ? { ...(grammar === undefined ? {} : { grammar }) }
        : { functions, documentFunctionParams: true }),
    });
    const { functionCalls, metadata } = await answer.catch((error) => {
      throw signal.aborted ? aborted() : error;
    });
    const toolCalls = (functionCalls ?? []).map(toToolCall);
    if (toolCalls.length > 0) emit({ text: "", toolCalls });
    const end = performance.now();
    return {
      reason: reasonOf(metadata.stopReason),
      promptTokens: prompt.length,
      outputTokens: sequence.tokenMeter.diff(before).usedOutputTokens,
      promptMs: (firstAt ?? end) - start,
      outputMs: end - (firstAt ?? end),
    };
  });
}

function endingWithModel(history: readonly ChatHistoryItem[]): readonly ChatHistoryItem[] {
  return history.at(-1)?.type === "model" ? history : [...history, { type: "model", response: [] }];
}

function functionsOf(tools: readonly ToolDefinition[] | undefined): ChatModelFunctions | undefined {
  if (tools === undefined || tools.length === 0) return undefined;
  return Object.fromEntries(
    tools.map(({ name, description, parameters }) => [
      name,
      {
        params: toGrammarSchema(parameters),
        ...(description === undefined ? {} : { description }),
      },
    ]),
  );
}

function toToolCall(call: { readonly functionName: string; readonly params: unknown }): ToolCall {
  const { functionName: name, params } = call;
  const isObject = typeof params === "object" && params !== null;
  return { name, arguments: isObject ? { ...params } : {} };
}

function reasonOf(stopReason: string): DoneReason {
  if (stopReason === "functionCalls") return "tool";
  return stopReason === "maxTokens" ? "length" : "stop";
}

/** A long conversation is refused before; messages are never dropped silently. */
function refuseShift(): never {
  throw new AikoError("CONTEXT_EXCEEDED", {
    message: "The answer does not fit the context with the messages before it",
    hint: "Leave out old messages, or load the model with a larger contextLength if it was trained for more.",
  });
}
