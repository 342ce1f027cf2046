import { open } from "aikoryu";
import { serveLlm } from "aikoryu/server";

interface Tags {
  readonly models?: readonly { readonly name: string }[];
  readonly error?: string;
}

await using gpu = await open();
await using server = await serveLlm(gpu.llm);

const { version } = (await (await fetch(`${server.url}/api/version`)).json()) as { version: string };
console.log(`${server.url} answers as Ollama ${version} does`);

const { models = [], error } = (await (await fetch(`${server.url}/api/tags`)).json()) as Tags;
const [model] = models;
if (model === undefined) {
  console.log(`there is no model: ${error ?? "aikoryu llm pull NAME downloads one"}`);
} else {
  const body = JSON.stringify({
    model: model.name,
    prompt: "Say hello.",
    options: { num_predict: 16 },
    stream: false,
  });
  const response = await fetch(`${server.url}/api/generate`, { method: "POST", body });
  console.log(`${model.name} says: ${await response.text()}`);
}
