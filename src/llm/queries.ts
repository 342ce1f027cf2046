import { Limits } from "./limits.ts";
import type { ModelInfo, Provider, ProviderOptions, PullProgress, RunningModel } from "./provider.ts";
import type { ProviderChoice, Providers } from "./providers.ts";
import { assertModel } from "./questions.ts";

/** A model, and the name of the provider that has it. */
export interface FoundModel extends ModelInfo {
  readonly provider: string;
}

export interface FoundRunningModel extends RunningModel {
  readonly provider: string;
}

export interface QueryOptions extends ProviderOptions {
  /** The longest it may take, in milliseconds. Default 30 s, and 10 minutes to load a model. */
  readonly timeoutMs?: number | undefined;
}

export interface LoadOptions extends QueryOptions {
  /** How long it stays loaded, in milliseconds. Infinity keeps it. */
  readonly keepAliveMs?: number | undefined;
}

const queryMs = 30_000;
const loadMs = 600_000;

/** What is asked about models, instead of a model. */
export class Queries {
  readonly #providers: Providers;

  constructor(providers: Providers) {
    this.#providers = providers;
  }

  choose(options: QueryOptions = {}): Promise<ProviderChoice> {
    return within("The choice of a provider", options, (signal) => this.#providers.choose(signal));
  }

  models(options: QueryOptions = {}): Promise<readonly FoundModel[]> {
    return within("The list of models", options, (signal) =>
      this.#ofAll(signal, (provider) => provider.models({ signal })),
    );
  }

  running(options: QueryOptions = {}): Promise<readonly FoundRunningModel[]> {
    return within("The list of running models", options, (signal) =>
      this.#ofAll(signal, (provider) => provider.running({ signal })),
    );
  }

  async show(model: string, options: QueryOptions = {}): Promise<FoundModel> {
    assertModel({ model });
    return await within(`show of ${model}`, options, (signal) =>
      this.#providers.withModel(model, signal, async (provider) => ({
        ...(await provider.show(model, { signal })),
        provider: provider.name,
      })),
    );
  }

  async load(model: string, options: LoadOptions = {}): Promise<void> {
    assertModel({ model });
    const { keepAliveMs } = options;
    return await within(`load of ${model}`, { timeoutMs: loadMs, ...options }, (signal) =>
      this.#providers.withModel(model, signal, (provider) => provider.load(model, { signal, keepAliveMs })),
    );
  }

  async *pull(model: string, options: ProviderOptions = {}): AsyncGenerator<PullProgress, void> {
    assertModel({ model });
    const { provider } = await this.choose(options);
    yield* provider.pull(model, options);
  }

  async #ofAll<T>(signal: AbortSignal, ask: (provider: Provider) => Promise<readonly T[]>) {
    const all = await this.#providers.all(signal);
    const lists = all.map(async (provider) =>
      (await ask(provider)).map((each) => ({ ...each, provider: provider.name })),
    );
    return (await Promise.all(lists)).flat();
  }
}

async function within<T>(
  what: string,
  { signal, timeoutMs = queryMs }: QueryOptions,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  using limits = new Limits({ timeoutMs, firstTokenTimeoutMs: Infinity }, signal, what);
  return await limits.race(work(limits.signal));
}
