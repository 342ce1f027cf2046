import { readFileSync } from "node:fs";
import { harmlessLines } from "../core/display-text.ts";
import { suggest } from "../core/suggest.ts";
import { type AikoError, toAikoError } from "../errors.ts";
import { type Command, commonOptions, invocation, parse, UsageError } from "./command.ts";
import { createTerminal, paint } from "./terminal.ts";

interface Verb {
  readonly summary: string;
  load(): Promise<Command>;
}

const verbs: Readonly<Record<string, Verb>> = {
  doctor: {
    summary: "what devices there are, how fast they are, and what is missing",
    load: async () => (await import("./doctor.ts")).doctor,
  },
  tour: {
    summary: "every operation family on real data, on the GPU and on the CPU",
    load: async () => (await import("./tour.ts")).tour,
  },
  bench: {
    summary: "measures against named peers and the machine's own limits",
    load: async () => (await import("./bench.ts")).bench,
  },
  kernel: {
    summary: "translates a WGSL kernel, or compiles it on every device",
    load: async () => (await import("./kernel.ts")).kernel,
  },
  data: {
    summary: "tables in files: filter, group, sort, join, convert",
    load: async () => (await import("./data.ts")).data,
  },
  matrix: {
    summary: "matrix operations on .npy files",
    load: async () => (await import("./matrix.ts")).matrix,
  },
  nn: {
    summary: "runs, shows and times neural networks: ONNX files",
    load: async () => (await import("./nn.ts")).nn,
  },
  llm: {
    summary: "language models: generate, chat, embed, and a server for clients of Ollama",
    load: async () => (await import("./llm.ts")).llm,
  },
  agents: {
    summary: "runs a file of agents and shows what they do",
    load: async () => (await import("./agents.ts")).agents,
  },
  monitor: {
    summary: "what devices, machine and runtime do now, and why something is not seen",
    load: async () => (await import("./monitor.ts")).monitor,
  },
};

let secondsToUnwind = 3;
const stopping = new AbortController();

await main(process.argv.slice(2));

async function main(args: readonly string[]): Promise<void> {
  settleStreams();
  stopOnSignals();
  try {
    const status = await dispatch(args);
    process.exitCode ??= status;
  } catch (error) {
    if (stopping.signal.aborted) return;
    report(toAikoError(error), args.includes("--json"));
    process.exitCode = error instanceof UsageError ? 2 : 1;
  }
}

async function dispatch(args: readonly string[]): Promise<number> {
  const [first, ...rest] = args;
  if (first === undefined || first === "--help" || first === "-h") return help(first === undefined ? 2 : 0);
  if (first === "--version" || first === "-v") return version();
  if (first === "help") return rest[0] === undefined ? help(0) : dispatch([rest[0], "--help"]);
  const verb = Object.hasOwn(verbs, first) ? verbs[first] : undefined;
  if (verb === undefined) throw unknownVerb(first);
  const command = await verb.load();
  const parsed = parse(first, rest, command.options);
  if (parsed.values["help"] === true) {
    process.stdout.write(command.usage);
    return 0;
  }
  secondsToUnwind = command.secondsToUnwind ?? secondsToUnwind;
  return command.run(invocation(parsed, createTerminal(parsed.values["json"] === true), stopping.signal));
}

function help(status: number): number {
  const lines = Object.entries(verbs).map(([name, { summary }]) => `  ${name.padEnd(8)}${summary}`);
  const flags = Object.keys(commonOptions)
    .map((name) => `--${name}`)
    .join(", ");
  const text = `Usage: aikoryu VERB [options]\n\n${lines.join("\n")}\n\nEvery verb takes ${flags}.\nAIKORYU_DEVICE=ID chooses the device; doctor lists them.\n`;
  (status === 0 ? process.stdout : process.stderr).write(text);
  return status;
}

function version(): number {
  const text = readFileSync(new URL("../../package.json", import.meta.url), "utf8");
  process.stdout.write(`${(JSON.parse(text) as { version: string }).version}\n`);
  return 0;
}

function unknownVerb(name: string): UsageError {
  const near = suggest(name, Object.keys(verbs));
  const list = `Verbs: ${Object.keys(verbs).join(", ")}`;
  const what = name.startsWith("-") ? "There is no option" : "There is no verb";
  return new UsageError(`${what} ${name}`, near === undefined ? list : `Did you mean ${near}? ${list}`);
}

function report(error: AikoError, json: boolean): void {
  if (json) {
    process.stdout.write(`${JSON.stringify({ error: error.toJSON() }, null, 2)}\n`);
    return;
  }
  const write = (label: string, text: string) => process.stderr.write(`${label}: ${harmlessLines(text)}\n`);
  write(paint(["bold", "red"], "error", process.stderr), error.message);
  if (error.hint !== undefined) write(paint("bold", "hint", process.stderr), error.hint);
  write(paint("dim", "code", process.stderr), error.code);
  if (error.code === "INTERNAL" && error.cause instanceof Error)
    process.stderr.write(`${harmlessLines(String(error.cause.stack))}\n`);
}

function settleStreams(): void {
  for (const stream of [process.stdout, process.stderr]) {
    stream.on("error", (error: NodeJS.ErrnoException) => process.exit(error.code === "EPIPE" ? 0 : 1));
  }
}

/** The first signal lets the verb put its files in order, the second ends the process. */
function stopOnSignals(): void {
  const statuses = { SIGINT: 130, SIGTERM: 143 } as const;
  for (const signal of ["SIGINT", "SIGTERM"] as const) {
    process.on(signal, () => {
      const status = statuses[signal];
      if (stopping.signal.aborted) process.exit(status);
      stopping.abort();
      process.exitCode = status;
      setTimeout(() => process.exit(status), secondsToUnwind * 1000).unref();
    });
  }
}
