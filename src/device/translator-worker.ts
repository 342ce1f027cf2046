import { parentPort } from "node:worker_threads";
import { toAikoError } from "../errors.ts";
import { KernelError } from "../wgsl/diagnostics.ts";
import { translate } from "../wgsl/index.ts";
import type { TranslationFailure, TranslationReply, TranslationRequest } from "./translator.ts";

parentPort?.on("message", ({ id, source, target, options }: TranslationRequest) => {
  parentPort?.postMessage(answer(id, () => translate(source, target, options)));
});

function answer(id: number, work: () => ReturnType<typeof translate>): TranslationReply {
  try {
    return { id, translation: work() };
  } catch (error) {
    return { id, failure: failureOf(error) };
  }
}

function failureOf(thrown: unknown): TranslationFailure {
  const { code, message, hint } = toAikoError(thrown);
  const place = thrown instanceof KernelError ? { span: thrown.span, problem: thrown.problem } : undefined;
  return { code, message, hint, place };
}
