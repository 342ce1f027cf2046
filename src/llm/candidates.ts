import { AikoError } from "../errors.ts";
import type { Runtime } from "../runtime/index.ts";
import { hasLlama, type LlamaOptions, openLlama } from "./llama/index.ts";
import { openOllama } from "./ollama/index.ts";
import { openOllamaCli } from "./ollama-cli/index.ts";
import type { Provider } from "./provider.ts";

/** A provider that may be there. */
export interface Candidate {
  readonly name: string;
  /** Rejects with the reason why it is not there. */
  open(): Promise<Provider>;
  /** Whether a model can only be its own. */
  owns?(model: string): boolean;
  /** It is not asked where this one is there: both lead to the same models. */
  readonly standsInFor?: string | undefined;
  /** It belongs to somebody else, who closes it. */
  readonly isBorrowed?: boolean | undefined;
}

export type ProviderName = "ollama" | "ollama-cli" | "llama";

export interface LlmOptions {
  /**
   * Who answers: one by name, or a provider of your own, which stays yours to dispose, or several, of which the first that is
   * there is taken. Default: all names.
   */
  readonly provider?: ProviderInput | readonly ProviderInput[] | undefined;
  /** Where Ollama listens. Default: the variable OLLAMA_HOST, else "http://127.0.0.1:11434". */
  readonly host?: string | undefined;
  /** Sent to it with each request: a proxy's token. */
  readonly headers?: Readonly<Record<string, string>> | undefined;
  /** The `ollama` command. Default: the variable AIKORYU_OLLAMA, else the one on PATH. */
  readonly command?: string | undefined;
  /** Folders of .gguf files for the embedded engine. Default: the variable AIKORYU_MODELS. */
  readonly models?: string | readonly string[] | undefined;
  /** How long a provider that was not there is asked only after the others, in milliseconds. Default 10 s. */
  readonly recheckMs?: number | undefined;
  /** More about the embedded engine. */
  readonly llama?: LlamaOptions | undefined;
}

export type ProviderInput = ProviderName | Provider;

const names: readonly ProviderName[] = ["ollama", "ollama-cli", "llama"];

/** The candidates that the options name, in their order. Throws INVALID_ARGUMENT. */
export function candidatesOf(runtime: Runtime, options: LlmOptions): readonly Candidate[] {
  const { provider = names } = options;
  const inputs = Array.isArray(provider)
    ? (provider as readonly ProviderInput[])
    : [provider as ProviderInput];
  if (inputs.length === 0) throw new AikoError("INVALID_ARGUMENT", { message: "provider is an empty list" });
  return inputs.map((input) =>
    typeof input === "object" && input !== null ? given(input) : named(runtime, input, options),
  );
}

function given(provider: Provider): Candidate {
  return { name: provider.name, open: async () => provider, isBorrowed: true };
}

function named(runtime: Runtime, name: ProviderName, options: LlmOptions): Candidate {
  switch (name) {
    case "ollama":
      return { name, open: () => openOllama(options) };
    case "ollama-cli":
      return { name, open: () => openOllamaCli(options), standsInFor: "ollama" };
    case "llama":
      return {
        name,
        owns: (model) => model.toLowerCase().endsWith(".gguf"),
        open: () => openEmbedded(runtime, options),
      };
    default:
      throw new AikoError("INVALID_ARGUMENT", {
        message: `There is no provider "${String(name)}"`,
        hint: `Use one of ${names.join(", ")}, or an object that is a Provider.`,
      });
  }
}

async function openEmbedded(runtime: Runtime, { models, llama }: LlmOptions): Promise<Provider> {
  if (hasLlama()) return openLlama({ runtime, ...(models === undefined ? {} : { models }), ...llama });
  throw new AikoError("ENGINE_MISSING", {
    message: "The optional package node-llama-cpp, which the embedded engine needs, is not installed",
    hint: "Install it: npm install node-llama-cpp",
  });
}
