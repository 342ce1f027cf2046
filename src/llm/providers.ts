import { AikoError, isAikoError, toAikoError } from "../errors.ts";
import { abortable } from "../runtime/index.ts";
import type { Candidate } from "./candidates.ts";
import { modelNotFound } from "./not-found.ts";
import type { Provider } from "./provider.ts";

/** Which provider answers, and why. */
export interface ProviderChoice {
  readonly provider: Provider;
  /** "the first that is there", with what is not there and why. */
  readonly reason: string;
  /** The candidates before and after it, and what is known of each. */
  readonly others: readonly { readonly name: string; readonly reason: string }[];
}

interface Slot {
  readonly candidate: Candidate;
  opening: Promise<Provider> | undefined;
  provider: Provider | undefined;
  /** Why it is not there. */
  error: AikoError | undefined;
  /** When that was found, of `performance.now()`. */
  failedAt: number;
}

const defaultRecheckMs = 10_000;

/**
 * The candidates in order of preference. One is opened on first need and kept until it cannot be reached; one that was not there
 * is asked last for a while, because finding out may take seconds.
 */
export class Providers implements AsyncDisposable {
  #slots: readonly Slot[];
  #recheckMs: number;
  #isDisposed = false;

  constructor(candidates: readonly Candidate[], recheckMs = defaultRecheckMs) {
    this.#slots = candidates.map(slotOf);
    this.#recheckMs = recheckMs;
  }

  /** Only these from now on, the first that is there; the ones before are closed. */
  async use(candidates: readonly Candidate[], recheckMs = defaultRecheckMs): Promise<void> {
    const before = this.#slots;
    this.#recheckMs = recheckMs;
    this.#slots = candidates.map(slotOf);
    await closeAll(before);
  }

  /** The first that is there. Rejects with CONNECTION_FAILED or ENGINE_MISSING, saying of each candidate why not. */
  async choose(signal: AbortSignal): Promise<ProviderChoice> {
    const { value: provider, done } = await this.#available(undefined, signal).next();
    if (done) throw this.#nobody();
    const others = this.#slots.filter((slot) => slot.provider !== provider);
    const away = others.flatMap((slot) => (slot.error === undefined ? [] : [awayText(slot)]));
    return {
      provider,
      reason: away.length === 0 ? "the first choice" : `the first that is there: ${away.join("; ")}`,
      others: others.map((slot) => ({
        name: slot.candidate.name,
        reason: slot.error?.message ?? (slot.provider === undefined ? "was not asked" : "is there as well"),
      })),
    };
  }

  /** All that are there, best first. */
  async all(signal: AbortSignal): Promise<readonly Provider[]> {
    const found: Provider[] = [];
    for await (const provider of this.#available(undefined, signal)) found.push(provider);
    if (found.length === 0) throw this.#nobody();
    return found;
  }

  /** What the first provider that has the model makes of it. */
  async withModel<T>(
    model: string,
    signal: AbortSignal,
    ask: (provider: Provider) => Promise<T>,
  ): Promise<T> {
    const asked: Provider[] = [];
    let missing: AikoError | undefined;
    for await (const provider of this.#available(model, signal)) {
      try {
        return await ask(provider);
      } catch (error) {
        if (isAikoError(error, "CONNECTION_FAILED")) this.#doubt(provider);
        if (!isAikoError(error, "MODEL_NOT_FOUND")) throw error;
        asked.push(provider);
        missing = error;
      }
    }
    if (missing === undefined) throw this.#nobody();
    const away = this.#slots.flatMap((slot) => (slot.error === undefined ? [] : [`${awayText(slot)}.`]));
    throw await modelNotFound(model, asked, away, missing, signal);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isDisposed = true;
    const slots = this.#slots;
    this.#slots = [];
    await closeAll(slots);
  }

  async *#available(model: string | undefined, signal: AbortSignal): AsyncGenerator<Provider, undefined> {
    if (this.#isDisposed) {
      throw new AikoError("DISPOSED", {
        message: "gpu.llm is disposed",
        hint: "Dispose gpu after its last call.",
      });
    }
    const found = new Set<string>();
    for (const slot of this.#ordered(model)) {
      const { name, standsInFor } = slot.candidate;
      if (standsInFor !== undefined && found.has(standsInFor)) continue;
      const provider = await this.#open(slot, signal);
      if (provider === undefined) continue;
      found.add(name);
      yield provider;
    }
    return undefined;
  }

  #ordered(model: string | undefined): readonly Slot[] {
    const owners = model === undefined ? [] : this.#slots.filter(({ candidate }) => candidate.owns?.(model));
    const slots = owners.length > 0 ? owners : this.#slots;
    const since = performance.now() - this.#recheckMs;
    const isAway = ({ error, failedAt }: Slot) => error !== undefined && failedAt > since;
    return [...slots.filter((slot) => !isAway(slot)), ...slots.filter(isAway)];
  }

  async #open(slot: Slot, signal: AbortSignal): Promise<Provider | undefined> {
    slot.opening ??= slot.provider === undefined ? slot.candidate.open() : reach(slot.provider);
    const { opening } = slot;
    try {
      slot.provider = await abortable(opening, signal, "The choice of a provider");
      slot.error = undefined;
      return slot.provider;
    } catch (error) {
      if (!signal.aborted && slot.opening === opening) slot.opening = undefined;
      if (signal.aborted || isAikoError(error, "INVALID_ARGUMENT")) throw error;
      slot.error = toAikoError(error);
      slot.failedAt = performance.now();
      return undefined;
    }
  }

  /** It could not be reached: the next call asks whether it is there before it sends anything. */
  #doubt(provider: Provider): void {
    const slot = this.#slots.find((each) => each.provider === provider);
    if (slot !== undefined) slot.opening = undefined;
  }

  #nobody(): AikoError {
    const [only, second] = this.#slots;
    if (only?.error !== undefined && second === undefined) return only.error;
    const isReachable = this.#slots.some((slot) => isAikoError(slot.error, "CONNECTION_FAILED"));
    return new AikoError(isReachable ? "CONNECTION_FAILED" : "ENGINE_MISSING", {
      message: `No provider of language models is there: ${this.#slots.map(awayText).join("; ")}`,
      hint: "Start Ollama (ollama serve), set OLLAMA_HOST to where it runs, or install the embedded engine: npm install node-llama-cpp",
      cause: only?.error,
    });
  }
}

const reachMs = 3_000;

async function reach(provider: Provider): Promise<Provider> {
  const signal = AbortSignal.timeout(reachMs);
  await provider.running({ signal }).catch((cause) => {
    if (!signal.aborted) throw cause;
    throw new AikoError("CONNECTION_FAILED", {
      message: `${provider.description} does not answer within ${reachMs} ms`,
      cause,
    });
  });
  return provider;
}

function slotOf(candidate: Candidate): Slot {
  return { candidate, opening: undefined, provider: undefined, error: undefined, failedAt: 0 };
}

function awayText({ candidate, error }: Slot): string {
  return `${candidate.name}: ${error?.message ?? "was not asked"}`;
}

async function closeAll(slots: readonly Slot[]): Promise<void> {
  await Promise.all(
    slots.map(async (slot) => {
      if (slot.candidate.isBorrowed) return;
      const opened = await slot.opening?.catch(() => undefined);
      await (slot.provider ?? opened)?.[Symbol.asyncDispose]();
    }),
  );
}
