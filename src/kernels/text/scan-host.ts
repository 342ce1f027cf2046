import type { Automaton } from "./automaton.ts";

export interface HostTexts {
  /** Row i is the bytes from `offsets[i]` to `offsets[i + 1]`. */
  readonly offsets: Uint32Array;
  readonly bytes: Uint8Array;
}

/**
 * An automaton with a row of 256 for each state, so that a step needs no class of the byte: `wide[state | byte]`, states in steps of
 * 256. In JavaScript that takes two thirds of the time.
 */
export interface WideAutomaton {
  readonly wide: Int32Array;
  /** Of each state: which outcome a text has that ends there. */
  readonly ends: Int32Array;
  readonly start: number;
  readonly outcomes: number;
}

/** 4 MiB. */
const mostWideStates = 4096;

/** Undefined where that would be too large. */
export function widened({
  classes,
  classCount,
  table,
  start,
  outcomes,
}: Automaton): WideAutomaton | undefined {
  const states = table.length / classCount;
  if (states > mostWideStates) return undefined;
  const wide = new Int32Array(states * 256);
  const ends = new Int32Array(states);
  for (let state = 0; state < states; state++) {
    const row = state * classCount;
    for (let byte = 0; byte < 256; byte++) {
      wide[state * 256 + byte] = ((table[row + (classes[byte] as number)] as number) / classCount) * 256;
    }
    ends[state] = (table[row + classCount - 1] as number) / classCount;
  }
  return { wide, ends, start: (start / classCount) * 256, outcomes };
}

const block = 256;

/**
 * Writes `first - 1` plus the outcome of each of `rows` to `verdicts`, where that outcome is not 0. Four texts take turns, because a
 * step has to wait for the one before it and not for those of other texts.
 */
export function scanRows(
  automaton: Automaton | WideAutomaton,
  { offsets, bytes }: HostTexts,
  rows: Uint32Array,
  first: number,
  verdicts: Uint32Array,
): void {
  const { start, outcomes } = automaton;
  const isWide = "wide" in automaton;
  const decided = outcomes * (isWide ? 256 : automaton.classCount);
  const outcomeAt = isWide
    ? (state: number) => automaton.ends[state >> 8] as number
    : (state: number) => (automaton.table[state + automaton.classCount - 1] as number) / automaton.classCount;
  const step = isWide
    ? (state: number, byte: number) => automaton.wide[state | byte] as number
    : (state: number, byte: number) => automaton.table[state + (automaton.classes[byte] as number)] as number;
  const table = isWide ? automaton.wide : signed(automaton.table);
  const places = new Int32Array(4);
  const ends = new Int32Array(4);
  const states = new Int32Array(4);
  const lanes = new Int32Array(4).fill(-1);
  let next = 0;
  const finish = (row: number, state: number) => {
    const outcome = outcomeAt(state);
    if (outcome > 0) verdicts[row] = first + outcome - 1;
  };
  /** The shortest rest of the four, at most a block; 0 when rows have run out. */
  const fill = () => {
    let steps = block;
    for (let lane = 0; lane < 4; lane++) {
      while (places[lane] === ends[lane] || (states[lane] as number) < decided) {
        const row = lanes[lane] as number;
        if (row >= 0) finish(row, states[lane] as number);
        if (next === rows.length) {
          lanes[lane] = -1;
          return 0;
        }
        const taken = rows[next++] as number;
        lanes[lane] = taken;
        places[lane] = offsets[taken] as number;
        ends[lane] = offsets[taken + 1] as number;
        states[lane] = start;
      }
      steps = Math.min(steps, (ends[lane] as number) - (places[lane] as number));
    }
    return steps;
  };
  for (let steps = fill(); steps > 0; steps = fill()) {
    if (isWide) advanceWide(table, bytes, places, states, steps);
    else advance(table, automaton.classes, bytes, places, states, steps);
  }
  for (let lane = 0; lane < 4; lane++) {
    const row = lanes[lane] as number;
    if (row < 0) continue;
    let state = states[lane] as number;
    const end = ends[lane] as number;
    for (let at = places[lane] as number; at < end && state >= decided; at++) {
      state = step(state, bytes[at] as number);
    }
    finish(row, state);
  }
}

/** What V8 reads from a Uint32Array may be no small integer to it, which makes the loop half as fast. */
function signed({ buffer, byteOffset, length }: Uint32Array): Int32Array {
  return new Int32Array(buffer, byteOffset, length);
}

/** A function of its own, because V8 keeps what it uses in registers only there. */
function advance(
  table: Int32Array,
  classes: Uint8Array,
  bytes: Uint8Array,
  places: Int32Array,
  states: Int32Array,
  steps: number,
): void {
  let s0 = states[0] as number;
  let s1 = states[1] as number;
  let s2 = states[2] as number;
  let s3 = states[3] as number;
  let p0 = places[0] as number;
  let p1 = places[1] as number;
  let p2 = places[2] as number;
  let p3 = places[3] as number;
  const end = p0 + steps;
  while (p0 < end) {
    s0 = table[s0 + (classes[bytes[p0++] as number] as number)] as number;
    s1 = table[s1 + (classes[bytes[p1++] as number] as number)] as number;
    s2 = table[s2 + (classes[bytes[p2++] as number] as number)] as number;
    s3 = table[s3 + (classes[bytes[p3++] as number] as number)] as number;
  }
  states[0] = s0;
  states[1] = s1;
  states[2] = s2;
  states[3] = s3;
  places[0] = p0;
  places[1] = p1;
  places[2] = p2;
  places[3] = p3;
}

function advanceWide(
  table: Int32Array,
  bytes: Uint8Array,
  places: Int32Array,
  states: Int32Array,
  steps: number,
): void {
  let s0 = states[0] as number;
  let s1 = states[1] as number;
  let s2 = states[2] as number;
  let s3 = states[3] as number;
  let p0 = places[0] as number;
  let p1 = places[1] as number;
  let p2 = places[2] as number;
  let p3 = places[3] as number;
  const end = p0 + steps;
  while (p0 < end) {
    s0 = table[s0 | (bytes[p0++] as number)] as number;
    s1 = table[s1 | (bytes[p1++] as number)] as number;
    s2 = table[s2 | (bytes[p2++] as number)] as number;
    s3 = table[s3 | (bytes[p3++] as number)] as number;
  }
  states[0] = s0;
  states[1] = s1;
  states[2] = s2;
  states[3] = s3;
  places[0] = p0;
  places[1] = p1;
  places[2] = p2;
  places[3] = p3;
}
