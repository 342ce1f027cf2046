import { AikoError } from "../../../errors.ts";
import type { ColumnFunction } from "../expression.ts";
import { likePattern } from "../like.ts";
import type { HostFunction } from "./compile.ts";

const text = (compute: (a: string, b: string, c: string) => boolean | string | bigint): HostFunction => {
  return ([a = "", b = "", c = ""]) => compute(String(a), String(b), String(c));
};

const patterns = new Map<string, RegExp>();

function patternOf(source: string, make: (source: string) => RegExp): RegExp {
  const key = `${make.name} ${source}`;
  let pattern = patterns.get(key);
  if (pattern === undefined) {
    if (patterns.size > 200) patterns.clear();
    pattern = make(source);
    patterns.set(key, pattern);
  }
  return pattern;
}

function likeRegex(source: string): RegExp {
  const parts = likePattern(source).map((part) =>
    part.kind === "text"
      ? part.text.replaceAll(/[\\^$.*+?()[\]{}|/]/g, "\\$&")
      : part.kind === "any"
        ? ".*"
        : ".",
  );
  return new RegExp(`^${parts.join("")}$`, "su");
}

/** Where JavaScript's syntax means what RE2's does. */
function regex(source: string): RegExp {
  if (/\\[sSbB]|\[\[:/.test(source)) {
    throw new AikoError("UNSUPPORTED", {
      message: `The host does not run the regular expression ${JSON.stringify(source)}`,
      hint: "The CPU engine does.",
    });
  }
  try {
    return new RegExp(source, "su");
  } catch (cause) {
    throw new AikoError("INVALID_ARGUMENT", {
      message: `${JSON.stringify(source)} is no regular expression`,
      cause,
    });
  }
}

/** SQL's: counts from 1, from the end where `start` is negative, and backwards where `length` is. */
function substring(whole: string, start: number, length: number): string {
  const points = Array.from(whole);
  let from = start > 0 ? start - 1 : start < 0 ? Math.max(points.length + start, 0) : 0;
  let to = start === 0 && length > 0 ? length - 1 : from + length;
  if (start < 0 && points.length + start < 0) to = length + points.length + start;
  if (to < from) [from, to] = length < 0 ? [to, from] : [from, from];
  return points.slice(Math.max(from, 0), Math.max(to, 0)).join("");
}

export const textFunctions: Readonly<Partial<Record<ColumnFunction, HostFunction>>> = {
  length: text((a) => BigInt(Array.from(a).length)),
  byteLength: text((a) => BigInt(Buffer.byteLength(a))),
  lower: text((a) => mapped(a, (each) => each.toLowerCase())),
  upper: text((a) => mapped(a, (each) => each.toUpperCase())),
  trim: text((a) => a.replaceAll(/^\p{Zs}+|\p{Zs}+$/gu, "")),
  substring: ([a = "", start = 1, length]) =>
    substring(String(a), Number(start), length === undefined ? Number.MAX_SAFE_INTEGER : Number(length)),
  replace: text((a, b, c) => (b === "" ? a : a.split(b).join(c))),
  startsWith: text((a, b) => a.startsWith(b)),
  endsWith: text((a, b) => a.endsWith(b)),
  contains: text((a, b) => a.includes(b)),
  like: text((a, b) => patternOf(b, likeRegex).test(a)),
  ilike: text((a, b) => patternOf(lowered(b), likeRegex).test(lowered(a))),
  matches: text((a, b) => patternOf(b, regex).test(a)),
};

const lowered = (whole: string) => mapped(whole, (each) => each.toLowerCase());

/** Code point by code point, as DuckDB does. */
function mapped(whole: string, to: (point: string) => string): string {
  let result = "";
  for (const point of whole) {
    const other = to(point);
    result += Array.from(other).length === 1 ? other : (single(point, other) ?? point);
  }
  return result;
}

/** What stands for a case of several code points: capital sharp s, i without a dot's loss, and Greek with iota subscript. */
function single(point: string, other: string): string | undefined {
  if (point === "ß") return "ẞ";
  if (point === "İ") return "i";
  const code = point.codePointAt(0) ?? 0;
  const withIota = [0x1fb3, 0x1fc3, 0x1ff3].includes(code);
  const inRows = code >= 0x1f80 && code < 0x1fb0 && (code & 8) === 0;
  if (!other.endsWith("\u0399") || !(withIota || inRows)) return undefined;
  return String.fromCodePoint(code + (inRows ? 8 : 9));
}
