import { styleText } from "node:util";
import { wrap } from "./table.ts";

type Style = Parameters<typeof styleText>[0];

export interface Terminal {
  /** Writes a line for people; nothing under `--json`. */
  print(line?: string): void;
  /** The same for a sentence of any length, broken into lines that start with `indent`. */
  say(text: string, indent?: string): void;
  /** Writes the result of a verb called with `--json`. */
  json(value: unknown): void;
  /** Shows what is being done on standard error, one line that replaces the last. */
  progress(text: string): void;
  style(style: Style, text: string): string;
  readonly columns: number;
}

export const columns = 80;

export function createTerminal(json: boolean): Terminal {
  const progress = createProgress(process.stderr);
  const write = (text: string) => {
    progress.clear();
    process.stdout.write(`${text}\n`);
  };
  const print = (line = "") => {
    if (!json) write(line);
  };
  return {
    columns,
    print,
    say: (text, indent = "") => {
      for (const line of wrap(text, columns - indent.length)) print(`${indent}${line}`);
    },
    json: (value) => {
      if (json) write(harmlessJson(JSON.stringify(value, replaceSpecial, 2)));
    },
    progress: progress.show,
    style: (style, text) => paint(style, text, process.stdout),
  };
}

export function paint(style: Style, text: string, stream: NodeJS.WriteStream): string {
  return hasColours(stream) ? styleText(style, text, { validateStream: false }) : text;
}

function hasColours(stream: NodeJS.WriteStream): boolean {
  return stream.isTTY && !process.env["NO_COLOR"] && process.env["TERM"] !== "dumb";
}

function createProgress(stream: NodeJS.WriteStream) {
  const quietMs = 400;
  let shown = false;
  let waiting: NodeJS.Timeout | undefined;
  const clear = () => {
    clearTimeout(waiting);
    if (shown) stream.write("\r\x1b[K");
    shown = false;
  };
  const show = (text: string) => {
    clearTimeout(waiting);
    const line = text.slice(0, columns - 1);
    if (!stream.isTTY) {
      waiting = setTimeout(() => stream.write(`${line}\n`), quietMs);
      waiting.unref();
      return;
    }
    const draw = () => {
      stream.write(`\r\x1b[K${styleText("dim", line, { validateStream: false })}`);
      shown = true;
    };
    if (shown) return draw();
    waiting = setTimeout(draw, quietMs);
    waiting.unref();
  };
  process.once("exit", clear);
  return { show, clear };
}

function replaceSpecial(_key: string, value: unknown): unknown {
  if (value instanceof Set) return [...value];
  if (ArrayBuffer.isView(value)) return Array.from(value as unknown as ArrayLike<number>);
  return value;
}

/** What JSON itself leaves as it is and a terminal would obey. */
function harmlessJson(text: string): string {
  return text.replace(
    /[\x7f-\x9f\u2028\u2029\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}
