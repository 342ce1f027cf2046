import { once } from "node:events";
import { harmlessLines } from "../core/display-text.ts";
import type { Piece } from "../llm/index.ts";
import { llmUsage } from "./llm-options.ts";

const mostBytes = 16 * 2 ** 20;

/** The words of the command line, with standard input for "-" or for none. */
export async function promptOf(given: readonly string[], what: string): Promise<string> {
  const words = given.length > 0 ? given : ["-"];
  if (!words.includes("-")) return words.join(" ");
  if (process.stdin.isTTY && given.length === 0) throw llmUsage(`There is no ${what}`);
  const input = await readInput();
  const text = words.map((word) => (word === "-" ? input : word)).join(" ");
  if (text.trim() === "") throw llmUsage(`There is no ${what}: standard input is empty`);
  return text;
}

export async function readInput(): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of process.stdin) {
    size += chunk.length;
    if (size > mostBytes) throw llmUsage(`Standard input is larger than ${mostBytes} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString("utf8");
}

/** Shows an answer as it comes; what would steer the terminal is spelled out. */
export async function showPieces(pieces: AsyncIterable<Piece>, stream: NodeJS.WriteStream): Promise<void> {
  let held = "";
  let last = "\n";
  const write = async (text: string) => {
    if (text === "") return;
    last = text.at(-1) ?? last;
    if (!stream.write(text)) await once(stream, "drain");
  };
  try {
    for await (const { text } of pieces) {
      const whole = held + text;
      held = whole.endsWith("\r") ? "\r" : "";
      await write(harmlessLines(held === "" ? whole : whole.slice(0, -1)));
    }
  } finally {
    await write(harmlessLines(held));
    if (last !== "\n") stream.write("\n");
  }
}
