import { isAikoError, open } from "aikoryu";

await using gpu = await open();

try {
  const { provider } = await gpu.llm.provider();
  console.log(`answers: ${provider.name}`);
  const [model] = await gpu.llm.models();
  if (model === undefined) {
    console.log(
      "no model is there: put a .gguf file into the folder AIKORYU_MODELS, or ask gpu.llm.pull for one",
    );
  } else {
    const reply = gpu.llm.generate({
      model: model.name,
      prompt: "capital of Italy?",
      sampling: { temperature: 0, maxTokens: 16 },
    });
    let pieces = 0;
    for await (const _ of reply) pieces++;
    const { text, usage } = await reply;
    console.log(`${model.name}: ${JSON.stringify(text)}, ${usage.outputTokens} tokens in ${pieces} pieces`);
  }
} catch (error) {
  if (!isAikoError(error)) throw error;
  console.log(`no answer: ${error.message} ${error.hint ?? ""}`);
}
