import type { Span } from "../../diagnostics.ts";
import { scan, type Token } from "../../scanner.ts";

interface Filter extends Span {
  readonly severity: string;
}

/** WGSL section 2.3.2: whether breaking a rule is an error at a place. The innermost `diagnostic` around it decides. */
export function errorPlaces(source: string, rule: string): (place: Span) => boolean {
  const tokens = scan(source);
  const filters = tokens.flatMap((_, index) => filterAt(tokens, index, rule) ?? []);
  return (place) => {
    const around = filters.filter((filter) => filter.start <= place.start && place.end <= filter.end);
    const [innermost] = around.sort((a, b) => b.start - a.start);
    return innermost === undefined || innermost.severity === "error";
  };
}

/** Whether a text changes how severely breaking a rule is taken, anywhere. */
export function isFiltered(source: string, rule: string): boolean {
  return scan(source).some((_, index, tokens) => filterAt(tokens, index, rule) !== undefined);
}

function filterAt(tokens: readonly Token[], index: number, rule: string): Filter | undefined {
  const [word, open, severity, comma, name] = tokens.slice(index, index + 5);
  if (word?.text !== "diagnostic" || open?.text !== "(" || severity === undefined) return undefined;
  if (comma?.text !== "," || name?.text !== rule) return undefined;
  const before = tokens[index - 1];
  if (before?.text === "@")
    return { severity: severity.text, start: before.start, end: endOfConstruct(tokens, index) };
  return { severity: severity.text, start: 0, end: tokens.at(-1)?.end ?? 0 };
}

const openers = new Set(["{", "fn", "if", "for", "loop", "switch", "while"]);

/** Where the function, statement or block after this attribute ends. */
function endOfConstruct(tokens: readonly Token[], from: number): number {
  const opener = tokens.slice(from).find((token) => openers.has(token.text))?.text;
  let depth = 0;
  for (let index = from; index < tokens.length; index++) {
    const token = tokens[index];
    if (token?.text === "{") depth++;
    if (token?.text !== "}" || --depth > 0) continue;
    if (opener !== "if" || tokens[index + 1]?.text !== "else") return token.end;
  }
  return tokens.at(-1)?.end ?? 0;
}
