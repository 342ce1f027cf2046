import { KernelError, type Span } from "./diagnostics.ts";

export type TokenKind = "identifier" | "number" | "punctuation" | "templateStart" | "templateEnd" | "end";

export interface Token extends Span {
  readonly kind: TokenKind;
  readonly text: string;
}

const blank = /[ \t\n\v\f\r\u0085\u200e\u200f\u2028\u2029]+/y;
const lineComment = /\/\/[^\n\v\f\r\u0085\u2028\u2029]*/y;
const identifier = /[\p{XID_Start}_]\p{XID_Continue}*/uy;
const number = new RegExp(
  [
    "0[xX][0-9a-fA-F]*\\.[0-9a-fA-F]+(?:[pP][+-]?[0-9]+(?:lf|[fh])?)?",
    "0[xX][0-9a-fA-F]+\\.[0-9a-fA-F]*(?:[pP][+-]?[0-9]+(?:lf|[fh])?)?",
    "0[xX][0-9a-fA-F]+[pP][+-]?[0-9]+(?:lf|[fh])?",
    "0[xX][0-9a-fA-F]+(?:l[iu]|[iu])?",
    "[0-9]*\\.[0-9]+(?:[eE][+-]?[0-9]+)?(?:lf|[fh])?",
    "[0-9]+\\.[0-9]*(?:[eE][+-]?[0-9]+)?(?:lf|[fh])?",
    "[0-9]+[eE][+-]?[0-9]+(?:lf|[fh])?",
    "[0-9]+(?:l[iuf]|[iufh])?",
  ].join("|"),
  "y",
);
const punctuation =
  /->|<<=|>>=|&&|\|\||\+\+|--|<<|>>|<=|>=|==|!=|\+=|-=|\*=|\/=|%=|&=|\|=|\^=|[&@/!()[\]{}:,=<>%\-.+|;*~^_]/y;

/** Splits WGSL text into tokens; template brackets are told from comparisons as WGSL section 3.9 prescribes. */
export function scan(source: string): Token[] {
  const templates = findTemplateBrackets(source);
  const tokens: Token[] = [];
  let at = skipBlank(source, 0);
  while (at < source.length) {
    const token = scanToken(source, at, templates);
    tokens.push(token);
    at = skipBlank(source, token.end);
  }
  tokens.push({ kind: "end", text: "", start: source.length, end: source.length });
  return tokens;
}

function scanToken(source: string, start: number, templates: ReadonlySet<number>): Token {
  if (templates.has(start)) {
    const text = source.charAt(start);
    return { kind: text === "<" ? "templateStart" : "templateEnd", text, start, end: start + 1 };
  }
  const name = matchAt(identifier, source, start);
  if (name !== undefined && name !== "_") {
    if (name.startsWith("__")) {
      throw new KernelError(
        source,
        { start, end: start + name.length },
        "identifiers must not start with two underscores",
      );
    }
    return { kind: "identifier", text: name, start, end: start + name.length };
  }
  const literal = matchAt(number, source, start);
  if (literal !== undefined) {
    const end = start + literal.length;
    if (/^0[0-9]/.test(literal) && !/[.eE]/.test(literal)) {
      throw new KernelError(source, { start, end }, `the literal '${literal}' has a leading zero`);
    }
    if (matchAt(identifier, source, end) !== undefined) {
      throw new KernelError(
        source,
        { start, end: end + 1 },
        `'${literal}' is followed by a letter: no such literal`,
      );
    }
    return { kind: "number", text: literal, start, end };
  }
  const text = matchAt(punctuation, source, start);
  if (text === undefined) {
    const shown = String.fromCodePoint(source.codePointAt(start) ?? 0);
    throw new KernelError(source, { start, end: start + shown.length }, `unexpected character '${shown}'`);
  }
  return { kind: "punctuation", text, start, end: start + text.length };
}

function matchAt(pattern: RegExp, source: string, at: number): string | undefined {
  pattern.lastIndex = at;
  return pattern.exec(source)?.[0];
}

function skipBlank(source: string, from: number): number {
  let at = from;
  for (;;) {
    const skipped = matchAt(blank, source, at) ?? matchAt(lineComment, source, at);
    if (skipped !== undefined) at += skipped.length;
    else if (source.startsWith("/*", at)) at = skipBlockComment(source, at);
    else return at;
  }
}

function skipBlockComment(source: string, start: number): number {
  let depth = 1;
  let at = start + 2;
  while (depth > 0) {
    if (at >= source.length) {
      throw new KernelError(
        source,
        { start, end: start + 2 },
        "this comment is never closed",
        "Close it with */",
      );
    }
    if (source.startsWith("/*", at)) {
      depth++;
      at += 2;
    } else if (source.startsWith("*/", at)) {
      depth--;
      at += 2;
    } else at++;
  }
  return at;
}

/** WGSL section 3.9, "Template Lists": the offsets of every `<` and `>` that brackets a template list. */
function findTemplateBrackets(source: string): Set<number> {
  const found = new Set<number>();
  let pending: { at: number; depth: number }[] = [];
  let depth = 0;
  let at = 0;
  const dropNested = () => {
    pending = pending.filter((candidate) => candidate.depth < depth);
  };
  const reset = () => {
    depth = 0;
    pending = [];
  };
  for (;;) {
    at = skipBlank(source, at);
    if (at >= source.length) return found;
    const name = matchAt(identifier, source, at);
    if (name !== undefined) {
      at = skipBlank(source, at + name.length);
      if (source[at] === "<") {
        if (source[at + 1] === "<" || source[at + 1] === "=") at += 2;
        else pending.push({ at: at++, depth });
      }
      continue;
    }
    const literal = matchAt(number, source, at);
    if (literal !== undefined) {
      at += literal.length;
      continue;
    }
    const char = source[at];
    const next = source[at + 1];
    if (char === ">") {
      const top = pending.at(-1);
      if (top !== undefined && top.depth === depth) {
        found.add(top.at).add(at);
        pending.pop();
        at++;
      } else at += next === "=" ? 2 : 1;
    } else if (char === "(" || char === "[") {
      depth++;
      at++;
    } else if (char === ")" || char === "]") {
      dropNested();
      depth = Math.max(0, depth - 1);
      at++;
    } else if (char === "!" || char === "=") {
      if (next === "=") at += 2;
      else {
        if (char === "=") reset();
        at++;
      }
    } else if (char === ";" || char === "{" || char === ":") {
      reset();
      at++;
    } else if ((char === "&" && next === "&") || (char === "|" && next === "|")) {
      dropNested();
      at += 2;
    } else at++;
  }
}
