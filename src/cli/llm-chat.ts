import { createInterface, type Interface } from "node:readline";
import { harmlessLines } from "../core/display-text.ts";
import { isAikoError } from "../errors.ts";
import { open } from "../index.ts";
import type { ChatMessage, LlmFamily } from "../llm/index.ts";
import type { Invocation } from "./command.ts";
import { showAnswer } from "./llm-answer.ts";
import { formatOf, imagesOf, keepAliveOf, modelOf, samplingOf, thinkOf, useOptions } from "./llm-options.ts";
import { promptOf } from "./llm-text.ts";

const interrupted = 130;

/** One answer, or on a terminal without a message a conversation. */
export async function chat(invocation: Invocation, given: readonly string[]): Promise<number> {
  const { signal } = invocation;
  const settings = {
    format: await formatOf(invocation),
    sampling: samplingOf(invocation),
    think: thinkOf(invocation),
    keepAliveMs: keepAliveOf(invocation),
  };
  const images = await imagesOf(invocation);
  const isConversation = given.length === 0 && process.stdin.isTTY && process.stdout.isTTY;
  const content = isConversation ? "" : await promptOf(given, "message");
  await using gpu = await open();
  const { llm } = gpu;
  await useOptions(llm, invocation);
  const model = await modelOf(llm, invocation);
  const system = invocation.text("system");
  const first: ChatMessage[] = system === undefined ? [] : [{ role: "system", content: system }];
  const ask = (messages: readonly ChatMessage[], stop: AbortSignal) =>
    showAnswer(llm.chat({ model, messages, ...settings }, { signal: stop }), invocation);
  if (!isConversation) {
    await ask([...first, { role: "user", content, images }], signal);
    return 0;
  }
  return await converse(llm, model, first, ask, invocation);
}

type Ask = (messages: readonly ChatMessage[], stop: AbortSignal) => Promise<{ readonly text: string }>;

async function converse(
  llm: LlmFamily,
  model: string,
  first: readonly ChatMessage[],
  ask: Ask,
  { terminal, signal }: Invocation,
): Promise<number> {
  terminal.progress(`loading ${model}`);
  await llm.load(model, { signal });
  terminal.print(terminal.style("dim", "/bye ends, /clear forgets, Ctrl-C stops an answer"));
  const lines = createInterface({ input: process.stdin, output: process.stdout, prompt: ">>> " });
  let answering: AbortController | undefined;
  let status = 0;
  lines.on("SIGINT", () => {
    if (answering !== undefined) {
      answering.abort();
      return;
    }
    status = interrupted;
    lines.close();
  });
  signal.addEventListener("abort", () => lines.close(), { once: true });
  let messages = [...first];
  for await (const line of prompted(lines)) {
    const content = line.trim();
    if (content === "") continue;
    if (content === "/bye") break;
    if (content === "/clear") {
      messages = [...first];
      continue;
    }
    answering = new AbortController();
    const asked: ChatMessage[] = [...messages, { role: "user", content }];
    try {
      const { text } = await ask(asked, AbortSignal.any([signal, answering.signal]));
      messages = [...asked, { role: "assistant", content: text }];
    } catch (error) {
      if (signal.aborted || !isAikoError(error)) throw error;
      if (error.code !== "ABORTED") terminal.print(harmlessLines(`${error.code}: ${error.message}`));
    } finally {
      answering = undefined;
    }
  }
  lines.close();
  return status;
}

async function* prompted(lines: Interface): AsyncGenerator<string> {
  lines.prompt();
  for await (const line of lines) {
    yield line;
    lines.prompt();
  }
}
