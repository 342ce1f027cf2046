import type { Automaton } from "./automaton.ts";

/** More states take longer than they are worth. */
const mostStates = 6_000;

/**
 * The same automaton with as few states, and then as few classes of bytes, as there can be; states that are reached first come
 * first. Moore's refinement, a class of bytes at a time.
 */
export function minimized(given: Automaton): Automaton {
  const automaton = withFewClasses(given);
  const { classCount, table, outcomes } = automaton;
  const states = table.length / classCount;
  if (states > mostStates) return automaton;
  let groups = Uint32Array.from({ length: states }, (_, state) => Math.min(state, outcomes));
  let count = Math.min(outcomes + 1, states);
  for (;;) {
    const before = count;
    for (let column = 0; column < classCount; column++) {
      const known = new Map<number, number>();
      const next = new Uint32Array(states);
      for (let state = 0; state < states; state++) {
        const to = groups[(table[state * classCount + column] ?? 0) / classCount] ?? 0;
        const key = (groups[state] ?? 0) * states + to;
        let group = known.get(key);
        if (group === undefined) {
          group = known.size;
          known.set(key, group);
        }
        next[state] = group;
      }
      groups = next;
      count = known.size;
    }
    if (count === before) break;
  }
  return rebuilt(automaton, groups);
}

function rebuilt(automaton: Automaton, groups: Uint32Array): Automaton {
  const { classes, classCount, table, start, outcomes } = automaton;
  const numbers = new Map<number, number>();
  const members: number[] = [];
  const numberOf = (state: number) => {
    const group = groups[state] ?? 0;
    let number = numbers.get(group);
    if (number === undefined) {
      number = members.push(state) - 1;
      numbers.set(group, number);
    }
    return number;
  };
  for (let outcome = 0; outcome < outcomes; outcome++) numberOf(outcome);
  const first = numberOf(start / classCount);
  for (let at = 0; at < members.length; at++) {
    for (let column = 0; column < classCount; column++) {
      numberOf((table[(members[at] ?? 0) * classCount + column] ?? 0) / classCount);
    }
  }
  const rows = members.flatMap((state) =>
    Array.from({ length: classCount }, (_, column) => {
      const to = (table[state * classCount + column] ?? 0) / classCount;
      return (numbers.get(groups[to] ?? 0) ?? 0) * classCount;
    }),
  );
  const rebuiltTable = Uint32Array.from(rows);
  return withFewClasses({ classes, classCount, table: rebuiltTable, start: first * classCount, outcomes });
}

/** The same automaton, where classes of bytes that always lead to the same states are one. */
export function withFewClasses(automaton: Automaton): Automaton {
  const { classes, classCount, table, start, outcomes } = automaton;
  const states = table.length / classCount;
  const columns: number[] = [];
  const columnOf = Array.from({ length: classCount - 1 }, (_, column) => {
    const known = columns.findIndex((other) => {
      for (let at = 0; at < table.length; at += classCount) {
        if (table[at + column] !== table[at + other]) return false;
      }
      return true;
    });
    return known < 0 ? columns.push(column) - 1 : known;
  });
  if (columns.length === classCount - 1) return automaton;
  columns.push(classCount - 1);
  const width = columns.length;
  const smaller = new Uint32Array(states * width);
  for (let state = 0; state < states; state++) {
    for (const [column, old] of columns.entries()) {
      smaller[state * width + column] = ((table[state * classCount + old] ?? 0) / classCount) * width;
    }
  }
  return {
    classes: classes.map((each) => columnOf[each] ?? 0),
    classCount: width,
    table: smaller,
    start: (start / classCount) * width,
    outcomes,
  };
}
