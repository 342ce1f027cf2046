import { isTurnLong, nextTurn } from "../../core/turn.ts";
import { AikoError } from "../../errors.ts";
import type { MemoryManager, OperationReport, RunOptions, Runtime } from "../../runtime/index.ts";
import { Batched } from "../batching/index.ts";
import { readRouter, writeRouter } from "./file.ts";
import { filterOf, type Where } from "./filter.ts";
import { Mirror } from "./mirror.ts";
import type { Match, Search } from "./search.ts";
import { searchOperation } from "./search-operation.ts";
import { closeQuery, type Metric, type Space, spaceOf, writeVector } from "./space.ts";
import { VectorStore } from "./store.ts";

/** Embeds texts, one vector each: `(texts) => gpu.llm.embed({ model, input: texts })` and its `embeddings`. */
export type Embed = (
  texts: readonly string[],
  options: { readonly signal: AbortSignal },
) => Promise<readonly ArrayLike<number>[]>;

export interface RouterOptions {
  /** Numbers of a vector. */
  readonly dimensions: number;
  /** Default "cosine". */
  readonly metric?: Metric | undefined;
  /** Entries to make room for on a device from the start; more is made by doubling. */
  readonly capacity?: number | undefined;
  /** For queries and entries that are texts. Concurrent ones are embedded together. */
  readonly embed?: Embed | undefined;
}

export interface RouteOptions extends RunOptions {
  /** The most matches of a query. Default 1. */
  readonly k?: number | undefined;
  /** Leaves out matches with a score below this. */
  readonly threshold?: number | undefined;
  readonly where?: Where | undefined;
}

export interface EntryOptions {
  readonly tags?: readonly string[] | undefined;
}

export type Query = string | ArrayLike<number>;

export interface Routed {
  /** Nearest first; equal ones in the order in which they were added. */
  readonly matches: readonly Match[];
  readonly report: OperationReport | undefined;
}

export interface RoutedAll {
  /** One list a query. */
  readonly matches: readonly (readonly Match[])[];
  readonly report: OperationReport | undefined;
}

let lastId = 0;

/**
 * Finds the agents or skills whose embeddings are nearest to a query: exactly, over a matrix that stays on the device.
 * Scores are f64 sums over the f32 numbers in order, so that ranks and scores are the same wherever a search ran. Changes
 * count for every search that begins after them.
 */
export class Router implements Disposable {
  readonly space: Space;
  readonly #runtime: Runtime;
  readonly #store: VectorStore;
  readonly #mirrors = new Map<MemoryManager, Mirror>();
  readonly #capacity: number;
  readonly #embedding: Batched<string, ArrayLike<number>> | undefined;
  readonly #id = ++lastId;
  #disposed = false;

  /** Throws INVALID_ARGUMENT. */
  constructor(runtime: Runtime, { dimensions, metric = "cosine", capacity = 1, embed }: RouterOptions) {
    this.space = spaceOf(dimensions, metric);
    if (!(Number.isSafeInteger(capacity) && capacity >= 1 && capacity * this.space.inner < 2 ** 31)) {
      throw new AikoError("INVALID_ARGUMENT", {
        message: `capacity is ${String(capacity)}, not a number of entries`,
        hint: `Vectors of ${dimensions} numbers leave room for ${Math.floor(2 ** 31 / this.space.inner)} entries.`,
      });
    }
    this.#runtime = runtime;
    this.#capacity = capacity;
    this.#store = new VectorStore(this.space);
    this.#embedding =
      embed &&
      new Batched<string, ArrayLike<number>>((texts, batch) => embed(texts, batch), { name: "agents.embed" });
  }

  /** Entries. */
  get size(): number {
    return this.#store.size;
  }

  has(name: string): boolean {
    return this.#store.placeOf(name) !== undefined;
  }

