import { harmless } from "../core/display-text.ts";
import { open } from "../index.ts";
import type { LlmFamily } from "../llm/index.ts";
import { type RequestRecord, serveLlm } from "../server/index.ts";
import type { Invocation } from "./command.ts";
import { keepAliveOf, llmUsage, numberOf, useOptions } from "./llm-options.ts";
import { formatMs } from "./table.ts";

const ollamaPort = 11_434;
const graceMs = 10_000;

export async function serve(invocation: Invocation, given: readonly string[]): Promise<number> {
  const { terminal, signal, text, flag } = invocation;
  if (given.length > 0) throw llmUsage(`llm serve takes no argument "${given[0]}"`);
  const options = {
    host: text("host"),
    port: numberOf(invocation, "port", true) ?? ollamaPort,
    token: text("token") ?? (process.env["AIKORYU_TOKEN"] || undefined),
    parallel: numberOf(invocation, "parallel", true),
    maxQueue: numberOf(invocation, "max-queue", true),
    keepAliveMs: keepAliveOf(invocation),
    onRequest: flag("verbose") ? log : undefined,
  };
  await using gpu = await open();
  await useOptions(gpu.llm, invocation);
  const behind = await settleProvider(gpu.llm, invocation);
  const server = await serveLlm(gpu.llm, options);
  const secret = options.token === undefined ? "" : ", who must send the token";
  terminal.json({ url: server.url, host: server.host, port: server.port, provider: behind });
  terminal.print(harmless(`${server.url} serves ${behind}`));
  terminal.print(`OLLAMA_HOST=${server.url} is for clients of Ollama${secret}`);
  terminal.print(`${server.url}/v1 is the base URL for clients of OpenAI${secret}`);
  terminal.print("Ctrl-C ends it");
  await new Promise((resolve) => {
    signal.addEventListener("abort", resolve, { once: true });
    if (signal.aborted) resolve(undefined);
  });
  await server.close({ graceMs });
  // A signal is how a server ends, no failure.
  process.exitCode = 0;
  return 0;
}

/**
 * Who is there now is who answers. Asked again later, Ollama's address could be our own: requests would come back to us for
 * ever. Models are those of the folders: a path in a request would try files of whoever runs the server.
 */
async function settleProvider(llm: LlmFamily, { text, signal }: Invocation): Promise<string> {
  await llm.use({ llama: { paths: false } });
  const { provider } = await llm.provider({ signal });
  const isOllama = provider.name.startsWith("ollama");
  if (!isOllama && text("provider") === undefined) await llm.use({ provider: "llama" });
  return provider.description;
}

function log({ id, method, path, status, model, address, waitedMs, totalMs, error }: RequestRecord): void {
  const parts = [
    new Date().toISOString(),
    id,
    address,
    method,
    path,
    status,
    `${formatMs(totalMs)} ms`,
    waitedMs >= 1 ? `waited ${formatMs(waitedMs)} ms` : "",
    model ?? "",
    error ?? "",
  ];
  process.stderr.write(`${harmless(parts.filter((part) => part !== "").join(" "))}\n`);
}
