import type { Value } from "../cast-value.ts";

/** Negative, 0 or positive. NaN equals NaN and is greater than every number, -0 equals 0, text goes by its UTF-8 bytes. */
export function compareValues(a: Value, b: Value): number {
  if (typeof a === "string" && typeof b === "string") return compareTexts(a, b);
  if (a < b) return -1;
  if (a > b) return 1;
  if (a === b) return 0;
  return Number(Number.isNaN(a)) - Number(Number.isNaN(b));
}

/** UTF-16 orders as UTF-8 does but for surrogates, which come before U+E000 to U+FFFF. */
function compareTexts(a: string, b: string): number {
  const length = Math.min(a.length, b.length);
  for (let at = 0; at < length; at++) {
    const [x, y] = [a.charCodeAt(at), b.charCodeAt(at)];
    if (x !== y) return lifted(x) - lifted(y);
  }
  return a.length - b.length;
}

function lifted(unit: number): number {
  if (unit < 0xd800) return unit;
  return unit < 0xe000 ? unit + 0x2000 : unit - 0x800;
}
