import { open } from "../index.ts";
import type { Invocation } from "./command.ts";
import { showAnswer } from "./llm-answer.ts";
import { formatOf, imagesOf, keepAliveOf, modelOf, samplingOf, thinkOf, useOptions } from "./llm-options.ts";
import { promptOf } from "./llm-text.ts";

export async function generate(invocation: Invocation, given: readonly string[]): Promise<number> {
  const { signal } = invocation;
  const settings = {
    system: invocation.text("system"),
    images: await imagesOf(invocation),
    format: await formatOf(invocation),
    sampling: samplingOf(invocation),
    think: thinkOf(invocation),
    keepAliveMs: keepAliveOf(invocation),
    raw: invocation.flag("raw") || undefined,
  };
  const prompt = await promptOf(given, "prompt");
  await using gpu = await open();
  await useOptions(gpu.llm, invocation);
  const model = await modelOf(gpu.llm, invocation);
  await showAnswer(gpu.llm.generate({ model, prompt, ...settings }, { signal }), invocation);
  return 0;
}
