import { type ParseArgsConfig, parseArgs } from "node:util";
import { suggest } from "../core/suggest.ts";
import { AikoError } from "../errors.ts";
import type { Terminal } from "./terminal.ts";

export type Options = NonNullable<ParseArgsConfig["options"]>;

export interface Invocation {
  readonly positionals: readonly string[];
  readonly terminal: Terminal;
  /** Fires on Ctrl-C. */
  readonly signal: AbortSignal;
  flag(name: string): boolean;
  text(name: string): string | undefined;
  texts(name: string): readonly string[];
}

/** One verb of the command line. `run` returns the exit status: 0 done, 1 failed. */
export interface Command {
  readonly usage: string;
  readonly options: Options;
  /** How long it may take to end after the first Ctrl-C. Default 3. */
  readonly secondsToUnwind?: number;
  run(invocation: Invocation): Promise<number>;
}

/** A command line that cannot be understood: exit status 2. */
export class UsageError extends AikoError {
  constructor(message: string, hint?: string) {
    super("INVALID_ARGUMENT", { message, hint });
  }
}

export const commonOptions = {
  json: { type: "boolean" },
  help: { type: "boolean", short: "h" },
} as const satisfies Options;

type Values = Readonly<Record<string, unknown>>;

export interface Parsed {
  readonly positionals: readonly string[];
  readonly values: Values;
}

export function parse(verb: string, args: readonly string[], options: Options): Parsed {
  const known = { ...options, ...commonOptions };
  try {
    const joined = withNegatives(args, known);
    const { values, positionals } = parseArgs({ args: joined, options: known, allowPositionals: true });
    return { values, positionals };
  } catch (error) {
    throw explain(error, verb, Object.keys(known));
  }
}

/** `--axis -1` as `--axis=-1`: parseArgs takes what begins with a dash for another option. */
function withNegatives(args: readonly string[], known: Options): string[] {
  const joined: string[] = [];
  for (const arg of args) {
    const before = joined.at(-1) ?? "";
    const takes = before.startsWith("--") && known[before.slice(2)]?.type === "string";
    if (takes && /^-\d/.test(arg)) joined[joined.length - 1] = `${before}=${arg}`;
    else joined.push(arg);
  }
  return joined;
}

export function invocation(parsed: Parsed, terminal: Terminal, signal: AbortSignal): Invocation {
  const { positionals, values } = parsed;
  const texts = (name: string) => [values[name]].flat().filter((value) => typeof value === "string");
  return {
    positionals,
    terminal,
    signal,
    flag: (name) => values[name] === true,
    text: (name) => texts(name).at(-1),
    texts,
  };
}

function explain(error: unknown, verb: string, known: readonly string[]): UsageError {
  const message = error instanceof Error ? error.message : String(error);
  const flag = /^Unknown option '(-{1,2})([^']+)'/.exec(message);
  const help = `See: aikoryu ${verb} --help`;
  if (flag === null) return new UsageError(message.split(". ")[0] ?? message, help);
  const near = suggest(flag[2] ?? "", known);
  return new UsageError(
    `${verb} has no option ${flag[1]}${flag[2]}`,
    near === undefined ? help : `Did you mean --${near}? ${help}`,
  );
}
