import { isTurnLong, nextTurn } from "../../core/turn.ts";
import { AikoError } from "../../errors.ts";
import type { Filter } from "./search.ts";
import { pageRows, type Snapshot, type VectorStore } from "./store.ts";

/** Which entries a query may be routed to: those that meet all that is given. */
export interface Where {
  /** Those of these names. */
  readonly names?: Iterable<string> | undefined;
  /** Those with at least one of these tags. */
  readonly tags?: readonly string[] | undefined;
  /** Those for which this is true. */
  readonly test?: ((name: string, tags: readonly string[]) => boolean) | undefined;
  /** A bit for each entry in the order of `router.names()`, the lowest of a word first. */
  readonly bitmap?: Uint32Array | undefined;
}

const everything: Filter = {
  key: "",
  mask: async ({ rows }) => {
    const mask = emptyMask(rows);
    mask.fill(0xffffffff, 0, rows >>> 5);
    if (rows % 32 > 0) mask[rows >>> 5] = 2 ** (rows % 32) - 1;
    return mask;
  },
};

/** Throws AGENT_NOT_FOUND for a name that the router does not know, INVALID_ARGUMENT for what is no condition. */
export function filterOf(store: VectorStore, where: Where | undefined): Filter {
  if (where === undefined) return everything;
  if (typeof where !== "object" || where === null) {
    throw new AikoError("INVALID_ARGUMENT", {
      message: `where is ${where === null ? "null" : typeof where}, not a condition`,
      hint: "Pass { names }, { tags }, { bitmap } or { test }.",
    });
  }
  const { tags, test, bitmap } = where;
  const names = where.names === undefined ? undefined : new Set(where.names);
  for (const name of names ?? []) if (store.placeOf(name) === undefined) throw unknownName(name);
  const allowed = bitmap === undefined ? undefined : namesIn(store, bitmap);
  const isShared = names === undefined && test === undefined && bitmap === undefined;
  const wanted = tags === undefined ? undefined : new Set(tags);
  return {
    key: isShared ? JSON.stringify([...(wanted ?? [])].sort()) : undefined,
    mask: (snapshot) =>
      maskOf(
        snapshot,
        (name, own) =>
          (names?.has(name) ?? true) &&
          (allowed?.has(name) ?? true) &&
          (wanted === undefined || own.some((tag) => wanted.has(tag))) &&
          (test?.(name, own) ?? true),
      ),
  };
}

export function unknownName(name: string): AikoError {
  return new AikoError("AGENT_NOT_FOUND", {
    message: `The router knows no "${name}"`,
    hint: "Add it first: router.add(name, vector).",
  });
}

function namesIn(store: VectorStore, bitmap: Uint32Array): Set<string> {
  const words = Math.ceil(store.size / 32);
  if (!(bitmap instanceof Uint32Array) || bitmap.length < words) {
    throw new AikoError("INVALID_ARGUMENT", {
      message: `The bitmap for ${store.size} entries is not a Uint32Array of ${words} words`,
    });
  }
  const names = new Set<string>();
  let at = 0;
  for (const name of store.names()) {
    if ((((bitmap[at >> 5] as number) >>> (at & 31)) & 1) === 1) names.add(name);
    at++;
  }
  return names;
}

async function maskOf(
  { blocks, blockRows, rows }: Snapshot,
  test: (name: string, tags: readonly string[]) => boolean,
): Promise<Uint32Array> {
  const mask = emptyMask(rows);
  for (let row = 0; row < rows; row++) {
    if (row % 1024 === 0) while (isTurnLong()) await nextTurn();
    const block = blocks[Math.floor(row / blockRows)];
    const place = row % blockRows;
    if (!test(block?.names[place] ?? "", block?.tags[place] ?? [])) continue;
    mask[row >> 5] = (mask[row >> 5] as number) | (1 << (row & 31));
  }
  return mask;
}

function emptyMask(rows: number): Uint32Array {
  return new Uint32Array((Math.ceil(rows / pageRows) * pageRows) / 32);
}
