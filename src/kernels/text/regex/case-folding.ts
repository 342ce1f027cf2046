import { type CodePoints, union } from "./code-points.ts";

/** Equal by Unicode's simple case folding, and neither by upper nor by lower case of one code point. */
const further: readonly (readonly [number, number])[] = [
  [0xfb05, 0xfb06],
  [0x1fd3, 0x0390],
  [0x1fe3, 0x03b0],
];

type Pairs = readonly (readonly [codePoint: number, others: readonly number[]])[];

const known = new Map<string, Pairs>();

/**
 * Adds the code points that this JavaScript engine takes for the same with the flag `i`, which with `u` are more. Takes
 * milliseconds the first time.
 */
export function inAnyCase(set: CodePoints, unicode: boolean): CodePoints {
  const flags = unicode ? "iu" : "i";
  let pairs = known.get(flags);
  if (pairs === undefined) {
    pairs = casePairs(flags);
    known.set(flags, pairs);
  }
  const added: [number, number][] = [];
  let range = 0;
  for (const [codePoint, others] of pairs) {
    while ((set[range]?.[1] ?? Infinity) < codePoint) range++;
    if ((set[range]?.[0] ?? Infinity) > codePoint) continue;
    for (const other of others) added.push([other, other]);
  }
  return added.length === 0 ? set : union(set, added);
}

function casePairs(flags: string): Pairs {
  const groups = new Map<number, Set<number>>();
  const join = (a: number, b: number) => {
    const joined = new Set([...(groups.get(a) ?? [a]), ...(groups.get(b) ?? [b])]);
    for (const member of joined) groups.set(member, joined);
  };
  for (let codePoint = 0; codePoint <= 0x1ffff; codePoint++) {
    const text = String.fromCodePoint(codePoint);
    for (const other of [text.toLowerCase(), text.toUpperCase()]) {
      const turned = other.codePointAt(0) ?? codePoint;
      if (turned !== codePoint && String.fromCodePoint(turned) === other) join(codePoint, turned);
    }
  }
  for (const [a, b] of further) join(a, b);
  const pairs: [number, readonly number[]][] = [];
  for (const [codePoint, group] of groups) {
    if (codePoint > 0xffff && flags === "i") continue;
    const same = new RegExp(`^${escaped(codePoint, flags)}$`, flags);
    const others = [...group].filter(
      (other) => other !== codePoint && same.test(String.fromCodePoint(other)),
    );
    if (others.length > 0) pairs.push([codePoint, others]);
  }
  return pairs.sort(([a], [b]) => a - b);
}

function escaped(codePoint: number, flags: string): string {
  const digits = codePoint.toString(16);
  return flags === "iu" ? `\\u{${digits}}` : `\\u${digits.padStart(4, "0")}`;
}
