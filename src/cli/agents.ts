import { suggest } from "../core/suggest.ts";
import { type Command, type Invocation, UsageError } from "./command.ts";

type Action = (invocation: Invocation, file: string, args: readonly string[]) => Promise<number>;

const actions: Readonly<Record<string, () => Promise<Action>>> = {
  run: async () => (await import("./agents-run.ts")).run,
  bench: async () => {
    const { bench } = await import("./bench.ts");
    return (invocation) => bench.run({ ...invocation, positionals: ["agents"] });
  },
};

export const agents: Command = {
  usage: `Usage: aikoryu agents run FILE [ARGUMENT...] [--quiet]
       aikoryu agents bench

run calls what FILE exports as default, a function or a team, and shows what
its agents do while it runs, then what it returns. FILE is JavaScript or
TypeScript (.js .mjs .ts .mts). The function is given { gpu, bus, args, signal }:
an open runtime, a bus on it, the arguments, and a signal that fires on Ctrl-C.
Arguments that begin with a dash go after --.

bench times the facilities for agents against named peers.

  --quiet       run: only what it returns
  --nats URL    run: the bus goes over this NATS server, to agents elsewhere
  --stored P    run: with --nats, topics of this pattern are kept while nobody
                listens; may be given more than once
  --json        run: one JSON value a line for each event and the result
`,
  options: {
    quiet: { type: "boolean" },
    nats: { type: "string" },
    stored: { type: "string", multiple: true },
  },
  async run(invocation) {
    const [name, file, ...args] = invocation.positionals;
    const names = Object.keys(actions);
    if (name === undefined) throw usage(`agents needs an action: ${names.join(", ")}`);
    const load = Object.hasOwn(actions, name) ? actions[name] : undefined;
    if (load === undefined) {
      const near = suggest(name, names);
      throw usage(`agents has no action "${name}"`, near && `Did you mean ${near}? `);
    }
    if (name === "run" && file === undefined) throw usage("agents run needs a file");
    if (name === "bench" && file !== undefined) throw usage("agents bench takes no arguments");
    return (await load())(invocation, file ?? "", args);
  },
};

function usage(message: string, before = ""): UsageError {
  return new UsageError(message, `${before}See: aikoryu agents --help`);
}
