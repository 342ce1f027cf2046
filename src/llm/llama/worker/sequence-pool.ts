import type { LlamaContext, LlamaContextSequence, Token } from "node-llama-cpp";
import { AikoError } from "../../../errors.ts";

interface Waiting {
  readonly tokens: readonly Token[];
  readonly grant: (sequence: LlamaContextSequence) => void;
}

/**
 * Lends the sequences of a context, in the order of the calls. A call gets the idle one that remembers most of its prompt, so
 * that a conversation continues where it was.
 */
export class SequencePool {
  readonly #context: LlamaContext;
  /** The longest unused first. */
  readonly #idle: LlamaContextSequence[] = [];
  readonly #waiting: Waiting[] = [];

  constructor(context: LlamaContext) {
    this.#context = context;
    while (context.sequencesLeft > 0) this.#idle.push(context.getSequence());
  }

  get contextLength(): number {
    return this.#context.contextSize;
  }

  async use<T>(
    tokens: readonly Token[],
    signal: AbortSignal,
    work: (sequence: LlamaContextSequence) => Promise<T>,
  ): Promise<T> {
    const sequence = await this.#take(tokens, signal);
    try {
      return await work(sequence);
    } finally {
      this.#give(sequence);
    }
  }

  #take(tokens: readonly Token[], signal: AbortSignal): Promise<LlamaContextSequence> {
    if (signal.aborted) return Promise.reject(aborted());
    const idle = this.#best(tokens);
    if (idle !== undefined) return Promise.resolve(idle);
    return new Promise((resolve, reject) => {
      const onAbort = () => {
        this.#waiting.splice(this.#waiting.indexOf(waiting), 1);
        reject(aborted());
      };
      const waiting: Waiting = {
        tokens,
        grant: (sequence) => {
          signal.removeEventListener("abort", onAbort);
          resolve(sequence);
        },
      };
      signal.addEventListener("abort", onAbort, { once: true });
      this.#waiting.push(waiting);
    });
  }

  #give(sequence: LlamaContextSequence): void {
    this.#idle.push(sequence);
    const next = this.#waiting.shift();
    const idle = next === undefined ? undefined : this.#best(next.tokens);
    if (idle !== undefined) next?.grant(idle);
  }

  #best(tokens: readonly Token[]): LlamaContextSequence | undefined {
    let best = -1;
    let most = -1;
    this.#idle.forEach(({ contextTokens }, at) => {
      const common = commonPrefix(contextTokens, tokens);
      if (common <= most) return;
      most = common;
      best = at;
    });
    return best < 0 ? undefined : this.#idle.splice(best, 1)[0];
  }
}

export function aborted(): AikoError {
  return new AikoError("ABORTED", { message: "The request was cancelled" });
}

function commonPrefix(a: readonly Token[], b: readonly Token[]): number {
  let at = 0;
  while (at < a.length && at < b.length && a[at] === b[at]) at++;
  return at;
}
