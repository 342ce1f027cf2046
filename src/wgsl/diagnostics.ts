import { AikoError } from "../errors.ts";

/** A region of the source text, as offsets into it. */
export interface Span {
  readonly start: number;
  readonly end: number;
}

/** An error that knows where in the WGSL text it stands: a mistake, or what a target cannot do. Lines and columns count from 1. */
export class KernelError extends AikoError {
  readonly line: number;
  readonly column: number;
  readonly lineText: string;
  readonly problem: string;
  readonly span: Span;

  constructor(
    source: string,
    span: Span,
    problem: string,
    hint?: string,
    code: "INVALID_KERNEL" | "UNSUPPORTED" = "INVALID_KERNEL",
  ) {
    const { line, column, lineText } = locate(source, span.start);
    const marks = "^".repeat(Math.max(1, Math.min(span.end - span.start, lineText.length - column + 1)));
    const gutter = " ".repeat(String(line).length);
    const lead = lineText.slice(0, column - 1).replace(/[^\t]/g, " ");
    super(code, {
      message: `${line}:${column}: ${problem}\n${line} | ${lineText}\n${gutter} | ${lead}${marks}`,
      hint,
    });
    this.line = line;
    this.column = column;
    this.lineText = lineText;
    this.problem = problem;
    this.span = span;
  }
}

const lineBreak = /\r\n|[\n\v\f\r\u0085\u2028\u2029]/g;

function locate(source: string, offset: number): { line: number; column: number; lineText: string } {
  let line = 1;
  let start = 0;
  let end = source.length;
  for (const match of source.matchAll(lineBreak)) {
    if (match.index >= offset) {
      end = match.index;
      break;
    }
    line++;
    start = match.index + match[0].length;
  }
  return { line, column: offset - start + 1, lineText: source.slice(start, Math.max(start, end)) };
}
