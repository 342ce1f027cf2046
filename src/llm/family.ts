import type { Runtime } from "../runtime/index.ts";
import { ask } from "./ask.ts";
import { candidatesOf, type LlmOptions } from "./candidates.ts";
import { Embedding } from "./embedding.ts";
import type { ProviderOptions, PullProgress } from "./provider.ts";
import { type ProviderChoice, Providers } from "./providers.ts";
import {
  type FoundModel,
  type FoundRunningModel,
  type LoadOptions,
  Queries,
  type QueryOptions,
} from "./queries.ts";
import { chatQuestion, generateQuestion } from "./questions.ts";
import type { Reply } from "./reply.ts";
import type {
  CallOptions,
  ChatInput,
  EmbedAnswer,
  EmbedInput,
  EmbedOptions,
  FormatInput,
  GenerateInput,
  ValueOf,
} from "./request.ts";

/**
 * Language models on one runtime. Each call goes to the first provider that is there and has the model: Ollama over HTTP, the
 * `ollama` command, the embedded engine. Rejects with CONNECTION_FAILED or ENGINE_MISSING (nobody there), MODEL_NOT_FOUND,
 * SERVER_BUSY, SERVER_FAILED, PROTOCOL_VIOLATION, CONTEXT_EXCEEDED, UNSUPPORTED, DEADLINE_EXCEEDED, ABORTED, INVALID_ARGUMENT.
 */
export interface LlmFamily extends AsyncDisposable {
  readonly runtime: Runtime;
  /** Continues a prompt: await the reply for the whole answer, or iterate for its pieces. */
  generate<F extends FormatInput | undefined = undefined>(
    request: GenerateInput<F>,
    options?: CallOptions,
  ): Reply<ValueOf<F>>;
  /** Answers a conversation: await the reply for the whole answer, or iterate for its pieces. */
  chat<F extends FormatInput | undefined = undefined>(
    request: ChatInput<F>,
    options?: CallOptions,
  ): Reply<ValueOf<F>>;
  /** Vectors of length one. Concurrent calls of one model are merged; the usage of a merged call has no tokens of its own. */
  embed(request: EmbedInput, options?: EmbedOptions): Promise<EmbedAnswer>;
  /** The models that are there, of all providers that are. */
  models(options?: QueryOptions): Promise<readonly FoundModel[]>;
  show(model: string, options?: QueryOptions): Promise<FoundModel>;
  /** The models in memory. */
  running(options?: QueryOptions): Promise<readonly FoundRunningModel[]>;
  load(model: string, options?: LoadOptions): Promise<void>;
  unload(model: string, options?: QueryOptions): Promise<void>;
  /** Downloads a model: iterate for the progress. Nothing else ever downloads one. */
  pull(model: string, options?: ProviderOptions): AsyncIterable<PullProgress>;
  /** Who answers for calls, and why. */
  provider(options?: QueryOptions): Promise<ProviderChoice>;
  /** Chooses anew among other providers; what is left out keeps its value. */
  use(options: LlmOptions): Promise<void>;
}

export function bindLlm(runtime: Runtime, options: LlmOptions = {}): LlmFamily {
  let settings = options;
  const providers = new Providers(candidatesOf(runtime, settings), settings.recheckMs);
  const embedding = new Embedding(providers);
  const queries = new Queries(providers);
  return {
    runtime,
    generate: (request, callOptions = {}) => ask(providers, () => generateQuestion(request), callOptions),
    chat: (request, callOptions = {}) => ask(providers, () => chatQuestion(request), callOptions),
    embed: (request, callOptions = {}) => embedding.embed(request, callOptions),
    models: (queryOptions) => queries.models(queryOptions),
    show: (model, queryOptions) => queries.show(model, queryOptions),
    running: (queryOptions) => queries.running(queryOptions),
    load: (model, loadOptions) => queries.load(model, loadOptions),
    unload: (model, queryOptions) => queries.load(model, { ...queryOptions, keepAliveMs: 0 }),
    pull: (model, pullOptions) => queries.pull(model, pullOptions),
    provider: (queryOptions) => queries.choose(queryOptions),
    use: async (changes) => {
      settings = { ...settings, ...changes };
      await providers.use(candidatesOf(runtime, settings), settings.recheckMs);
    },
    [Symbol.asyncDispose]: async () => {
      embedding[Symbol.dispose]();
      await providers[Symbol.asyncDispose]();
    },
  };
}
