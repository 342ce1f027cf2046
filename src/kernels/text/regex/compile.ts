import { AikoError } from "../../../errors.ts";
import { type Automaton, classesAt, no, yes } from "../automaton.ts";
import { minimized } from "../minimize.ts";
import { type Nfa, nfaOf } from "./nfa.ts";
import { parseRegex } from "./parse.ts";
import type { RegexNode } from "./tree.ts";

export interface RegexLimits {
  /** Of the automaton before equal states are merged. Default 10,000. */
  readonly states?: number | undefined;
}

/** Steps over states of Thompson's automaton: some seconds. */
const mostSteps = 1e8;

/**
 * Compiles a regular expression of JavaScript to an automaton that says whether it matches anywhere in a text, in time
 * proportional to the text, whatever the expression. Throws INVALID_ARGUMENT, and UNSUPPORTED for backreferences, for
 * lookaround, and for what needs too many states. Subset construction of Thompson's automaton over the bytes of UTF-8; what
 * stands on both sides of an assertion is known one byte later.
 */
export function compileRegex(source: string, flags = "", limits: RegexLimits = {}): Automaton {
  return compileTree(parseRegex(source, flags), true, limits);
}

/** The same of a tree; unless `anywhere`, it has to match from the start of the text. */
export function compileTree(tree: RegexNode, anywhere: boolean, { states }: RegexLimits = {}): Automaton {
  const nfa = nfaOf(tree, anywhere);
  return minimized(new Determinizer(nfa, states ?? 10_000).run());
}

/** What stands before or behind a place; "inside" a code point no assertion holds. */
type Side = "start" | "word" | "other" | "end" | "inside";

const isWordByte = (byte: number) =>
  (byte >= 0x30 && byte <= 0x39) ||
  (byte >= 0x41 && byte <= 0x5a) ||
  byte === 0x5f ||
  (byte >= 0x61 && byte <= 0x7a);

const wordEdges = [0x30, 0x3a, 0x41, 0x5b, 0x5f, 0x60, 0x61, 0x7b, 0x80, 0xc0];

class Determinizer {
  readonly #nfa: Nfa;
  readonly #most: number;
  readonly #asserts: boolean;
  readonly #words: boolean;
  readonly #sets: { readonly before: Side; readonly members: readonly number[] }[] = [];
  readonly #numbers = new Map<string, number>();
  readonly #marks: Uint32Array;
  #mark = 0;
  #steps = 0;

  constructor(nfa: Nfa, most: number) {
    this.#nfa = nfa;
    this.#most = most;
    const assertions = nfa.states.flatMap((state) => (state.kind === "assertion" ? [state.assertion] : []));
    this.#asserts = assertions.length > 0;
    this.#words = assertions.some((assertion) => assertion === "word" || assertion === "notWord");
    this.#marks = new Uint32Array(nfa.states.length);
  }

  run(): Automaton {
    const edges = this.#nfa.states.flatMap((state) =>
      state.kind === "bytes" ? [state.first, state.last + 1] : [],
    );
    const { classes, firsts } = classesAt(this.#words ? [...edges, ...wordEdges] : edges);
    const classCount = firsts.length + 1;
    const first = this.#numberOf("start", this.#closure([this.#nfa.start]));
    const rows: number[] = [];
    for (let state = 0; state < this.#sets.length; state++) {
      if (this.#steps > mostSteps) throw tooLarge("more time");
      const { before, members } = this.#sets[state] ?? { before: "other", members: [] };
      for (const next of this.#row(before, members, classes, firsts)) rows.push(next);
      rows.push(this.#matches(this.#resolved(before, members, "end")) ? yes : no);
    }
    const head = [no, yes].flatMap((outcome) => Array.from({ length: classCount }, () => outcome));
    return {
      classes,
      classCount,
      table: Uint32Array.from([...head, ...rows], (state) => state * classCount),
      start: first * classCount,
      outcomes: 2,
    };
  }

  /** The numbers of the states after each class of bytes. */
  #row(before: Side, members: readonly number[], classes: Uint8Array, firsts: readonly number[]): number[] {
    const row = firsts.map(() => no);
    const reached = firsts.map((): number[] => []);
    const sides = firsts.map((byte) => this.#sideOf(byte, true));
    for (const side of new Set(sides)) {
      const resolved = this.#resolved(before, members, side);
      if (this.#matches(resolved)) {
        for (const [column, each] of sides.entries()) if (each === side) row[column] = yes;
        continue;
      }
      for (const member of resolved) {
        const state = this.#nfa.states[member];
        if (state?.kind !== "bytes") continue;
        const last = classes[state.last] ?? 0;
        this.#steps += 1 + last - (classes[state.first] ?? 0);
        for (let column = classes[state.first] ?? 0; column <= last; column++) {
          if (sides[column] === side) reached[column]?.push(state.next);
        }
      }
    }
    const known = new Map<string, number>();
    for (const [column, states] of reached.entries()) {
      if (states.length === 0) continue;
      const side = this.#sideOf(firsts[column] ?? 0, false);
      const key = `${side}:${states.join()}`;
      let next = known.get(key);
      if (next === undefined) {
        const closure = this.#closure(states);
        next = this.#matches(closure) ? yes : closure.length === 0 ? no : this.#numberOf(side, closure);
        known.set(key, next);
      }
      row[column] = next;
    }
    return row;
  }

  #sideOf(byte: number, behind: boolean): Side {
    if (!this.#words) return "other";
    if (behind && byte >= 0x80 && byte <= 0xbf) return "inside";
    return isWordByte(byte) ? "word" : "other";
  }

  #matches(members: readonly number[]): boolean {
    return members.some((member) => this.#nfa.states[member]?.kind === "match");
  }

  /** With the assertions that hold between two sides. */
  #resolved(before: Side, members: readonly number[], behind: Side): readonly number[] {
    if (!this.#asserts || !members.some((member) => this.#nfa.states[member]?.kind === "assertion"))
      return members;
    return this.#closure(members, (assertion) => {
      if (assertion === "start") return before === "start";
      if (behind === "inside") return false;
      if (assertion === "end") return behind === "end";
      return ((before === "word") !== (behind === "word")) === (assertion === "word");
    });
  }

  /** States that wait for a byte, for an assertion, or for nothing. */
  #closure(from: readonly number[], holds?: (assertion: string) => boolean): number[] {
    const { states } = this.#nfa;
    const mark = ++this.#mark;
    const waiting = [...from];
    const found: number[] = [];
    for (let member = waiting.pop(); member !== undefined; member = waiting.pop()) {
      if (this.#marks[member] === mark) continue;
      this.#marks[member] = mark;
      const state = states[member];
      if (state?.kind === "split") {
        for (const next of state.next) waiting.push(next);
      } else {
        found.push(member);
        if (state?.kind === "assertion" && holds?.(state.assertion)) waiting.push(state.next);
      }
    }
    return found.sort((a, b) => a - b);
  }

  #numberOf(before: Side, members: readonly number[]): number {
    const key = `${before}:${members.join()}`;
    let number = this.#numbers.get(key);
    if (number !== undefined) return number;
    if (this.#sets.length >= this.#most) {
      throw tooLarge(`more than ${this.#most} states`);
    }
    number = this.#sets.push({ before, members }) + 1;
    this.#numbers.set(key, number);
    return number;
  }
}

function tooLarge(needs: string): AikoError {
  return new AikoError("UNSUPPORTED", {
    message: `A regular expression needs ${needs} as an automaton`,
    hint: "Repeat less, or anchor it with ^. The CPU path runs JavaScript's own engine for it.",
  });
}
