import { describe, expect, it } from "vitest";
import { AnswerText } from "#src/llm/ollama-cli/answer-text.js";
import { TerminalText } from "#src/llm/ollama-cli/terminal-text.js";

/** The answer in a text that comes in pieces of so many bytes. */
function read(text: string, size: number): string {
  const bytes = Buffer.from(text);
  const answer = new AnswerText("ollama run");
  let found = "";
  for (let at = 0; at < bytes.length; at += size) found += answer.push(bytes.subarray(at, at + size));
  return found + answer.end();
}

describe("what a command prints", () => {
  it.each<[string, string]>([
    ["", ""],
    ["\n\n", ""],
    ["a\n\n", "a"],
    ["a\n", "a"],
    ["a", "a"],
    ["a\n\n\n\n\n", "a\n\n\n"],
    ["\n\na\n\n\nb\n\n", "\n\na\n\n\nb"],
    ["h\u00e9 \u20ac\ud83d\ude00\n\n", "h\u00e9 \u20ac\ud83d\ude00"],
    ["\u001b[?25l\u001b[1Ga\u001b[0m\n\n", "a"],
    ["a\u001b]0;t\u0007b\u001bPq\u001b\\c\u001b(0d\n\n", "abcd"],
    ["a\u001b[31", "a"],
    ["tab\there\r\nb\u0000\u007f\n\n", "tab\there\r\nb"],
  ])("%j is %j, in pieces of any size", (text, expected) => {
    for (const size of [1, 2, 3, 5, 1_000]) expect(read(text, size)).toBe(expected);
  });

  it("may be a million line ends", () => {
    const many = "\n".repeat(1_000_000);
    expect(read(`${many}x\n\n`, 4_096)).toBe(`${many}x`);
    expect(read(`x${many}\n\n`, 4_096)).toBe(`x${many}`);
  });

  it("keeps every character that is none of a terminal", () => {
    const plain = "\t\n\r ~\u00a0\u00e9\u2028\uffff";
    expect(new TerminalText().push(plain)).toBe(plain);
  });
});
