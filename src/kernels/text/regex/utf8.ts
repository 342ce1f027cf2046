import type { CodePoints } from "./code-points.ts";

/** Ranges of bytes, one behind the other. */
type ByteSequence = readonly (readonly [first: number, last: number])[];

/** Where one range of bytes leads: to more bytes, or, undefined, to the end of the code point. */
export interface ByteStep {
  readonly first: number;
  readonly last: number;
  readonly next: readonly ByteStep[] | undefined;
}

const lastOfLength = [0x7f, 0x7ff, 0xffff, 0x10ffff];

/**
 * The UTF-8 of code points as steps over bytes, equal ends shared. Surrogates have none. Splits ranges as RE2 does:
 * https://swtch.com/~rsc/regexp/regexp3.html
 */
export function utf8Steps(set: CodePoints): readonly ByteStep[] {
  const sequences: ByteSequence[] = [];
  for (const [first, last] of set) {
    if (first < 0xd800) split(first, Math.min(last, 0xd7ff), sequences);
    if (last > 0xdfff) split(Math.max(first, 0xe000), last, sequences);
  }
  return stepsOf(sequences, 0, new Map());
}

function split(first: number, last: number, into: ByteSequence[]): void {
  for (const most of lastOfLength) {
    if (first <= most && last > most) {
      split(first, most, into);
      split(most + 1, last, into);
      return;
    }
  }
  if (last <= 0x7f) {
    into.push([[first, last]]);
    return;
  }
  for (let bits = 6; bits <= 18; bits += 6) {
    const mask = 2 ** bits - 1;
    if ((first & ~mask) === (last & ~mask)) break;
    if ((first & mask) !== 0) {
      split(first, first | mask, into);
      split((first | mask) + 1, last, into);
      return;
    }
    if ((last & mask) !== mask) {
      split(first, (last & ~mask) - 1, into);
      split(last & ~mask, last, into);
      return;
    }
  }
  const from = utf8Of(first);
  const to = utf8Of(last);
  into.push(from.map((byte, at) => [byte, to[at] ?? byte] as const));
}

function utf8Of(codePoint: number): readonly number[] {
  const rest = (bits: number) => 0x80 | ((codePoint >> bits) & 0x3f);
  if (codePoint <= 0x7ff) return [0xc0 | (codePoint >> 6), rest(0)];
  if (codePoint <= 0xffff) return [0xe0 | (codePoint >> 12), rest(6), rest(0)];
  return [0xf0 | (codePoint >> 18), rest(12), rest(6), rest(0)];
}

function stepsOf(
  sequences: readonly ByteSequence[],
  depth: number,
  known: Map<string, readonly ByteStep[]>,
): readonly ByteStep[] {
  const groups: ByteSequence[][] = [];
  for (const sequence of sequences) {
    const group = groups.at(-1);
    const [first, last] = group?.[0]?.[depth] ?? [-1, -1];
    const [from, to] = sequence[depth] ?? [0, 0];
    if (group !== undefined && first === from && last === to) group.push(sequence);
    else groups.push([sequence]);
  }
  const steps = groups.map((group): ByteStep => {
    const [first, last] = group[0]?.[depth] ?? [0, 0];
    const ends = (group[0]?.length ?? 0) === depth + 1;
    return { first, last, next: ends ? undefined : stepsOf(group, depth + 1, known) };
  });
  const key = steps.map(({ first, last, next }) => `${first}-${last}:${next ? idOf(next) : ""}`).join();
  const present = known.get(key);
  if (present !== undefined) return present;
  known.set(key, steps);
  return steps;
}

const ids = new WeakMap<readonly ByteStep[], number>();
let count = 0;

function idOf(steps: readonly ByteStep[]): number {
  let id = ids.get(steps);
  if (id === undefined) {
    id = ++count;
    ids.set(steps, id);
  }
  return id;
}
