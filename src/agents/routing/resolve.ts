import { abortError } from "../../runtime/index.ts";
import { javascriptEngine, type TaskArray } from "../../runtime/javascript/index.ts";
import { type ExhaustParameters, type SettleParameters, unresolved } from "./host.ts";
import { candidatesFor, type Found, named } from "./search.ts";
import type { Snapshot } from "./store.ts";

const module = new URL("./host.js", import.meta.url).href;
/** How much further to look for queries whose k nearest were not certain. */
const further = 8;
const mostCandidates = 1024;
const mostQueries = 1 << 14;

/** Queries to a snapshot, and what bounds them. */
export interface Asked {
  readonly snapshot: Snapshot;
  /** [count, inner] */
  readonly queries: Float32Array;
  readonly count: number;
  readonly k: number;
  readonly mask: Uint32Array;
  readonly signal: AbortSignal | undefined;
}

/** Pairs of product and row: [queries, chunks, most]. */
export interface Candidates {
  readonly found: Uint32Array;
  readonly chunks: number;
  readonly most: number;
}

/** Finds `most` candidates or more for each of `count` queries. */
export type Find = (queries: Float32Array, count: number, most: number) => Promise<Candidates>;

/**
 * The k nearest by f64 scores, from candidates that f32 products gave: proven for each query, with more candidates where
 * that takes them, and by scores of all rows where nothing else helps. So the answer does not depend on who found them.
 */
export async function resolve(asked: Asked, find: Find): Promise<Found> {
  const found: Found[number][] = [];
  for (let first = 0; first < asked.count; first += mostQueries) {
    const count = Math.min(mostQueries, asked.count - first);
    const { inner } = asked.snapshot.space;
    const queries = asked.queries.subarray(first * inner, (first + count) * inner);
    for (const matches of await resolvePart({ ...asked, queries, count }, find)) found.push(matches);
  }
  return found;
}

async function resolvePart(asked: Asked, find: Find): Promise<Found> {
  const { snapshot, queries, count, k } = asked;
  const { inner } = snapshot.space;
  const result = resultOf(count, k);
  let open = Uint32Array.from({ length: count }, (_, at) => at);
  let most = candidatesFor(k, snapshot.rows);
  for (;;) {
    const isAll = open.length === count;
    const asks = isAll ? queries : gathered(queries, open, inner);
    const part = isAll ? result : resultOf(open.length, k);
    const candidates = await find(asks, open.length, most);
    await settled(asked, asks, candidates, part);
    if (!isAll) scatter(part, open, result, k);
    open = open.filter((query) => result.counts[query] === unresolved);
    if (open.length === 0) break;
    if (most >= Math.min(mostCandidates, snapshot.rows)) {
      await exhausted(asked, open, result);
      break;
    }
    most = Math.min(snapshot.rows, most * further);
  }
  return named(snapshot, result, k);
}

/** The k nearest by scores of all rows. */
export async function resolveAll(asked: Asked): Promise<Found> {
  const { snapshot, count, k } = asked;
  const result = resultOf(count, k);
  const all = Uint32Array.from({ length: count }, (_, at) => at);
  await exhausted(asked, all, result);
  return named(snapshot, result, k);
}

interface Result {
  readonly scores: Float64Array;
  readonly rows: Uint32Array;
  readonly counts: Uint32Array;
}

function resultOf(count: number, k: number): Result {
  return {
    scores: new Float64Array(count * k),
    rows: new Uint32Array(count * k),
    counts: new Uint32Array(count),
  };
}

function gathered(queries: Float32Array, places: Uint32Array, inner: number): Float32Array {
  const out = new Float32Array(places.length * inner);
  places.forEach((place, at) => {
    out.set(queries.subarray(place * inner, (place + 1) * inner), at * inner);
  });
  return out;
}

function scatter(part: Result, places: Uint32Array, result: Result, k: number): void {
  places.forEach((place, at) => {
    result.scores.set(part.scores.subarray(at * k, (at + 1) * k), place * k);
    result.rows.set(part.rows.subarray(at * k, (at + 1) * k), place * k);
    result.counts[place] = part.counts[at] as number;
  });
}

function rowsOf({ snapshot, k }: Asked) {
  const { space, blockRows, rows, longest } = snapshot;
  const { metric, dimensions, inner } = space;
  return { metric, dimensions, inner, blockRows, rows, longest, k };
}

function blocksOf({ blocks }: Snapshot): TaskArray[] {
  return blocks.flatMap(({ data, order }) => [data, order]);
}

function settled(
  asked: Asked,
  queries: Float32Array,
  { found, chunks, most }: Candidates,
  { scores, rows, counts }: Result,
): Promise<void> {
  const arrays = [found, queries, scores, rows, counts, ...blocksOf(asked.snapshot)];
  const parameters = { ...rowsOf(asked), most, chunks };
  const effort = asked.k * asked.snapshot.space.inner + most * chunks * 4;
  return inParts(counts.length, effort, asked.signal, (range) => {
    const all: SettleParameters = { ...parameters, ...range };
    return { name: "settle", arrays, parameters: all };
  });
}

function exhausted(asked: Asked, open: Uint32Array, { scores, rows, counts }: Result): Promise<void> {
  const arrays = [open, asked.queries, scores, rows, counts, asked.mask, ...blocksOf(asked.snapshot)];
  const parameters = rowsOf(asked);
  const effort = asked.snapshot.rows * asked.snapshot.space.inner;
  return inParts(open.length, effort, asked.signal, (range) => {
    const all: ExhaustParameters = { ...parameters, ...range };
    return { name: "exhaust", arrays, parameters: all };
  });
}

interface Part {
  readonly name: string;
  readonly arrays: readonly TaskArray[];
  readonly parameters: unknown;
}

/** Iterations above which another thread is worth waking. */
const shared = 100_000;

/** `effort` of one item decides in how many parts all of them are computed. */
async function inParts(
  count: number,
  effort: number,
  signal: AbortSignal | undefined,
  partOf: (range: { first: number; end: number }) => Part,
): Promise<void> {
  if (signal?.aborted) throw abortError(signal, "A search for the nearest");
  const parts = count * effort > shared ? Math.min(javascriptEngine.parallelism, count) : 1;
  const runs = Array.from({ length: parts }, (_, part) => {
    const range = {
      first: Math.floor((count * part) / parts),
      end: Math.floor((count * (part + 1)) / parts),
    };
    return javascriptEngine.run({ module, ...partOf(range), effort: count * effort });
  });
  await Promise.allSettled(runs);
  await Promise.all(runs);
}
