import { harmless, harmlessLines } from "../core/display-text.ts";
import { open } from "../index.ts";
import type { LlmFamily } from "../llm/index.ts";
import type { Invocation } from "./command.ts";
import { llmUsage, useOptions } from "./llm-options.ts";
import { type Column, table } from "./table.ts";

export async function list(invocation: Invocation, given: readonly string[]): Promise<number> {
  refuse("list", given);
  return withLlm(invocation, async (llm) => {
    const models = await llm.models({ signal: invocation.signal });
    invocation.terminal.json({ models });
    const rows = models.map((model) => [
      model.name,
      bytesText(model.bytes),
      model.parameters ?? "",
      model.quantization ?? "",
      model.modifiedAt?.toISOString().slice(0, 10) ?? "",
      model.provider,
    ]);
    print(invocation, ["NAME", "SIZE", "PARAMETERS", "QUANTIZATION", "MODIFIED", "PROVIDER"], rows);
  });
}

export async function ps(invocation: Invocation, given: readonly string[]): Promise<number> {
  refuse("ps", given);
  return withLlm(invocation, async (llm) => {
    const models = await llm.running({ signal: invocation.signal });
    invocation.terminal.json({ models });
    const rows = models.map((model) => [
      model.name,
      bytesText(model.bytes),
      processorText(model.bytes, model.gpuBytes),
      `${model.contextLength ?? ""}`,
      model.expiresAt?.toISOString().slice(0, 19) ?? "",
      model.provider,
    ]);
    print(invocation, ["NAME", "SIZE", "PROCESSOR", "CONTEXT", "UNTIL", "PROVIDER"], rows);
  });
}

export async function show(invocation: Invocation, given: readonly string[]): Promise<number> {
  const model = only("show", given);
  const { terminal, signal } = invocation;
  return withLlm(invocation, async (llm) => {
    const info = await llm.show(model, { signal });
    terminal.json(info);
    const { metadata = {}, template, ...fields } = info;
    const known = Object.entries({ ...fields, ...metadata }).filter(([, value]) => value !== undefined);
    const rows = known.map(([name, value]) => [harmless(name), harmless(fieldText(value))]);
    for (const line of table([{ title: "FIELD" }, { title: "VALUE", wrap: true }], rows, terminal.columns)) {
      terminal.print(line);
    }
    if (template) terminal.print(`\n${harmlessLines(template)}`);
  });
}

export async function pull(invocation: Invocation, given: readonly string[]): Promise<number> {
  const model = only("pull", given);
  const { terminal, signal } = invocation;
  return withLlm(invocation, async (llm) => {
    for await (const { status, completedBytes, totalBytes } of llm.pull(model, { signal })) {
      const share =
        completedBytes === undefined || !totalBytes
          ? ""
          : ` ${Math.floor((completedBytes / totalBytes) * 100)} %`;
      terminal.progress(harmless(`${status}${share}`));
    }
    terminal.json({ model, status: "success" });
    terminal.print(harmless(`${model} is there`));
  });
}

async function withLlm(invocation: Invocation, work: (llm: LlmFamily) => Promise<void>): Promise<number> {
  await using gpu = await open();
  await useOptions(gpu.llm, invocation);
  await work(gpu.llm);
  return 0;
}

function print(
  { terminal }: Invocation,
  titles: readonly string[],
  rows: readonly (readonly string[])[],
): void {
  const columns: Column[] = titles.map((title) => ({ title, align: title === "SIZE" ? "right" : "left" }));
  const cells = rows.map((row) => row.map((cell) => harmless(cell)));
  for (const line of table(columns, cells, terminal.columns)) terminal.print(line);
}

function only(action: string, given: readonly string[]): string {
  const [model, ...more] = given;
  if (model !== undefined && more.length === 0) return model;
  throw llmUsage(`llm ${action} takes one MODEL, not ${given.length}`);
}

function refuse(action: string, given: readonly string[]): void {
  if (given.length > 0) throw llmUsage(`llm ${action} takes no argument "${given[0]}"`);
}

/** As Ollama shows it: "100% GPU", "37%/63% CPU/GPU". */
function processorText(bytes: number | undefined, gpuBytes: number | undefined): string {
  if (!bytes || gpuBytes === undefined) return "";
  const gpu = Math.round((gpuBytes / bytes) * 100);
  if (gpu === 0) return "100% CPU";
  return gpu === 100 ? "100% GPU" : `${100 - gpu}%/${gpu}% CPU/GPU`;
}

function bytesText(bytes: number | undefined): string {
  if (bytes === undefined) return "";
  const units = ["B", "KB", "MB", "GB", "TB"];
  let value = bytes;
  let unit = 0;
  for (; value >= 1000 && unit < units.length - 1; unit++) value /= 1000;
  return `${value >= 10 || unit === 0 ? value.toFixed(0) : value.toFixed(1)} ${units[unit]}`;
}

function fieldText(value: unknown): string {
  if (value instanceof Date) return value.toISOString();
  if (Array.isArray(value) && value.length > 16) return `${value.length} values`;
  if (Array.isArray(value)) return value.join(", ");
  return typeof value === "object" && value !== null ? JSON.stringify(value) : String(value);
}
