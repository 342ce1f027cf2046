import { harmless } from "../core/display-text.ts";
import { open } from "../index.ts";
import type { Invocation } from "./command.ts";
import { keepAliveOf, llmUsage, modelOf, numberOf, useOptions } from "./llm-options.ts";
import { readInput } from "./llm-text.ts";

const shownNumbers = 6;

export async function embed(invocation: Invocation, given: readonly string[]): Promise<number> {
  const { terminal, signal } = invocation;
  const dimensions = numberOf(invocation, "dimensions", true);
  const keepAliveMs = keepAliveOf(invocation);
  const input = given.length > 0 ? given : await linesOfInput();
  await using gpu = await open();
  await useOptions(gpu.llm, invocation);
  const model = await modelOf(gpu.llm, invocation);
  const answer = await gpu.llm.embed({ model, input, dimensions, keepAliveMs }, { signal });
  terminal.json({ ...answer, embeddings: answer.embeddings.map((row) => Array.from(row)) });
  for (const [at, row] of answer.embeddings.entries()) {
    const numbers = Array.from(row.slice(0, shownNumbers), (value) => value.toPrecision(3)).join(", ");
    const more = row.length > shownNumbers ? ", ..." : "";
    terminal.print(`${harmless(input[at] ?? "")}: ${row.length} numbers: ${numbers}${more}`);
  }
  return 0;
}

/** A text a line. */
async function linesOfInput(): Promise<string[]> {
  if (process.stdin.isTTY) throw llmUsage("There is no text");
  const lines = (await readInput()).split(/\r?\n/).filter((line) => line.trim() !== "");
  if (lines.length === 0) throw llmUsage("There is no text: standard input is empty");
  return lines;
}
