import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, onTestFinished } from "vitest";
import type { LlamaOptions } from "#src/llm/llama/index.js";
import { openLlama } from "#src/llm/llama/index.js";
import type { Piece, Provider, ToolCall } from "#src/llm/provider.js";

export * from "./model.js";

/** A folder with these model files, until the tests of the file are done. */
export function modelFolder(files: Readonly<Record<string, Uint8Array>>): string {
  const folder = mkdtempSync(join(tmpdir(), "aikoryu-models-"));
  for (const [name, bytes] of Object.entries(files)) writeFileSync(join(folder, name), bytes);
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** One for all tests of a file: to start llama.cpp takes a second. */
export function sharedLlama(options: LlamaOptions): Provider {
  const provider = openLlama(options);
  afterAll(() => provider[Symbol.asyncDispose]());
  return provider;
}

/** Disposed with the test. */
export function llamaFor(options: LlamaOptions): Provider {
  const provider = openLlama(options);
  onTestFinished(() => provider[Symbol.asyncDispose]());
  return provider;
}

export interface Answer {
  readonly text: string;
  readonly thinking: string;
  readonly toolCalls: readonly ToolCall[];
  readonly pieces: readonly string[];
  readonly done: NonNullable<Piece["done"]>;
}

export async function answerOf(stream: AsyncIterable<Piece>): Promise<Answer> {
  const pieces: string[] = [];
  const toolCalls: ToolCall[] = [];
  let thinking = "";
  let done: Piece["done"];
  for await (const piece of stream) {
    if (done !== undefined) throw new Error("a piece came after the last one");
    if (piece.text !== "") pieces.push(piece.text);
    thinking += piece.thinking ?? "";
    toolCalls.push(...(piece.toolCalls ?? []));
    done = piece.done;
  }
  if (done === undefined) throw new Error("no piece was the last one");
  return { text: pieces.join(""), thinking, toolCalls, pieces, done };
}
