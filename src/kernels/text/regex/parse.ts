import { AikoError } from "../../../errors.ts";
import { inAnyCase } from "./case-folding.ts";
import {
  allCodePoints,
  type CodePoints,
  complement,
  digits,
  lastCodePoint,
  lineTerminators,
  spaces,
  union,
  wordCharacters,
} from "./code-points.ts";
import { propertyOf } from "./properties.ts";
import type { RegexNode } from "./tree.ts";

const controls: Readonly<Record<string, number>> = { t: 0x09, n: 0x0a, v: 0x0b, f: 0x0c, r: 0x0d };
const syntaxCharacters = "^$\\.*+?()[]{}|/";
const mostRepeats = 100_000;

/**
 * JavaScript's regular expressions over code points, with and without the flag `u`, which says what escapes and case mean; the
 * flags `d g y` do not matter. Throws INVALID_ARGUMENT for a mistake, and UNSUPPORTED for what no finite automaton can do, with the position.
 */
export function parseRegex(source: string, flags: string): RegexNode {
  return new Parser(source, flags).all();
}

class Parser {
  readonly #source: string;
  readonly #characters: readonly string[];
  readonly #places: readonly number[];
  readonly #ignoreCase: boolean;
  readonly #dotAll: boolean;
  readonly #multiline: boolean;
  /** Without the flag `u`, escapes that mean nothing are the character itself. */
  readonly #lenient: boolean;
  /** More than ASCII with the flags `iu`. */
  readonly #word: CodePoints;
  #at = 0;
  #depth = 0;

  constructor(source: string, flags: string) {
    this.#source = source;
    this.#characters = [...source];
    const places: number[] = [];
    let place = 0;
    for (const character of this.#characters) {
      places.push(place);
      place += character.length;
    }
    this.#places = [...places, place];
    this.#ignoreCase = flags.includes("i");
    this.#dotAll = flags.includes("s");
    this.#multiline = flags.includes("m");
    this.#lenient = !flags.includes("u");
    if (flags.includes("v")) throw this.#unsupported("the flag v");
    this.#word = this.#casedSet(wordCharacters);
  }