  /** In the order in which they were added. */
  names(): string[] {
    return [...this.#store.names()];
  }

  /** A copy of an entry's vector; with "cosine", of length one. */
  get(name: string): { readonly vector: Float32Array; readonly tags: readonly string[] } | undefined {
    const place = this.#store.placeOf(name);
    if (place === undefined) return undefined;
    return { vector: this.#store.vectorOf(place), tags: this.#store.tagsOf(name) };
  }

  /** Adds an entry. Throws INVALID_ARGUMENT for a name that is there, and as `set` does. */
  add(name: string, vector: ArrayLike<number>, options: EntryOptions = {}): void {
    if (this.has(name)) {
      throw new AikoError("INVALID_ARGUMENT", {
        message: `The router already knows "${name}"`,
        hint: "Use set() to replace its vector.",
      });
    }
    this.set(name, vector, options);
  }

  /**
   * Adds an entry or replaces its vector, and its tags where given. Throws INVALID_ARGUMENT for another count of numbers,
   * INVALID_VALUE for NaN, infinities, and with "cosine" for zeros.
   */
  set(name: string, vector: ArrayLike<number>, { tags }: EntryOptions = {}): void {
    this.#assertOpen();
    if (typeof name !== "string" || name === "") {
      throw new AikoError("INVALID_ARGUMENT", {
        message: `An entry cannot have the name ${JSON.stringify(name) ?? String(name)}`,
        hint: "Names are texts that are not empty.",
      });
    }
    assertVector(vector, `The vector of "${name}"`);
    if ((this.size + 1) * this.space.inner >= 2 ** 31) {
      throw new AikoError("OUT_OF_MEMORY", { message: `A router of ${this.size} entries is full` });
    }
    const row = new Float32Array(this.space.inner);
    const length = writeVector(this.space, vector, row, 0, `The vector of "${name}"`);
    this.#store.put(name, row, length, tags);
  }

  /** Sets entries by their texts. Rejects as `set` throws, and with what `embed` rejects with; then nothing is set. */
  async setTexts(
    entries: readonly ({ readonly name: string; readonly text: string } & EntryOptions)[],
    { signal }: Pick<RunOptions, "signal"> = {},
  ): Promise<void> {
    const vectors = await Promise.all(entries.map(({ text }) => this.#embed(text, { signal })));
    const checked = new Float32Array(this.space.inner);
    for (const [at, { name }] of entries.entries()) {
      writeVector(this.space, vectors[at] as ArrayLike<number>, checked, 0, `The embedding of "${name}"`);
    }
    for (const [at, { name, tags }] of entries.entries()) {
      while (isTurnLong()) await nextTurn();
      this.set(name, vectors[at] as ArrayLike<number>, { tags });
    }
  }

  /** Whether there was such an entry. */
  remove(name: string): boolean {
    this.#assertOpen();
    return this.#store.remove(name);
  }

  /**
   * The k nearest entries. Concurrent calls are one search, unless `where` names entries. Rejects with INVALID_ARGUMENT,
   * INVALID_VALUE and AGENT_NOT_FOUND for what is wrong with the query, and as `runtime.run` does.
   */
  async route(query: Query, options: RouteOptions = {}): Promise<Routed> {
    const { matches, report } = await this.routeAll([query], options);
    return { matches: matches[0] ?? [], report };
  }

  /** The same for many queries: a list of them, or a Float32Array of all their numbers. */
  async routeAll(queries: readonly Query[] | Float32Array, options: RouteOptions = {}): Promise<RoutedAll> {
    this.#assertOpen();
    const { k = 1, threshold, where, ...run } = options;
    if (!(Number.isSafeInteger(k) && k >= 0)) {
      throw new AikoError("INVALID_ARGUMENT", { message: `k is ${String(k)}, not a number of matches` });
    }
    if (threshold !== undefined && !(typeof threshold === "number" && !Number.isNaN(threshold))) {
      throw new AikoError("INVALID_ARGUMENT", { message: `threshold is ${String(threshold)}, not a score` });
    }
    const filter = filterOf(this.#store, where);
    const written = await this.#written(queries, options);
    const count = written.length / this.space.inner;
    if (count === 0 || k === 0)
      return { matches: Array.from({ length: count }, () => []), report: undefined };
    const search: Search = {
      id: this.#id,
      store: this.#store,
      mirrorOn: (memory) => this.#mirrorOn(memory),
      mirrors: () => [...this.#mirrors.values()],
      queries: written,
      count,
      k,
      filter,
    };
    const { value, report } = await this.#runtime.run(searchOperation, search, run);
    if (threshold === undefined) return { matches: value, report };
    const near = value.map((matches) => matches.filter(({ score }) => score >= threshold));
    return { matches: near, report };
  }

  /** Writes names, tags and vectors to a file. Rejects with WRITE_FAILED. */
  async save(path: string): Promise<void> {
    this.#assertOpen();
    using snapshot = this.#store.snapshot();
    await writeRouter(path, snapshot, this.names());
  }

  /** Replaces all entries by those of a file. Rejects with FILE_NOT_FOUND and INVALID_FILE; then nothing has changed. */
  async load(path: string): Promise<void> {
    this.#assertOpen();
    const entries = await readRouter(path, this.space);
    for (const name of this.names()) this.#store.remove(name);
    for (const { name, row, length, tags } of entries) this.#store.put(name, row, length, tags);
  }

  /** Frees the devices' memory. Safe to call twice. */
  dispose(): void {
    this.#disposed = true;
    this.#embedding?.dispose();
    for (const mirror of this.#mirrors.values()) mirror.dispose();
    this.#mirrors.clear();
  }

  [Symbol.dispose](): void {
    this.dispose();
  }

  async #written(
    queries: readonly Query[] | Float32Array,
    { signal, batch }: RouteOptions,
  ): Promise<Float32Array> {
    const { dimensions, inner } = this.space;
    if (queries instanceof Float32Array) {
      if (queries.length % dimensions !== 0) {
        throw new AikoError("INVALID_ARGUMENT", {
          message: `${queries.length} numbers are no queries of ${dimensions} numbers each`,
        });
      }
      const count = queries.length / dimensions;
      const rows = Array.from({ length: count }, (_, at) =>
        queries.subarray(at * dimensions, (at + 1) * dimensions),
      );
      return this.#written(rows, {});
    }
    if (!Array.isArray(queries)) {
      throw new AikoError("INVALID_ARGUMENT", { message: "routeAll takes a list of queries" });
    }
    const waits = batch === false ? undefined : batch;
    const embedded = queries.some((query) => typeof query === "string")
      ? await Promise.all(
          queries.map((query) =>
            typeof query === "string" ? this.#embed(query, { ...waits, signal }) : query,
          ),
        )
      : (queries as readonly ArrayLike<number>[]);
    const out = new Float32Array(embedded.length * inner);
    for (const [at, query] of embedded.entries()) {
      if (at % 64 === 63) while (isTurnLong()) await nextTurn();
      const what = embedded.length === 1 ? "The query" : `Query ${at}`;
      assertVector(query, what);
      writeVector(this.space, query, out, at * inner, what);
      closeQuery(this.space, out, at * inner);
    }
    return out;
  }

  #embed(text: string, options: Parameters<Batched<string, unknown>["run"]>[1]): Promise<ArrayLike<number>> {
    if (this.#embedding !== undefined) return this.#embedding.run(text, options);
    throw new AikoError("INVALID_ARGUMENT", {
      message: "This router cannot embed texts",
      hint: "Give it `embed`, or pass vectors.",
    });
  }

  #mirrorOn(memory: MemoryManager): Mirror {
    this.#assertOpen();
    for (const [other, mirror] of this.#mirrors) {
      if (!other.device.isLost) continue;
      mirror.dispose();
      this.#mirrors.delete(other);
    }
    let mirror = this.#mirrors.get(memory);
    if (mirror === undefined) {
      mirror = new Mirror(this.#store, memory, this.#capacity);
      this.#mirrors.set(memory, mirror);
    }
    return mirror;
  }

  #assertOpen(): void {
    if (!this.#disposed) return;
    throw new AikoError("DISPOSED", { message: "This router is disposed", hint: "Make a new one." });
  }
}

function assertVector(given: unknown, what: string): asserts given is ArrayLike<number> {
  const isArray = Array.isArray(given) || (ArrayBuffer.isView(given) && !(given instanceof DataView));
  if (isArray) return;
  throw new AikoError("INVALID_ARGUMENT", {
    message: `${what} is ${given === null ? "null" : typeof given}, not numbers`,
    hint: "Pass a Float32Array or an array of numbers.",
  });
}
