import { AikoError } from "../../../errors.ts";

export interface Token {
  readonly kind: "word" | "name" | "number" | "text" | "symbol" | "end";
  /** A word as written; a name and a text without their quotes. */
  readonly text: string;
  readonly start: number;
  readonly end: number;
}

const patterns = [
  ["space", /(?:\s|--[^\n]*)+/y],
  ["word", /[\p{L}_][\p{L}\p{M}\p{N}_$]*/uy],
  ["number", /(?:\d[\d_]*(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?/y],
  ["text", /'(?:[^']|'')*'/y],
  ["name", /"(?:[^"]|"")*"|`(?:[^`]|``)*`/y],
  ["symbol", /\/\/|\*\*|<>|<=|>=|==|!=|::|\|\||&&|[-+*/%<>=!(),.&|^~[\]]/y],
] as const;

/** The words of a text. Throws INVALID_ARGUMENT with the place of what is none. */
export function tokensOf(source: string): readonly Token[] {
  const tokens: Token[] = [];
  for (let at = 0; at < source.length; ) {
    const token = tokenAt(source, at);
    if (token === undefined) throw errorAt(source, at, `${what(source, at)} is not understood`);
    if (token.kind !== "space") tokens.push({ ...token, kind: token.kind });
    at = token.end;
  }
  tokens.push({ kind: "end", text: "", start: source.length, end: source.length });
  return tokens;
}

function tokenAt(source: string, start: number) {
  for (const [kind, pattern] of patterns) {
    pattern.lastIndex = start;
    const text = pattern.exec(source)?.[0];
    if (text === undefined || text === "") continue;
    const quote = text[0] ?? "";
    const isQuoted = kind === "text" || kind === "name";
    const inner = isQuoted ? text.slice(1, -1).replaceAll(quote + quote, quote) : text;
    return { kind, text: inner, start, end: start + text.length };
  }
  return undefined;
}

function what(source: string, at: number): string {
  const character = String.fromCodePoint(source.codePointAt(at) ?? 32);
  return character === "'" || character === '"'
    ? `A text that begins with ${character} has no end and`
    : `"${character}"`;
}

/** INVALID_ARGUMENT that shows the line and points at the place. */
export function errorAt(source: string, at: number, message: string, hint?: string): AikoError {
  const before = source.slice(0, at);
  const row = before.split("\n").length;
  const column = at - (before.lastIndexOf("\n") + 1);
  const line = source.split("\n")[row - 1] ?? "";
  const first = Math.max(0, column - 60);
  const shown = line.slice(first, column + 40).replaceAll("\t", " ");
  const place = row === 1 ? `column ${column + 1}` : `line ${row}, column ${column + 1}`;
  return new AikoError("INVALID_ARGUMENT", {
    message: `${message}, at ${place}:\n  ${shown}\n  ${" ".repeat(column - first)}^`,
    hint,
  });
}
