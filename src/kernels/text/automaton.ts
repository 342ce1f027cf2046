/**
 * A deterministic automaton over the bytes of a text. `table[state + classes[byte]]` is the next state, and
 * `table[state + classCount - 1]` the one behind the end of the text: states are numbered in steps of `classCount`. The first
 * `outcomes` states go nowhere: they are the results, and what every text ends in.
 */
export interface Automaton {
  /** 256, one a byte; below `classCount - 1`. */
  readonly classes: Uint8Array;
  readonly classCount: number;
  readonly table: Uint32Array;
  readonly start: number;
  readonly outcomes: number;
}

/** Of automata that say yes or no. */
export const no = 0;
export const yes = 1;

/** A scan of one text, byte by byte: which outcome. */
export function outcomeOf(automaton: Automaton, bytes: Uint8Array, from = 0, to = bytes.length): number {
  const { classes, classCount, table, outcomes } = automaton;
  let state = automaton.start;
  const last = outcomes * classCount;
  for (let at = from; at < to && state >= last; at++) {
    state = table[state + (classes[bytes[at] ?? 0] ?? 0)] ?? 0;
  }
  return (table[state + classCount - 1] ?? 0) / classCount;
}

export function statesOf({ table, classCount }: Automaton): number {
  return table.length / classCount;
}

/** Classes of bytes that are told apart at each of `edges`: a byte of `edges` starts a new one. */
export function classesAt(edges: Iterable<number>): {
  readonly classes: Uint8Array;
  readonly firsts: number[];
} {
  const starts = new Set([0, ...edges]);
  const classes = new Uint8Array(256);
  const firsts: number[] = [];
  for (let byte = 0; byte < 256; byte++) {
    if (starts.has(byte)) firsts.push(byte);
    classes[byte] = firsts.length - 1;
  }
  return { classes, firsts };
}
