import { AikoError } from "../../errors.ts";
import { type CodePoints, parseRegex } from "../../kernels/text/index.ts";
import { type CharsetName, type CharsetRanges, charsetOf } from "./charsets.ts";
import { type Field, fieldOf, type Message, numberOf, shown, stringOf, textOf } from "./message.ts";

interface RuleBase {
  readonly name: string;
  /** What is wrong with a message that failed; `text` is where its text is. */
  readonly explain: (message: Message, score: number, text: Field) => string;
}

export type LengthUnit = "characters" | "bytes";

/** Of a text: how many code points or bytes it has. */
export interface LengthRule extends RuleBase {
  readonly kind: "length";
  readonly least: number;
  readonly most: number;
  readonly unit: LengthUnit;
}

export interface CharsetRule extends RuleBase {
  readonly kind: "charset";
  readonly allowed: CodePoints;
}

export interface RegexRule extends RuleBase {
  readonly kind: "regex";
  readonly source: string;
  readonly flags: string;
  /** Whether a text has to match, or must not. */
  readonly wanted: boolean;
}

export interface BannedRule extends RuleBase {
  readonly kind: "banned";
  readonly patterns: readonly Uint8Array[];
  readonly ignoreCase: boolean;
}

export interface RangeRule extends RuleBase {
  readonly kind: "range";
  readonly field: Field;
  readonly least: number;
  readonly most: number;
}

export type TextRule = LengthRule | CharsetRule | RegexRule | BannedRule;

/** "of 12 characters" */
function lengthOf(message: Message, field: Field, unit: LengthUnit): string {
  const text = textOf(message, field) ?? "";
  const length = unit === "bytes" ? Buffer.byteLength(text) : [...stringOf(text)].length;
  return `has ${length} ${unit}`;
}

/** At most so many code points, or bytes. Throws INVALID_ARGUMENT, as all of these functions. */
export function maxLength(
  most: number,
  options: { readonly unit?: LengthUnit | undefined } = {},
): LengthRule {
  const { unit = "characters" } = options;
  checkCount(most, "maxLength");
  const explain: LengthRule["explain"] = (message, _score, text) =>
    `${lengthOf(message, text, unit)}, more than ${most}`;
  return { kind: "length", name: "maxLength", least: 0, most, unit, explain };
}

/** At least so many code points, or bytes. */
export function minLength(
  least: number,
  options: { readonly unit?: LengthUnit | undefined } = {},
): LengthRule {
  const { unit = "characters" } = options;
  checkCount(least, "minLength");
  const explain: LengthRule["explain"] = (message, _score, text) =>
    `${lengthOf(message, text, unit)}, fewer than ${least}`;
  return { kind: "length", name: "minLength", least, most: Infinity, unit, explain };
}

/** Only code points of a set, in UTF-8 without mistakes; `charset("unicode")` is any text that is none. */
export function charset(allowed: CharsetName | CharsetRanges): CharsetRule {
  const name = typeof allowed === "string" ? `charset ${allowed}` : "charset";
  const set = charsetOf(allowed);
  const explain: CharsetRule["explain"] = (message, _score, text) => {
    const given = textOf(message, text) ?? "";
    const string = stringOf(given);
    for (const character of string) {
      const point = character.codePointAt(0) ?? 0;
      const isHalf = point >= 0xd800 && point <= 0xdfff;
      if (isHalf || !set.some(([first, last]) => first <= point && point <= last)) {
        return `has the character U+${point.toString(16).toUpperCase().padStart(4, "0")}, which is not of the ${name}`;
      }
    }
    return "has bytes that are no UTF-8";
  };
  return { kind: "charset", name, allowed: set, explain };
}

/** A regular expression that has to match, anywhere unless it is anchored. A text is one with the flag `u`. */
export function matches(expression: RegExp | string): RegexRule {
  return regexRule("matches", expression, true);
}

/** A regular expression that must not match. */
export function rejects(expression: RegExp | string): RegexRule {
  return regexRule("rejects", expression, false);
}

function regexRule(name: string, expression: RegExp | string, wanted: boolean): RegexRule {
  const { source, flags } = typeof expression === "string" ? compiled(expression) : expression;
  if (flags.includes("y")) {
    throw new AikoError("INVALID_ARGUMENT", {
      message: `The regular expression ${shown(`/${source}/${flags}`)} has the flag y, which needs a place to start at`,
      hint: "Begin it with ^ instead.",
    });
  }
  const bare = flags.replace(/[dg]/g, "");
  const shownAs = shown(`/${source}/${bare}`);
  const explain: RegexRule["explain"] = () => (wanted ? `does not match ${shownAs}` : `matches ${shownAs}`);
  return { kind: "regex", name, source, flags: bare, wanted, explain };
}

function compiled(source: string): RegExp {
  try {
    return new RegExp(source, "u");
  } catch (cause) {
    parseRegex(source, "u");
    throw new AikoError("INVALID_ARGUMENT", {
      message: `The regular expression ${shown(source)} is none: ${String(cause)}`,
      hint: "Write it as JavaScript does with the flag u.",
      cause,
    });
  }
}

export interface BannedOptions {
  /** Whether the letters of ASCII are the same in both cases. Default true. */
  readonly ignoreCase?: boolean | undefined;
}

/** Texts that must not be part of it; thousands take as long as one. None at all bans nothing. */
export function banned(texts: readonly string[], { ignoreCase = true }: BannedOptions = {}): BannedRule {
  const empty = texts.findIndex((text) => typeof text !== "string" || text.length === 0);
  if (empty >= 0) {
    throw new AikoError("INVALID_ARGUMENT", {
      message: `Banned text ${empty} of ${texts.length} is ${texts[empty] === "" ? "empty" : "no text"}, which would ban everything`,
      hint: "Leave it out.",
    });
  }
  const explain: BannedRule["explain"] = (message, _score, text) => {
    const given = stringOf(textOf(message, text) ?? "");
    const string = ignoreCase ? asciiLower(given) : given;
    const found = texts.find((each) => string.includes(ignoreCase ? asciiLower(each) : each));
    return found === undefined ? "has a banned text" : `has the banned text ${shown(found)}`;
  };
  const patterns = texts.map((text) => new Uint8Array(Buffer.from(text)));
  return { kind: "banned", name: "banned", patterns, ignoreCase, explain };
}

function asciiLower(text: string): string {
  return text.replace(/[A-Z]+/g, (letters) => letters.toLowerCase());
}

/** A number of a field that has to be in a range, both ends included; no number is in none. */
export function range(field: Field, least: number, most: number): RangeRule {
  if (Number.isNaN(least) || Number.isNaN(most) || least > most) {
    throw new AikoError("INVALID_ARGUMENT", {
      message: `The range from ${least} to ${most} holds no number`,
      hint: "Pass the lower end first; -Infinity and Infinity leave an end open.",
    });
  }
  const title = typeof field === "string" ? `range ${field}` : "range";
  const explain: RangeRule["explain"] = (message) => {
    const value = fieldOf(message, field);
    const number = numberOf(value);
    const what = Number.isNaN(number) ? `${shown(value)}, which is no number` : String(number);
    return `has ${what}, not from ${least} to ${most}`;
  };
  return { kind: "range", name: title, field, least, most, explain };
}

export function checkCount(count: number, name: string): void {
  if (Number.isInteger(count) && count >= 0) return;
  throw new AikoError("INVALID_ARGUMENT", {
    message: `${name} is ${count}`,
    hint: "Pass a whole number from 0 on.",
  });
}
