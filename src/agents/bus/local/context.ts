import { AikoError } from "../../../errors.ts";
import { assertPattern, assertTopic, matches } from "../topic.ts";
import type { SharedContext } from "../transport.ts";

interface Entry {
  readonly value: unknown;
  readonly revision: number;
}

type Change = Entry & { readonly key: string };

/** A table in this process. Values are kept as they are given. */
export class LocalContext implements SharedContext {
  readonly #name: string;
  readonly #entries = new Map<string, Entry>();
  readonly #watchers = new Set<Watcher>();
  #revision = 0;
  #closed = false;

  constructor(name: string) {
    this.#name = name;
  }

  async get(key: string): Promise<Entry | undefined> {
    return this.#entries.get(key);
  }

  async set(
    key: string,
    value: unknown,
    options: { readonly revision?: number | undefined } = {},
  ): Promise<number> {
    assertTopic(key);
    const current = this.#entries.get(key)?.revision ?? 0;
    const { revision = current } = options;
    if (revision !== current) throw this.#conflict(key, revision, current);
    const entry = { value, revision: ++this.#revision };
    this.#entries.set(key, entry);
    this.#tell({ key, ...entry });
    return entry.revision;
  }

  async delete(key: string): Promise<void> {
    if (this.#entries.delete(key)) this.#tell({ key, value: undefined, revision: ++this.#revision });
  }

  async keys(): Promise<readonly string[]> {
    return [...this.#entries.keys()];
  }

  watch(pattern: string, options: { readonly signal?: AbortSignal | undefined } = {}): AsyncIterable<Change> {
    assertPattern(pattern);
    return this.#changes(pattern, options.signal);
  }

  /** Ends all watches. */
  close(): void {
    this.#closed = true;
    for (const watcher of this.#watchers) watcher.end();
    this.#watchers.clear();
  }

  /** Begins with its first reader, so that one who never reads is not remembered. */
  async *#changes(pattern: string, signal: AbortSignal | undefined): AsyncGenerator<Change> {
    if (this.#closed || signal?.aborted) return;
    const watcher = new Watcher(pattern);
    for (const [key, entry] of this.#entries) watcher.note({ key, ...entry });
    const end = () => watcher.end();
    this.#watchers.add(watcher);
    signal?.addEventListener("abort", end, { once: true });
    try {
      yield* watcher.changes();
    } finally {
      this.#watchers.delete(watcher);
      signal?.removeEventListener("abort", end);
    }
  }

  #tell(change: Change): void {
    for (const watcher of this.#watchers) watcher.note(change);
  }

  #conflict(key: string, expected: number, current: number): AikoError {
    const is = current === 0 ? "it has no value" : `it is at revision ${current}`;
    return new AikoError("INVALID_VALUE", {
      message: `${key} of the context ${this.#name} was to be at revision ${expected}, but ${is}`,
      hint: "Somebody else changed it: get it again, and set it with the revision you got.",
    });
  }
}

/** What one reader has not seen yet: the newest of each key, so that a slow one costs no more than the table. */
class Watcher {
  readonly #pattern: string;
  readonly #news = new Map<string, Change>();
  #wake: (() => void) | undefined;
  #ended = false;

  constructor(pattern: string) {
    this.#pattern = pattern;
  }

  note(change: Change): void {
    if (!matches(this.#pattern, change.key)) return;
    this.#news.delete(change.key);
    this.#news.set(change.key, change);
    this.#wake?.();
  }

  end(): void {
    this.#ended = true;
    this.#wake?.();
  }

  async *changes(): AsyncGenerator<Change> {
    while (!this.#ended) {
      for (const [key, change] of this.#news) {
        this.#news.delete(key);
        yield change;
        if (this.#ended) return;
      }
      if (this.#news.size > 0 || this.#ended) continue;
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
      this.#wake = undefined;
    }
  }
}
