import { suggest } from "../core/suggest.ts";
import type { Command, Invocation } from "./command.ts";
import { llmUsage } from "./llm-options.ts";

type Action = (invocation: Invocation, given: readonly string[]) => Promise<number>;

const actions: Readonly<Record<string, () => Promise<Action>>> = {
  generate: async () => (await import("./llm-generate.ts")).generate,
  chat: async () => (await import("./llm-chat.ts")).chat,
  embed: async () => (await import("./llm-embed.ts")).embed,
  list: async () => (await import("./llm-models.ts")).list,
  ps: async () => (await import("./llm-models.ts")).ps,
  show: async () => (await import("./llm-models.ts")).show,
  pull: async () => (await import("./llm-models.ts")).pull,
  serve: async () => (await import("./llm-serve.ts")).serve,
};

export const llm: Command = {
  usage: `Usage: aikoryu llm generate [PROMPT...] [-m MODEL] [options]
       aikoryu llm chat [MESSAGE...] [-m MODEL] [options]
       aikoryu llm embed [TEXT...] [-m MODEL] [--dimensions N]
       aikoryu llm list | ps | show MODEL | pull MODEL
       aikoryu llm serve [--host HOST] [--port N] [--token TOKEN] [options]

Answers come from Ollama (OLLAMA_HOST), its command, or the engine in this
process (any .gguf file). Without a prompt it is read from standard input; a
prompt "-" stands for standard input. chat without a message on a terminal is a
conversation: /bye ends it, /clear forgets it, Ctrl-C stops an answer.

  -m, --model MODEL    may be left out where there is only one
  -s, --system TEXT    what the model shall be
  --format json|FILE   answer in JSON, or in JSON of the schema in FILE
  --image FILE         a picture, PNG or JPEG; may be given several times
  --temperature N, --top-k N, --top-p N, --min-p N, --repeat-penalty N,
  --seed N, --max-tokens N, --stop TEXT, --context N
                       how tokens are chosen; default: the model's own
  --think, --no-think  whether a model that thinks shall do so
  --raw                generate: no template around the prompt
  --keep-alive TIME    how long the model stays loaded: "5m", 0, -1 for ever
  --provider NAME      ollama, ollama-cli or llama; default: the first there
  --models FOLDER      .gguf files for llama; default: AIKORYU_MODELS
  --verbose            counts and speed; serve: a line a request
  --json               everything, as one JSON value

serve listens on 127.0.0.1:11434, as Ollama does; any other address needs a
token (--token or the variable AIKORYU_TOKEN).

  --parallel N         requests at a time (default OLLAMA_NUM_PARALLEL, else 8)
  --max-queue N        requests that wait (default OLLAMA_MAX_QUEUE, else 512)
`,
  options: {
    model: { type: "string", short: "m" },
    system: { type: "string", short: "s" },
    format: { type: "string" },
    image: { type: "string", multiple: true },
    temperature: { type: "string" },
    "top-k": { type: "string" },
    "top-p": { type: "string" },
    "min-p": { type: "string" },
    "repeat-penalty": { type: "string" },
    seed: { type: "string" },
    "max-tokens": { type: "string" },
    stop: { type: "string", multiple: true },
    context: { type: "string" },
    think: { type: "boolean" },
    "no-think": { type: "boolean" },
    raw: { type: "boolean" },
    "keep-alive": { type: "string" },
    dimensions: { type: "string" },
    provider: { type: "string" },
    models: { type: "string" },
    verbose: { type: "boolean", short: "v" },
    host: { type: "string" },
    port: { type: "string" },
    token: { type: "string" },
    parallel: { type: "string" },
    "max-queue": { type: "string" },
  },
  secondsToUnwind: 12,
  async run(invocation) {
    const [name, ...given] = invocation.positionals;
    const names = Object.keys(actions);
    if (name === undefined) throw llmUsage(`llm needs an action: ${names.join(", ")}`);
    const load = Object.hasOwn(actions, name) ? actions[name] : undefined;
    if (load === undefined) {
      const near = suggest(name, names);
      throw llmUsage(`llm has no action "${name}"`, near && `Did you mean ${near}? `);
    }
    return (await load())(invocation, given);
  },
};
