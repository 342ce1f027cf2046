import { describe, expect, it } from "vitest";
import { isAikoError } from "#src/errors.js";
import { outcomeOf, statesOf, yes } from "#src/kernels/text/automaton.js";
import { compileRegex } from "#src/kernels/text/regex/index.js";
import { seeded } from "../../support/random.js";

const bytes = (text: string) => Buffer.from(text);

function matches(expression: RegExp, text: string): boolean {
  return outcomeOf(compileRegex(expression.source, expression.flags), bytes(text)) === yes;
}

/**
 * Compiles once, and compares with JavaScript's own engine on every text. V8 looks for `\\B` inside surrogate pairs too, where the
 * standard does not.
 */
function agree(expression: RegExp, texts: readonly string[]): void {
  const automaton = compileRegex(expression.source, expression.flags);
  const given = expression.source.includes("\\B") ? texts.filter((text) => !text.includes("🦜")) : texts;
  const wrong = given.filter((text) => (outcomeOf(automaton, bytes(text)) === yes) !== expression.test(text));
  expect(wrong, `${expression}`).toEqual([]);
}

describe("regular expressions as automata", () => {
  it("agree with JavaScript on known expressions", () => {
    const texts = [
      "",
      "a",
      "abc",
      "ABC",
      "aaaa",
      "foo bar",
      "foo_bar",
      "foo-bar 12",
      "2026-11-23T10:00:00Z",
      "user@example.org",
      "192.168.0.255",
      "123-45-6789",
      "naïve café",
      "日本語",
      "🦜",
      "a🦜b",
      "\n",
      "a\nb",
      "a\u2028b",
      "\u0000",
      "é",
      "aéa",
      "ſK",
      "straße",
      "ΣΊΣΥΦΟΣ σίσυφος",
      " x ",
      "\ufeffx",
      "\ufb05",
      "]}{",
      "\\",
    ];
    const expressions = [
      /a/u,
      /^a$/u,
      /^$/u,
      /(?:)/u,
      /abc|foo/u,
      /^(abc|foo)/iu,
      /\bfoo\b/u,
      /\Boo\B/u,
      /\B/u,
      /\b/u,
      /^\B/u,
      /\B$/u,
      /^.$/u,
      /^.$/su,
      /^..$/u,
      /^\S+@\S+\.\w{2,}$/u,
      /^\d{4}-\d{2}-\d{2}T/u,
      /\b\d{3}-\d{2}-\d{4}\b/u,
      /(?:\d{1,3}\.){3}\d{1,3}/u,
      /^[^a-z]*$/u,
      /^[^a-z]*$/iu,
      /\p{L}/u,
      /^\p{Lu}+$/u,
      /\P{L}/u,
      /\p{Lu}/iu,
      /[^\P{Lu}]/iu,
      /\p{Script=Han}{3}/u,
      /\p{Emoji_Presentation}/u,
      /[\u{1f980}-\u{1f9ff}]/u,
      /\ud83e\udd9c/u,
      /k/iu,
      /K/i,
      /s/iu,
      /S/i,
      /^\w+$/iu,
      /^\W+$/iu,
      /ς/iu,
      /σ/i,
      /ﬆ/iu,
      /ß/iu,
      /ẞ/i,
      /(a*)*b/u,
      /(?:a|)+$/u,
      /(a+)+$/u,
      /a{2,3}?c?$/u,
      /^(?:a{2}){2}$/u,
      /a{0}b/u,
      ...["[]", "[^]"].map((source) => new RegExp(source, "u")),
      /[\]}{]/u,
      /\x61\u0062\cJ?/u,
      /\0/u,
      /[\b\-\\]/u,
      /\s/u,
      /^\s|\s$/u,
      /(?<year>\d{4})/u,
      /a{,2}/,
      /-|_|@/,
      /x{1/,
      /]/,
    ];
    for (const expression of expressions) agree(expression, texts);
  });

  it("agree with JavaScript on random ones", { timeout: 120_000 }, () => {
    const random = seeded(7);
    const pick = <T>(items: readonly T[]) => items[Math.floor(random() * items.length)] as T;
    const atoms = [
      "a",
      "b",
      "b",
      "c",
      "A",
      "é",
      "日",
      "🦜",
      ".",
      "\\d",
      "\\w",
      "\\W",
      "\\s",
      "[ab]",
      "[^a]",
      "[a-cé-ü]",
      "\\b",
      "\\B",
      "^",
      "$",
      "[^\\d日]",
      "ſ",
      "k",
    ];
    const make = (depth: number): string => {
      const shape = depth === 0 ? 0 : Math.floor(random() * 6);
      if (shape === 1) return `(?:${make(depth - 1)}|${make(depth - 1)})`;
      if (shape === 2)
        return `(?:${make(depth - 1)})${pick(["*", "+", "?", "{2}", "{1,3}", "{0,2}?", "*?"])}`;
      if (shape >= 3) return make(depth - 1) + make(depth - 1);
      return random() < 0.01 ? "\\p{L}" : pick(atoms);
    };
    const pieces = [
      "a",
      "b",
      "c",
      "A",
      "B",
      "é",
      "Ü",
      "日",
      "🦜",
      " ",
      "1",
      "_",
      "\n",
      "\u2028",
      "ſ",
      "K",
      "k",
    ];
    const text = () => Array.from({ length: Math.floor(random() * 7) }, () => pick(pieces)).join("");
    let compared = 0;
    for (let k = 0; k < 1500; k++) {
      const source = make(4);
      const flags = pick(["u", "u", "su", "iu", "i", ""]);
      let expression: RegExp;
      try {
        expression = new RegExp(source, flags);
      } catch {
        continue;
      }
      const texts = Array.from({ length: 12 }, text).map((each) =>
        flags.includes("u") ? each : each.replaceAll("🦜", "p"),
      );
      if (flags.includes("u") || !/🦜|\\p/.test(source)) {
        try {
          agree(expression, texts);
          compared++;
        } catch (error) {
          if (!isAikoError(error, "UNSUPPORTED")) throw error;
        }
      }
    }
    expect(compared).toBeGreaterThan(800);
  });

  it("say where a mistake is, and what needs an engine that goes back", () => {
    const code = (source: string, flags = "u") => {
      try {
        compileRegex(source, flags);
        return "none";
      } catch (error) {
        return isAikoError(error)
          ? `${error.code} ${/position \d+/.exec(error.message)?.[0]}`
          : String(error);
      }
    };
    expect(code("a(b")).toBe("INVALID_ARGUMENT position 1");
    expect(code("ab)")).toBe("INVALID_ARGUMENT position 2");
    expect(code("🦜*+")).toBe("INVALID_ARGUMENT position 3");
    expect(code("[z-a]")).toBe("INVALID_ARGUMENT position 2");
    expect(code("[abc")).toBe("INVALID_ARGUMENT position 0");
    expect(code("a{2,1}")).toBe("INVALID_ARGUMENT position 1");
    expect(code("\\p{Nothing}")).toBe("INVALID_ARGUMENT position 0");
    expect(code("ab\\")).toBe("INVALID_ARGUMENT position 2");
    expect(code("(a)\\1")).toBe("UNSUPPORTED position 3");
    expect(code("ab(?=c)")).toBe("UNSUPPORTED position 2");
    expect(code("(?<!c)a")).toBe("UNSUPPORTED position 0");
    expect(code("a\\k<n>")).toBe("UNSUPPORTED position 1");
    expect(code("^a", "mu")).toBe("UNSUPPORTED position 0");
    expect(code("\\bk", "iu")).toBe("UNSUPPORTED position 0");
    expect(code("[a--b]", "v")).toContain("UNSUPPORTED");
    expect(code("(".repeat(300) + ")".repeat(300))).toContain("UNSUPPORTED");
  });

  it("stay within bounds", () => {
    expect(() => compileRegex("(?:a|b)*a(?:a|b){20}", "u")).toThrow(/more than 10000 states/);
    expect(() => compileRegex("(?:(?:x{1000}){1000}){1000}", "u")).toThrow(/more than 60000 states/);
    expect(statesOf(compileRegex("(a+)+$", "u"))).toBeLessThan(6);
    expect(matches(/^(a+)+$/u, `${"a".repeat(100_000)}!`)).toBe(false);
  });

  it("take bytes that are no UTF-8 as characters of no class", () => {
    const automaton = compileRegex("^.$", "su");
    for (const wrong of [
      [0x80],
      [0xff],
      [0xc0, 0x80],
      [0xed, 0xa0, 0x80],
      [0xf4, 0x90, 0x80, 0x80],
      [0xe2, 0x82],
    ]) {
      expect(outcomeOf(automaton, Uint8Array.from(wrong))).not.toBe(yes);
    }
    expect(outcomeOf(compileRegex("b", "u"), Uint8Array.from([0xff, 0x62, 0xfe]))).toBe(yes);
  });
});
