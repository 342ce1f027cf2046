import type { LlamaContextSequence, Token } from "node-llama-cpp";
import type { DoneReason } from "../../provider.ts";
import type { TextEnd } from "../protocol.ts";
import type { TextJob } from "./job.ts";
import { JsonEnd } from "./json-end.ts";
import type { LoadedModel } from "./loaded-model.ts";
import { evaluateOptions, mostTokens } from "./sampling.ts";
import { aborted } from "./sequence-pool.ts";
import { StopGate } from "./stop-gate.ts";
import { TokenText } from "./token-text.ts";

/** Tokens of a prompt between two looks at the signal. */
const promptStretch = 256;

/** Continues the tokens of a prompt. */
export async function complete(model: LoadedModel, prompt: Token[], job: TextJob): Promise<TextEnd> {
  const { sampling, signal } = job;
  const most = mostTokens(sampling, model.room(prompt, sampling?.contextLength));
  return await model.sequences.use(prompt, signal, async (sequence) => {
    const start = performance.now();
    const rest = await evaluatePrompt(sequence, prompt, signal);
    if (most === 0) {
      const promptMs = performance.now() - start;
      return { reason: "length", promptTokens: prompt.length, outputTokens: 0, promptMs, outputMs: 0 };
    }
    return await continueText(model, sequence, prompt, rest, most, start, job);
  });
}

/** Brings the sequence to the prompt without its last tokens, which are returned. */
export async function evaluatePrompt(
  sequence: LlamaContextSequence,
  prompt: Token[],
  signal: AbortSignal,
): Promise<Token[]> {
  await sequence.adaptStateToTokens(prompt.slice(0, -1), false);
  let at = sequence.nextTokenIndex;
  for (; at + promptStretch < prompt.length; at += promptStretch) {
    if (signal.aborted) throw aborted();
    await sequence.evaluateWithoutGeneratingNewTokens(prompt.slice(at, at + promptStretch));
  }
  return prompt.slice(at);
}

async function continueText(
  model: LoadedModel,
  sequence: LlamaContextSequence,
  prompt: Token[],
  rest: Token[],
  most: number,
  start: number,
  { sampling, grammar, emit, signal }: TextJob,
): Promise<TextEnd> {
  const { library } = model;
  const made: Token[] = [];
  const text = new TokenText(model.model, prompt);
  const gate = new StopGate(sampling?.stop ?? []);
  const json = grammar === undefined ? undefined : new JsonEnd();
  const say = (part: string) => {
    const piece = gate.push(json?.push(part) ?? part);
    if (piece !== "") emit({ text: piece });
  };
  const options = evaluateOptions(sampling, () => [...prompt.slice(-64), ...made]);
  const grammarEvaluationState =
    grammar && new library.LlamaGrammarEvaluationState({ model: model.model, grammar });
  let firstAt: number | undefined;
  let reason: DoneReason = "stop";
  for await (const token of sequence.evaluate(rest, {
    ...options,
    ...(grammarEvaluationState === undefined ? {} : { grammarEvaluationState }),
  })) {
    if (signal.aborted) throw aborted();
    firstAt ??= performance.now();
    made.push(token);
    say(text.push(token));
    if (gate.stopped || json?.ended) break;
    if (made.length < most) continue;
    reason = "length";
    break;
  }
  if (!gate.stopped) say(text.end());
  if (!gate.stopped) emitRest(gate.end(), emit);
  else reason = "stop";
  const end = performance.now();
  return {
    reason,
    promptTokens: prompt.length,
    outputTokens: made.length,
    promptMs: (firstAt ?? end) - start,
    outputMs: end - (firstAt ?? end),
  };
}

function emitRest(text: string, emit: TextJob["emit"]): void {
  if (text !== "") emit({ text });
}
