import { describe, expect, it } from "vitest";
import type { CudaProgram } from "#src/device/cuda/kernel.js";
import { numberAt, Sequence } from "#src/device/cuda/sequence.js";

const program = (id: number) => ({ id }) as CudaProgram;
const high = 0x7f12_3456_7890;

function sequenceOf(change: (sequence: Sequence) => void = () => {}): Sequence {
  const sequence = new Sequence();
  sequence.dispatch(program(1), [4, 2, 1], 3);
  sequence.argument(high);
  sequence.parameter(64);
  sequence.argument(100);
  sequence.copy(high, { parameter: 32 }, 8);
  change(sequence);
  return sequence;
}

describe("a sequence of commands", () => {
  it("is told by its words, not by its data", () => {
    const [a, b] = [sequenceOf(), sequenceOf()];
    b.afterUpload = 7;
    expect(a.hash()).toBe(b.hash());
    expect(a.hasWords(b.words.slice(0, b.length))).toBe(true);
  });

  it.each([
    ["one command more", (s: Sequence) => s.fill(high, 16)],
    ["another copy", (s: Sequence) => s.copy(high, { address: 32 }, 8)],
    [
      "another program",
      (s: Sequence) => {
        s.words[1] = 2;
      },
    ],
    [
      "another grid",
      (s: Sequence) => {
        s.words[3] = 1;
      },
    ],
  ])("differs by %s", (_, change) => {
    const [a, b] = [sequenceOf(), sequenceOf(change)];
    expect(a.hash()).not.toBe(b.hash());
    expect(a.hasWords(b.words.slice(0, b.length))).toBe(false);
  });

  it("holds addresses of 48 bits, and places in the parameters", () => {
    const { words } = sequenceOf();
    expect(numberAt(words, 6, 5000)).toBe(high);
    expect(numberAt(words, 8, 5000)).toBe(5064);
    expect(numberAt(words, 10, 5000)).toBe(100);
  });

  it("grows", () => {
    const sequence = new Sequence();
    for (let at = 0; at < 1000; at++) sequence.fill(high + at, at);
    expect(sequence.commands).toBe(1000);
    expect(numberAt(sequence.words, 999 * 5 + 1, 0)).toBe(high + 999);
  });
});
