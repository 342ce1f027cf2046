import type { Automaton } from "./automaton.ts";
import { minimized } from "./minimize.ts";

/** An automaton of yes and no, and which of them a text has to end in. */
export interface Demand {
  readonly automaton: Automaton;
  /** 1 for yes, 0 for no. */
  readonly wanted: number;
}

/**
 * One automaton for several demands: outcome 0 where a text meets all of them, else k + 1 where demand k is the first that it does
 * not meet. Undefined when it takes more than `mostEntries` in its table. `minimized` makes it smaller.
 */
export function productOf(demands: readonly Demand[], mostEntries: number): Automaton | undefined {
  const { classes, firsts } = commonClasses(demands);
  const classCount = firsts.length + 1;
  const outcomes = demands.length + 1;
  const tuples: (readonly number[])[] = [];
  const numbers = new Map<string, number>();
  const numberOf = (tuple: readonly number[]) => {
    const decided = decisionOf(demands, tuple);
    if (decided !== undefined) return decided;
    const key = tuple.join();
    let number = numbers.get(key);
    if (number === undefined) {
      number = tuples.push(tuple) - 1 + outcomes;
      numbers.set(key, number);
    }
    return number;
  };
  const first = numberOf(
    cut(
      demands,
      demands.map(({ automaton }) => automaton.start),
    ),
  );
  const rows: number[] = [];
  for (let outcome = 0; outcome < outcomes; outcome++) {
    for (let column = 0; column < classCount; column++) rows.push(outcome);
  }
  for (let at = 0; at < tuples.length; at++) {
    const tuple = tuples[at] ?? [];
    for (let column = 0; column < classCount; column++) {
      const byte = firsts[column];
      const next = tuple.map((state, demand) =>
        state === past ? past : stepOf(demands[demand], state, byte),
      );
      rows.push(numberOf(cut(demands, next)));
    }
    if (rows.length > mostEntries) return undefined;
  }
  const table = Uint32Array.from(rows, (state) => state * classCount);
  return { classes, classCount, table, start: first * classCount, outcomes };
}

/** Behind a demand that is not met, nothing matters. */
const past = -1;

function stepOf(demand: Demand | undefined, state: number, byte: number | undefined): number {
  if (demand === undefined) return past;
  const { classes, classCount, table } = demand.automaton;
  return table[state + (byte === undefined ? classCount - 1 : (classes[byte] ?? 0))] ?? 0;
}

function failed({ automaton, wanted }: Demand, state: number): boolean {
  return state < automaton.outcomes * automaton.classCount && state / automaton.classCount !== wanted;
}

function cut(demands: readonly Demand[], tuple: readonly number[]): readonly number[] {
  const at = tuple.findIndex((state, demand) => {
    const each = demands[demand];
    return state !== past && each !== undefined && failed(each, state);
  });
  return at < 0 ? tuple : tuple.map((state, demand) => (demand > at ? past : state));
}

/** The outcome where it does not depend on what follows. */
function decisionOf(demands: readonly Demand[], tuple: readonly number[]): number | undefined {
  for (const [at, demand] of demands.entries()) {
    const state = tuple[at] ?? past;
    const { outcomes, classCount } = demand.automaton;
    if (state >= outcomes * classCount) return undefined;
    if (failed(demand, state)) return at + 1;
  }
  return 0;
}

/** Bytes that no automaton tells apart. */
function commonClasses(demands: readonly Demand[]): { classes: Uint8Array; firsts: number[] } {
  const known = new Map<string, number>();
  const firsts: number[] = [];
  const classes = new Uint8Array(256);
  for (let byte = 0; byte < 256; byte++) {
    const key = demands.map(({ automaton }) => automaton.classes[byte]).join();
    let number = known.get(key);
    if (number === undefined) {
      number = firsts.push(byte) - 1;
      known.set(key, number);
    }
    classes[byte] = number;
  }
  return { classes, firsts };
}

/** Automata of all demands in order: neighbours become one where its table, before it is minimised, stays small. */
export function combined(
  demands: readonly Demand[],
  mostEntries: number,
): { readonly automaton: Automaton /** Position of its first demand. */; readonly first: number }[] {
  const made: { automaton: Automaton; first: number }[] = [];
  let first = 0;
  while (first < demands.length) {
    const only = demands[first];
    if (only === undefined) break;
    let best = productOf([only], Infinity);
    let count = 1;
    for (; first + count < demands.length; count++) {
      const larger = productOf(demands.slice(first, first + count + 1), mostEntries);
      if (larger === undefined) break;
      best = larger;
    }
    if (best !== undefined) made.push({ automaton: minimized(best), first });
    first += count;
  }
  return made;
}
