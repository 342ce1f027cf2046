import { describe, expect, it } from "vitest";
import {
  type Automaton,
  ahoCorasick,
  charsetAutomaton,
  combined,
  compileRegex,
  outcomeOf,
  productOf,
  scanRows,
  statesOf,
  type WideAutomaton,
  widened,
} from "#src/kernels/text/index.js";
import { minimized, withFewClasses } from "#src/kernels/text/minimize.js";
import { failure } from "../../support/errors.js";
import { seeded } from "../../support/random.js";

const bytes = (text: string) => new Uint8Array(Buffer.from(text));
const random = seeded(21);
const textOf = (letters: string, most: number) =>
  Array.from(
    { length: Math.floor(random() * most) },
    () => letters[Math.floor(random() * letters.length)],
  ).join("");

describe("banned texts as automata", () => {
  it("are found wherever they are, also within each other", () => {
    for (let round = 0; round < 80; round++) {
      const patterns = Array.from({ length: 1 + (round % 7) }, () => `a${textOf("abC", 4)}`);
      const ignoreCase = round % 2 === 0;
      const [automaton] = ahoCorasick(patterns.map(bytes), { ignoreCase }) as readonly [Automaton];
      for (let k = 0; k < 20; k++) {
        const text = textOf("abcABC", 12);
        const turned = (each: string) => (ignoreCase ? each.toLowerCase() : each);
        const expected = patterns.some((each) => turned(text).includes(turned(each)));
        expect(outcomeOf(automaton, bytes(text)) === 1, `${patterns} in ${text}`).toBe(expected);
      }
    }
  });

  it("take more than one table where they are many", async () => {
    const patterns = Array.from({ length: 9000 }, (_, at) =>
      bytes(`${at}`.padStart(5, "é") + "abcdefghij".repeat(2)),
    );
    const automata = ahoCorasick(patterns);
    expect(automata.length).toBeGreaterThan(1);
    for (const automaton of automata) expect(automaton.table.length).toBeLessThanOrEqual(2 ** 22);
    for (const pattern of [0, 8999, 4000].map((at) => patterns[at] as Uint8Array)) {
      expect(automata.filter((automaton) => outcomeOf(automaton, pattern) === 1)).toHaveLength(1);
    }
    expect(ahoCorasick([])).toEqual([]);
    await failure(() => ahoCorasick([new Uint8Array(0)]), "INVALID_ARGUMENT");
  });
});

describe("charsets as automata", () => {
  it("know UTF-8 as the decoder does", () => {
    const automaton = charsetAutomaton([[0, 0x10ffff]]);
    const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
    const edges = [
      0, 0x41, 0x7f, 0x80, 0x8f, 0x90, 0x9f, 0xa0, 0xbf, 0xc0, 0xc1, 0xc2, 0xdf, 0xe0, 0xe1, 0xec, 0xed, 0xee,
      0xef, 0xf0, 0xf1, 0xf3, 0xf4, 0xf5, 0xff,
    ];
    let valid = 0;
    const check = (text: Uint8Array) => {
      let expected = true;
      try {
        decoder.decode(text);
        valid++;
      } catch {
        expected = false;
      }
      if ((outcomeOf(automaton, text) === 1) !== expected) expect.fail(`${text}`);
    };
    const lasts = [0x41, 0x80, 0xbf, 0xc2];
    for (const a of edges) {
      for (const b of edges) {
        check(Uint8Array.of(a, b));
        for (const c of lasts) for (const d of lasts) check(Uint8Array.of(a, b, c, d));
      }
    }
    expect(valid).toBeGreaterThan(100);
  });

  it("take their code points and no other", () => {
    const automaton = charsetAutomaton([
      [0x61, 0x7a],
      [0x3b1, 0x3c9],
      [0xfffd, 0x10003],
    ]);
    for (
      let codePoint = 0;
      codePoint < 0x11000;
      codePoint += codePoint > 0x500 && codePoint < 0xfff0 ? 37 : 1
    ) {
      if (codePoint >= 0xd800 && codePoint <= 0xdfff) continue;
      const inside =
        (codePoint >= 0x61 && codePoint <= 0x7a) ||
        (codePoint >= 0x3b1 && codePoint <= 0x3c9) ||
        (codePoint >= 0xfffd && codePoint <= 0x10003);
      if ((outcomeOf(automaton, bytes(`a${String.fromCodePoint(codePoint)}`)) === 1) !== inside) {
        expect.fail(`U+${codePoint.toString(16)}`);
      }
    }
  });
});

describe("automata of several demands", () => {
  const demands = [
    { automaton: charsetAutomaton([[0x20, 0x7e]]), wanted: 1 },
    { automaton: compileRegex("ab+c|ca$", "u"), wanted: 0 },
    { automaton: compileRegex("^[ab]", "u"), wanted: 1 },
  ] as const;

  it("say which one is not met first", () => {
    const product = productOf(demands, 1e5) as Automaton;
    for (const automaton of [product, minimized(product), withFewClasses(product)]) {
      for (let k = 0; k < 3000; k++) {
        const text = bytes(textOf("abcé", 7));
        const first = demands.findIndex((each) => outcomeOf(each.automaton, text) !== each.wanted);
        expect(outcomeOf(automaton, text)).toBe(first + 1);
      }
    }
    const [long, short] = ["(?:aa|ab|ba|bb)+x", "(?:[ab]{2})+x"].map((source) => compileRegex(source, "u"));
    expect(long && statesOf(long)).toBe(short && statesOf(short));
  });

  it("stay apart where one would be too large", () => {
    expect(productOf(demands, 50)).toBeUndefined();
    const apart = combined(demands, 50);
    expect(apart.map(({ first }) => first)).toEqual([0, 1, 2]);
    expect(combined([], 50)).toEqual([]);
  });

  it("scan rows in turns as one after the other", () => {
    const [{ automaton }] = combined(demands, 1e5) as unknown as [{ automaton: Automaton }];
    for (const count of [0, 1, 3, 4, 5, 64, 257]) {
      const texts = Array.from({ length: count }, (_, at) => bytes(textOf("abc", at % 5 === 4 ? 700 : 9)));
      const offsets = new Uint32Array(count + 1);
      for (const [at, text] of texts.entries()) offsets[at + 1] = (offsets[at] ?? 0) + text.length;
      const joined = new Uint8Array(Buffer.concat(texts));
      const rows = Uint32Array.from(texts.keys()).filter((at) => at % 4 !== 1);
      const expected = texts.map((text, at) => (at % 4 === 1 ? 0 : outcomeOf(automaton, text)));
      for (const each of [automaton, widened(automaton) as WideAutomaton]) {
        const verdicts = new Uint32Array(count);
        scanRows(each, { offsets, bytes: joined }, rows, 5, verdicts);
        expect([...verdicts]).toEqual(expected.map((outcome) => (outcome === 0 ? 0 : outcome + 4)));
      }
    }
  });
});
