import { expect, it } from "vitest";
import { type TextTest, textCompare, textTest } from "#src/kernels/index.js";
import { onEveryDevice } from "../../support/devices.js";
import { bitsIn, dirty, sampleOf, TestColumn, type Value } from "./support.js";

const bytes = (text: string) => new TextEncoder().encode(text);

const orders = {
  equal: (order: number) => order === 0,
  notEqual: (order: number) => order !== 0,
  less: (order: number) => order < 0,
  lessEqual: (order: number) => order <= 0,
  greater: (order: number) => order > 0,
  greaterEqual: (order: number) => order >= 0,
} as const;

const kinds = Object.keys(orders) as (keyof typeof orders)[];

const compared = (a: string, b: string) => Buffer.compare(Buffer.from(a), Buffer.from(b));

/** LIKE as a regular expression over code points. */
function likeOracle(pattern: string): (text: string) => boolean {
  let source = "";
  const characters = [...pattern];
  for (let at = 0; at < characters.length; at++) {
    let character = characters[at] ?? "";
    if (character === "%" || character === "_") source += character === "%" ? "[^]*" : "[^]";
    else {
      if (character === "\\") character = characters[++at] ?? "";
      source += `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`;
    }
  }
  const expression = new RegExp(`^${source}$`, "u");
  return (text) => expression.test(text);
}

function oracle({ kind, pattern }: TextTest): (text: string) => boolean {
  const wanted = new TextDecoder().decode(pattern);
  if (kind === "like") return likeOracle(wanted);
  if (kind === "prefix") return (text) => text.startsWith(wanted);
  if (kind === "suffix") return (text) => text.endsWith(wanted);
  if (kind === "contains") return (text) => text.includes(wanted);
  return (text) => orders[kind](compared(text, wanted));
}

/** Texts of many lengths, in which pieces of the patterns are everywhere, also across two rows. */
function texts(count: number, nulls: boolean): Value[] {
  const pieces = ["ab", "a", "b", "abc", "", "needle", "need", "le", "x".repeat(40), "日", "ü%", "_\\", " "];
  return Array.from({ length: count }, (_, at) => {
    if (nulls && at % 7 === 3) return null;
    let state = at * 2_654_435_761;
    let text = "";
    for (let k = at % 6; k > 0; k--) {
      state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
      text += pieces[(state >>> 8) % pieces.length] ?? "";
    }
    return text;
  });
}

onEveryDevice(
  "tests of text",
  (_adapter, device) => {
    const passes = async (values: readonly Value[], tests: readonly TextTest[]) => {
      const opened = await device();
      using column = new TestColumn(opened, "text", values);
      const { memory } = column;
      if (memory.physical !== "text") return;
      for (const test of tests) {
        using mask = await textTest(opened, { column: memory, test, count: values.length }, dirty(opened));
        const holds = oracle(test);
        const expected = values.map((value) => value !== null && holds(String(value)));
        const title = `${test.kind} ${new TextDecoder().decode(test.pattern)} of ${values.length}`;
        expect(await bitsIn(opened, mask, values.length), title).toEqual(expected);
      }
    };

    it("by order, at the start and at the end", { timeout: 240_000 }, async () => {
      const patterns = ["", "a", "abc", "abcd", "abcde", "naïve", "日本", "🦜 parrot", "\u0000nul", "words"];
      const tests = [...kinds, "prefix", "suffix", "contains"].flatMap((kind) =>
        patterns.map((pattern) => ({ kind, pattern: bytes(pattern) }) as TextTest),
      );
      for (const count of [0, 1, 33, 257]) await passes(sampleOf("text", count, count > 33), tests);
    });

    it("anywhere", { timeout: 240_000 }, async () => {
      const patterns = [
        "a",
        "ab",
        "needle",
        "abneedle",
        "xx",
        "日",
        "ü%",
        "zzz",
        "x".repeat(41),
        "n".repeat(5000),
      ];
      const tests = patterns.map((pattern) => ({ kind: "contains", pattern: bytes(pattern) }) as const);
      for (const count of [1, 32, 256, 3001]) await passes(texts(count, count > 256), tests);
      await passes(["", "", "needle", "", "needl", "e", "needleneedle", ""], tests);
      await passes(["x".repeat(300), "needle".padStart(301), null, "y".repeat(7)], tests);
    });

    it("by LIKE", { timeout: 240_000 }, async () => {
      const patterns = [
        "",
        "%",
        "_",
        "__",
        "%%",
        "a%",
        "%b",
        "%ab%",
        "a_c",
        "%need_e%",
        "_%_",
        "%a%b%",
        "_日%",
        "%\\%",
        "\\_\\\\%",
        "%ü\\%",
        "ab\\%%",
        "%_x%x_%",
      ];
      const tests = patterns.map((pattern) => ({ kind: "like", pattern: bytes(pattern) }) as const);
      await passes(texts(700, true), tests);
      await passes(sampleOf("text", 40, false), tests);
    });

    it("refuses a pattern that ends with an escape", async () => {
      const opened = await device();
      using column = new TestColumn(opened, "text", ["a"]);
      const { memory } = column;
      if (memory.physical !== "text") return;
      const test = { kind: "like", pattern: bytes("a\\") } as const;
      await expect(textTest(opened, { column: memory, test, count: 1 })).rejects.toMatchObject({
        code: "INVALID_ARGUMENT",
      });
    });

    it("against the text of another column", { timeout: 240_000 }, async () => {
      const opened = await device();
      for (const count of [1, 33, 700]) {
        const values = texts(count, true);
        const others = values.map((value, at) =>
          at % 5 === 1 ? value : (texts(count + 1, true)[at + 1] ?? null),
        );
        using a = new TestColumn(opened, "text", values);
        using b = new TestColumn(opened, "text", others);
        const [left, right] = [a.memory, b.memory];
        if (left.physical !== "text" || right.physical !== "text") return;
        for (const kind of kinds) {
          using mask = await textCompare(opened, { kind, left, right, count }, dirty(opened));
          const expected = values.map((value, at) => {
            const other = others[at] ?? null;
            return value !== null && other !== null && orders[kind](compared(String(value), String(other)));
          });
          expect(await bitsIn(opened, mask, count), kind).toEqual(expected);
        }
      }
    });
  },
  { computing: true },
);
