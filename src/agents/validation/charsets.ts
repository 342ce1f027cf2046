import { AikoError } from "../../errors.ts";
import type { CodePoints } from "../../kernels/text/index.ts";

const sets = {
  /** Any code point, in UTF-8 without mistakes. */
  unicode: [[0, 0x10ffff]],
  ascii: [[0, 0x7f]],
  /** ASCII that can be seen, spaces, tabs and ends of lines. */
  "printable-ascii": [
    [0x09, 0x0a],
    [0x0d, 0x0d],
    [0x20, 0x7e],
  ],
  latin1: [[0, 0xff]],
  /** All but control characters, tabs and ends of lines excepted, and what turns the direction of writing. */
  "no-controls": [
    [0x09, 0x0a],
    [0x0d, 0x0d],
    [0x20, 0x7e],
    [0xa0, 0x2027],
    [0x202f, 0x2065],
    [0x206a, 0x10ffff],
  ],
} as const satisfies Record<string, CodePoints>;

export type CharsetName = keyof typeof sets;

/** Ranges of code points or characters, both ends included: `[["a", "z"], [0x30, 0x39]]`. */
export type CharsetRanges = readonly (readonly [first: number | string, last: number | string])[];

/** Throws INVALID_ARGUMENT. */
export function charsetOf(charset: CharsetName | CharsetRanges): CodePoints {
  if (typeof charset === "string") {
    if (Object.hasOwn(sets, charset)) return sets[charset];
    throw invalid(`There is no charset "${String(charset)}"`);
  }
  return charset.map(([first, last]) => {
    const range = [pointOf(first), pointOf(last)] as const;
    if (range[0] <= range[1]) return range;
    throw invalid(`The charset's range from ${first} to ${last} is out of order`);
  });
}

function pointOf(end: number | string): number {
  const point = typeof end === "string" && [...end].length === 1 ? end.codePointAt(0) : end;
  if (typeof point === "number" && Number.isInteger(point) && point >= 0 && point <= 0x10ffff) return point;
  throw invalid(`A charset has the end ${JSON.stringify(end)}, which is no code point`);
}

function invalid(message: string): AikoError {
  const hint = `Pass ranges like [["a", "z"], [0x30, 0x39]], or one of ${Object.keys(sets).join(", ")}.`;
  return new AikoError("INVALID_ARGUMENT", { message, hint });
}
