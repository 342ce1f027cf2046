import { isTurnLong, nextTurn } from "../../core/turn.ts";
import type { MemoryManager } from "../../runtime/index.ts";
import type { Mirror } from "./mirror.ts";
import type { Snapshot, VectorStore } from "./store.ts";

export interface Match {
  readonly name: string;
  /** More is nearer: see `Metric`. */
  readonly score: number;
}

/** Which rows count. */
export interface Filter {
  /** Filters of one key are the same; undefined where nobody knows. */
  readonly key: string | undefined;
  /** A bit for each row, in u32 words; bits past the last row are 0. */
  mask(snapshot: Snapshot): Promise<Uint32Array>;
}

/** Queries to one router. */
export interface Search {
  readonly id: number;
  readonly store: VectorStore;
  readonly mirrorOn: (memory: MemoryManager) => Mirror;
  readonly mirrors: () => readonly Mirror[];
  /** [count, inner] */
  readonly queries: Float32Array;
  readonly count: number;
  readonly k: number;
  readonly filter: Filter;
}

/** The nearest of each query, best first. */
export type Found = readonly (readonly Match[])[];

/** Rows to look for, so that the k nearest are almost always among them. */
export function candidatesFor(k: number, rows: number): number {
  return Math.min(rows, k + 6 + (k >> 2));
}

/** Names for rows. */
export async function named(
  { blocks, blockRows }: Snapshot,
  { scores, rows, counts }: { scores: Float64Array; rows: Uint32Array; counts: Uint32Array },
  k: number,
): Promise<Found> {
  const found: Match[][] = [];
  for (let query = 0; query < counts.length; query++) {
    if (query % 64 === 0) while (isTurnLong()) await nextTurn();
    const matches: Match[] = [];
    for (let at = query * k; at < query * k + (counts[query] as number); at++) {
      const row = rows[at] as number;
      const name = blocks[Math.floor(row / blockRows)]?.names[row % blockRows] ?? "";
      matches.push({ name, score: scores[at] as number });
    }
    found.push(matches);
  }
  return found;
}

export function emptyFound(count: number): Found {
  return Array.from({ length: count }, () => []);
}