  all(): RegexNode {
    const tree = this.#choice();
    if (this.#at < this.#characters.length) throw this.#mistake("a parenthesis that nothing opened");
    return tree;
  }

  #choice(): RegexNode {
    if (++this.#depth > 200) throw this.#unsupported("more than 200 nested groups");
    const items = [this.#sequence()];
    while (this.#take("|")) items.push(this.#sequence());
    this.#depth--;
    const [only] = items;
    return items.length === 1 && only !== undefined ? only : { kind: "choice", items };
  }

  #sequence(): RegexNode {
    const items: RegexNode[] = [];
    for (let next = this.#peek(); next !== undefined && next !== "|" && next !== ")"; next = this.#peek()) {
      items.push(this.#term());
    }
    const [only] = items;
    return items.length === 1 && only !== undefined ? only : { kind: "sequence", items };
  }

  #term(): RegexNode {
    const isGroup = this.#peek() === "(";
    const item = this.#atom();
    const before = this.#at;
    const counts = this.#quantifier();
    if (counts === undefined) return item;
    if (item.kind === "assertion" && !isGroup) throw this.#mistake("nothing to repeat", before);
    this.#take("?");
    const [least, most] = counts;
    if (least > most) throw this.#mistake("a repetition whose numbers are out of order", before);
    if (least > mostRepeats || (most !== Infinity && most > mostRepeats)) {
      throw this.#unsupported(`a repetition of more than ${mostRepeats} times`, before);
    }
    return { kind: "repeat", item, least, most };
  }

  #quantifier(): readonly [number, number] | undefined {
    if (this.#take("*")) return [0, Infinity];
    if (this.#take("+")) return [1, Infinity];
    if (this.#take("?")) return [0, 1];
    return this.#peek() === "{" ? this.#counts() : undefined;
  }

  /** `{n}`, `{n,}` or `{n,m}`; anything else in braces is text where that is allowed. */
  #counts(): readonly [number, number] | undefined {
    const rest = this.#characters.slice(this.#at, this.#at + 40).join("");
    const found = /^\{(\d+)(,(\d*))?\}/.exec(rest);
    if (found === null) {
      if (this.#lenient) return undefined;
      throw this.#mistake("a brace that is no repetition");
    }
    this.#at += found[0].length;
    const least = Number(found[1]);
    if (found[2] === undefined) return [least, least];
    return [least, found[3] === "" ? Infinity : Number(found[3])];
  }

  #atom(): RegexNode {
    const start = this.#at;
    const character = this.#next();
    switch (character) {
      case "^":
      case "$":
        if (this.#multiline) throw this.#unsupported(`${character} with the flag m`, start);
        return { kind: "assertion", assertion: character === "^" ? "start" : "end" };
      case ".":
        return setNode(this.#dotAll ? allCodePoints : complement(lineTerminators));
      case "(":
        return this.#group(start);
      case "[":
        return setNode(this.#class(start));
      case "\\":
        return this.#escape(start);
      case "*":
      case "+":
      case "?":
        throw this.#mistake("nothing to repeat", start);
      case "{":
        this.#at = start;
        if (!this.#lenient || this.#counts() !== undefined) throw this.#mistake("nothing to repeat", start);
        this.#at = start + 1;
        break;
      case "]":
      case "}":
        if (!this.#lenient) throw this.#mistake(`a ${character} that nothing opened`, start);
        break;
    }
    return setNode(this.#cased(pointOf(character)));
  }

  #group(start: number): RegexNode {
    if (this.#take("?")) {
      const kind = this.#next("an unfinished group", start);
      if (kind === "=" || kind === "!") throw this.#unsupported("a lookahead", start);
      if (kind === "<") {
        const name = this.#next("an unfinished group", start);
        if (name === "=" || name === "!") throw this.#unsupported("a lookbehind", start);
        while (this.#next("an unfinished name", start) !== ">");
      } else if (kind !== ":") {
        throw this.#unsupported(`a group that starts with (?${kind}`, start);
      }
    }
    const item = this.#choice();
    if (!this.#take(")")) throw this.#mistake("a group that is not closed", start);
    return item;
  }

  #escape(start: number): RegexNode {
    const character = this.#peek();
    if (character === "b" || character === "B") {
      if (this.#word !== wordCharacters) throw this.#unsupported(`\\${character} with the flags iu`, start);
      this.#at++;
      return { kind: "assertion", assertion: character === "b" ? "word" : "notWord" };
    }
    if (character !== undefined && ((character >= "1" && character <= "9") || character === "k")) {
      throw this.#unsupported("a backreference", start);
    }
    const set = this.#classEscape(start);
    return setNode(set ?? this.#cased(this.#characterEscape(start, false)));
  }

  /** `\d` and its like. */
  #classEscape(start: number): CodePoints | undefined {
    const character = this.#peek() ?? "";
    if (!"dDwWsSpP".includes(character) || character === "") return undefined;
    this.#at++;
    if (character === "d") return digits;
    if (character === "D") return complement(digits);
    if (character === "w") return this.#word;
    if (character === "W") return complement(this.#word);
    if (character === "s") return spaces;
    if (character === "S") return complement(spaces);
    if (this.#lenient && this.#peek() !== "{")
      throw this.#unsupported(`\\${character} without the flag u`, start);
    if (!this.#take("{")) throw this.#mistake("a property without a name", start);
    let name = "";
    for (let next = this.#next("an unfinished property", start); next !== "}"; ) {
      name += next;
      next = this.#next("an unfinished property", start);
    }
    const set = propertyOf(name);
    if (set === undefined) throw this.#mistake(`\\p{${name}}, which is no property`, start);
    const given = character === "p" ? set : complement(set);
    return this.#casedSet(given);
  }

  #characterEscape(start: number, inClass: boolean): number {
    const character = this.#next("a pattern that ends with a backslash", start);
    const control = controls[character];
    if (control !== undefined) return control;
    if (character === "0" && !/[0-9]/.test(this.#peek() ?? "")) return 0;
    if (inClass && character === "b") return 0x08;
    if (character === "x") return this.#hexadecimal(2, start) ?? this.#literal(character, start);
    if (character === "u") return this.#unicode(start) ?? this.#literal(character, start);
    if (character === "c") {
      const letter = this.#peek() ?? "";
      if (!/^[a-zA-Z]$/.test(letter)) throw this.#unsupported("\\c without a letter", start);
      this.#at++;
      return pointOf(letter) % 32;
    }
    if (syntaxCharacters.includes(character) || (inClass && character === "-")) return pointOf(character);
    return this.#literal(character, start);
  }

  #literal(character: string, start: number): number {
    if (!this.#lenient) throw this.#mistake(`\\${character}, which means nothing`, start);
    if (/[0-9]/.test(character)) throw this.#unsupported("an octal escape", start);
    return pointOf(character);
  }

  #unicode(start: number): number | undefined {
    if (this.#peek() === "{" && !this.#lenient) {
      const rest = this.#characters.slice(this.#at, this.#at + 20).join("");
      const found = /^\{([0-9a-fA-F]+)\}/.exec(rest);
      const value = found === null ? Infinity : Number.parseInt(found[1] ?? "", 16);
      if (value > lastCodePoint) throw this.#mistake("\\u{} without a code point", start);
      this.#at += found?.[0].length ?? 0;
      return value;
    }
    const high = this.#hexadecimal(4, start);
    if (high === undefined || high < 0xd800 || high > 0xdbff) return high;
    const before = this.#at;
    if (this.#take("\\") && this.#take("u")) {
      const low = this.#hexadecimal(4, start);
      if (low !== undefined && low >= 0xdc00 && low <= 0xdfff) {
        return 0x10000 + ((high - 0xd800) << 10) + (low - 0xdc00);
      }
    }
    this.#at = before;
    return high;
  }

  #hexadecimal(length: number, start: number): number | undefined {
    const text = this.#characters.slice(this.#at, this.#at + length).join("");
    if (text.length === length && /^[0-9a-fA-F]+$/.test(text)) {
      this.#at += length;
      return Number.parseInt(text, 16);
    }
    if (this.#lenient) return undefined;
    throw this.#mistake("an unfinished escape", start);
  }

  #class(start: number): CodePoints {
    const inverted = this.#take("^");
    const sets: CodePoints[] = [];
    while (!this.#take("]")) {
      const first = this.#classAtom(start);
      const dash = this.#at;
      if (this.#peek() === "-" && this.#characters[this.#at + 1] !== "]") {
        this.#at++;
        const last = this.#classAtom(start);
        if (typeof first === "number" && typeof last === "number") {
          if (first > last) throw this.#mistake("a range that is out of order", dash);
          sets.push(this.#casedSet([[first, last]]));
          continue;
        }
        if (!this.#lenient) throw this.#mistake("a range that ends with a class", dash);
        sets.push([[0x2d, 0x2d]], this.#memberOf(first), this.#memberOf(last));
      } else {
        sets.push(this.#memberOf(first));
      }
    }
    const set = union(...sets);
    return inverted ? complement(set) : set;
  }

  #classAtom(start: number): number | CodePoints {
    const at = this.#at;
    const character = this.#next("a class that is not closed", start);
    if (character !== "\\") return pointOf(character);
    const set = this.#classEscape(at);
    if (set !== undefined) return set;
    if (/[1-9]/.test(this.#peek() ?? "")) throw this.#unsupported("an octal escape", at);
    return this.#characterEscape(at, true);
  }

  #memberOf(atom: number | CodePoints): CodePoints {
    return typeof atom === "number" ? this.#cased(atom) : atom;
  }

  #cased(codePoint: number): CodePoints {
    return this.#casedSet([[codePoint, codePoint]]);
  }

  #casedSet(set: CodePoints): CodePoints {
    return this.#ignoreCase ? inAnyCase(set, !this.#lenient) : set;
  }

  #peek(): string | undefined {
    return this.#characters[this.#at];
  }

  #take(character: string): boolean {
    if (this.#characters[this.#at] !== character) return false;
    this.#at++;
    return true;
  }

  #next(what = "an unfinished pattern", start = this.#at): string {
    const character = this.#characters[this.#at];
    if (character === undefined) throw this.#mistake(what, start);
    this.#at++;
    return character;
  }

  #where(at: number): string {
    return `The regular expression /${this.#source}/ has, at position ${this.#places[at] ?? 0},`;
  }

  #mistake(what: string, at = this.#at): AikoError {
    return new AikoError("INVALID_ARGUMENT", {
      message: `${this.#where(at)} ${what}`,
      hint: "Write it as JavaScript does with the flag u.",
    });
  }

  #unsupported(what: string, at = this.#at): AikoError {
    return new AikoError("UNSUPPORTED", {
      message: `${this.#where(at)} ${what}, which no finite automaton can do`,
      hint: "The CPU path runs JavaScript's own engine for it.",
    });
  }
}

function setNode(set: CodePoints): RegexNode {
  return { kind: "set", set };
}

function pointOf(character: string): number {
  return character.codePointAt(0) ?? 0;
}
