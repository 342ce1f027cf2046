import { AikoError } from "../../../errors.ts";
import type { Assertion, RegexNode } from "./tree.ts";
import { type ByteStep, utf8Steps } from "./utf8.ts";

/** A state of Thompson's automaton. */
export type NfaState =
  | { readonly kind: "bytes"; readonly first: number; readonly last: number; next: number }
  | { readonly kind: "split"; readonly next: number[] }
  | { readonly kind: "assertion"; readonly assertion: Assertion; next: number }
  | { readonly kind: "match" };

export interface Nfa {
  readonly states: readonly NfaState[];
  readonly start: number;
}

const mostStates = 60_000;

/** Over the bytes of UTF-8; with `anywhere`, what matches may stand anywhere in a text. Throws UNSUPPORTED when it gets too large. */
export function nfaOf(tree: RegexNode, anywhere: boolean): Nfa {
  const maker = new Maker();
  const match = maker.add({ kind: "match" });
  const inner = maker.node(tree, match);
  if (!anywhere) return { states: maker.states, start: inner };
  const next: number[] = [];
  const start = maker.add({ kind: "split", next });
  next.push(maker.add({ kind: "bytes", first: 0, last: 255, next: start }), inner);
  return { states: maker.states, start };
}

class Maker {
  readonly states: NfaState[] = [];

  add(state: NfaState): number {
    if (this.states.length >= mostStates) {
      throw new AikoError("UNSUPPORTED", {
        message: `A regular expression needs more than ${mostStates} states`,
        hint: "Repeat less, or leave classes of Unicode out of what is repeated. The CPU path runs JavaScript's own engine for it.",
      });
    }
    return this.states.push(state) - 1;
  }

  /** The state where `node` starts that goes on at `next`. */
  node(node: RegexNode, next: number): number {
    switch (node.kind) {
      case "set":
        return this.#steps(utf8Steps(node.set), next, new Map());
      case "sequence":
        return node.items.reduceRight((after, item) => this.node(item, after), next);
      case "choice":
        return this.add({ kind: "split", next: node.items.map((item) => this.node(item, next)) });
      case "assertion":
        return this.add({ kind: "assertion", assertion: node.assertion, next });
      case "repeat":
        return this.#repeat(node, next);
    }
  }

  #repeat({ item, least, most }: Extract<RegexNode, { kind: "repeat" }>, next: number): number {
    let start = next;
    if (most === Infinity) {
      const choices: number[] = [];
      start = this.add({ kind: "split", next: choices });
      choices.push(this.node(item, start), next);
    } else {
      for (let k = least; k < most; k++) {
        start = this.add({ kind: "split", next: [this.node(item, start), next] });
      }
    }
    for (let k = 0; k < least; k++) start = this.node(item, start);
    return start;
  }

  #steps(steps: readonly ByteStep[], next: number, known: Map<readonly ByteStep[], number>): number {
    const present = known.get(steps);
    if (present !== undefined) return present;
    const choices = steps.map(({ first, last, next: rest }) =>
      this.add({
        kind: "bytes",
        first,
        last,
        next: rest === undefined ? next : this.#steps(rest, next, known),
      }),
    );
    const [only] = choices;
    const start =
      choices.length === 1 && only !== undefined ? only : this.add({ kind: "split", next: choices });
    known.set(steps, start);
    return start;
  }
}
