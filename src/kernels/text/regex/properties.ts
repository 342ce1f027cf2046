import { type CodePoints, lastCodePoint } from "./code-points.ts";

const known = new Map<string, CodePoints>();
const planes = 0x10000;

/**
 * The code points of `\p{name}`, by the Unicode version of this JavaScript engine; undefined for a name that it does not
 * know. Takes milliseconds the first time.
 */
export function propertyOf(name: string): CodePoints | undefined {
  const present = known.get(name);
  if (present !== undefined) return present;
  let pattern: RegExp;
  try {
    pattern = new RegExp(`\\p{${name}}+`, "gu");
  } catch {
    return undefined;
  }
  const ranges: [number, number][] = [];
  for (let start = 0; start <= lastCodePoint; start += planes) {
    for (const [text, first, last] of runsIn(pattern, start)) {
      const before = ranges.at(-1);
      if (before !== undefined && before[1] + 1 === first) before[1] = last;
      else if (text.length > 0) ranges.push([first, last]);
    }
  }
  known.set(name, ranges);
  return ranges;
}

function* runsIn(pattern: RegExp, start: number): Generator<readonly [string, number, number]> {
  const text = planeText(start);
  for (const { 0: run } of text.matchAll(pattern)) {
    const first = run.codePointAt(0) ?? 0;
    const last = [...run.slice(-2)].at(-1)?.codePointAt(0) ?? first;
    yield [run, first, last];
  }
}

/** Halves of surrogate pairs would make pairs in a row; they go last, low halves first. */
function planeText(start: number): string {
  const pieces: string[] = [];
  const part = 0x800;
  const push = (from: number) =>
    pieces.push(String.fromCodePoint(...Array.from({ length: part }, (_, at) => from + at)));
  for (let from = start; from < start + planes; from += part) if (from !== 0xd800) push(from);
  return pieces.join("");
}
