import { AikoError } from "../../errors.ts";
import { type Automaton, classesAt, no, yes } from "./automaton.ts";
import { withFewClasses } from "./minimize.ts";

export interface AhoCorasickOptions {
  /** The letters of ASCII are the same in both cases. Default false. */
  readonly ignoreCase?: boolean | undefined;
}

/** 16 MiB. */
const mostEntries = 2 ** 22;

/**
 * Automata that say whether one of some texts is within another: as many as it takes for their tables to stay below 16 MiB, in
 * the order of the patterns. Throws INVALID_ARGUMENT for an empty pattern. Aho and Corasick, "Efficient string matching", 1975.
 */
export function ahoCorasick(
  patterns: readonly Uint8Array[],
  { ignoreCase = false }: AhoCorasickOptions = {},
): readonly Automaton[] {
  const folded = patterns.map((pattern) => (ignoreCase ? pattern.map(lower) : pattern));
  if (folded.some((pattern) => pattern.length === 0)) {
    throw new AikoError("INVALID_ARGUMENT", {
      message: "One of the patterns is empty, which is within every text",
      hint: "Leave it out.",
    });
  }
  const edges = new Set<number>();
  for (const pattern of folded) {
    for (const byte of pattern) edges.add(byte).add(byte + 1);
  }
  if (ignoreCase) for (let byte = 0x41; byte <= 0x5b; byte++) edges.add(byte);
  const { classes, firsts } = classesAt(edges);
  if (ignoreCase) for (let byte = 0x41; byte <= 0x5a; byte++) classes[byte] = classes[byte + 0x20] ?? 0;
  const classCount = firsts.length + 1;
  const automata: Automaton[] = [];
  let trie = new Trie(classes, classCount);
  for (const pattern of folded) {
    if (!trie.isEmpty && (trie.count + pattern.length) * classCount > mostEntries) {
      automata.push(trie.automaton());
      trie = new Trie(classes, classCount);
    }
    trie.add(pattern);
  }
  if (!trie.isEmpty) automata.push(trie.automaton());
  return automata;
}

function lower(byte: number): number {
  return byte >= 0x41 && byte <= 0x5a ? byte + 0x20 : byte;
}

const root = 2;

class Trie {
  readonly #classes: Uint8Array;
  readonly #classCount: number;
  /** Where a state goes by a class; 0 where nothing is known. */
  readonly #next: Int32Array<ArrayBufferLike>[] = [];

  constructor(classes: Uint8Array, classCount: number) {
    this.#classes = classes;
    this.#classCount = classCount;
    for (let state = 0; state <= root; state++) this.#grow();
  }

  get isEmpty(): boolean {
    return this.#next[root]?.every((next) => next === 0) ?? true;
  }

  get count(): number {
    return this.#next.length;
  }

  add(pattern: Uint8Array): void {
    let state = root;
    for (const [at, byte] of pattern.entries()) {
      const row = this.#next[state];
      const column = this.#classes[byte] ?? 0;
      if (row === undefined || row[column] === yes) return;
      if (at === pattern.length - 1) row[column] = yes;
      else if (row[column] === 0) row[column] = this.#grow();
      state = row[column] ?? root;
    }
  }

  automaton(): Automaton {
    const classCount = this.#classCount;
    const table = new Uint32Array(this.count * classCount);
    table.fill(yes * classCount, classCount, 2 * classCount);
    const fails = new Uint32Array(this.count);
    fails[root] = root;
    const order = [root];
    for (let at = 0; at < order.length; at++) {
      const state = order[at] ?? root;
      const row = this.#next[state];
      for (let column = 0; column < classCount - 1; column++) {
        const below =
          state === root ? root : (table[(fails[state] ?? root) * classCount + column] ?? 0) / classCount;
        let next = row?.[column] ?? 0;
        if (next === 0 || below === yes) next = below;
        else if (next !== yes) {
          fails[next] = below;
          order.push(next);
        }
        table[state * classCount + column] = next * classCount;
      }
      table[state * classCount + classCount - 1] = no;
    }
    return withFewClasses({
      classes: this.#classes,
      classCount,
      table,
      start: root * classCount,
      outcomes: 2,
    });
  }

  #grow(): number {
    return this.#next.push(new Int32Array(this.#classCount)) - 1;
  }
}
