import { bitAt } from "./bitmap.ts";
import { sortTexts } from "./text-sort.ts";
import { TextWords } from "./text-words.ts";

export interface EncodedText {
  /** Distinct texts in ascending order of their bytes. */
  readonly offsets: Int32Array;
  readonly bytes: Uint8Array;
}

/**
 * Writes to `codes` which of the distinct texts each row has, 0 for null rows. Gives up, with undefined, when there are more
 * than `mostTexts` of them.
 */
export function encodeText(
  offsets: Int32Array,
  bytes: Uint8Array,
  validity: Uint8Array | undefined,
  codes: Uint32Array,
  mostTexts: number,
): EncodedText | undefined {
  const words = new TextWords(bytes);
  const first = firstRows(offsets, words, validity, codes, mostTexts);
  if (first === undefined) return undefined;
  const order = sortTexts(words, offsets, first);
  const rank = new Uint32Array(first.length);
  for (let at = 0; at < order.length; at++) rank[order[at] ?? 0] = at;
  for (let row = 0; row < codes.length; row++) {
    codes[row] = validity !== undefined && !bitAt(validity, row) ? 0 : (rank[codes[row] ?? 0] ?? 0);
  }
  return gather(offsets, bytes, first, order);
}

/** How many different texts there are among some rows; Infinity when more than `mostTexts`. */
export function countTexts(
  offsets: Int32Array,
  bytes: Uint8Array,
  rows: Uint32Array,
  mostTexts: number,
): number {
  const seen = new Set<string>();
  const view = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  for (const row of rows) {
    seen.add(view.toString("latin1", offsets[row], offsets[row + 1]));
    if (seen.size > mostTexts) return Number.POSITIVE_INFINITY;
  }
  return seen.size;
}

/** The row where each distinct text is met first; `codes` has the place in that list. Open addressing, linear probes. */
function firstRows(
  offsets: Int32Array,
  words: TextWords,
  validity: Uint8Array | undefined,
  codes: Uint32Array,
  mostTexts: number,
): Uint32Array | undefined {
  let slots = new Int32Array(1024).fill(-1);
  let first = new Uint32Array(512);
  let hashes = new Int32Array(512);
  let count = 0;
  for (let row = 0; row < codes.length; row++) {
    if (validity !== undefined && !bitAt(validity, row)) continue;
    const start = offsets[row] ?? 0;
    const end = offsets[row + 1] ?? 0;
    const hash = words.hash(start, end);
    let slot = hash & (slots.length - 1);
    for (;;) {
      const entry = slots[slot] ?? -1;
      if (entry < 0) {
        if (count === mostTexts) return undefined;
        if (count === first.length) {
          first = grown(first);
          hashes = Int32Array.from({ length: first.length }, (_, at) => hashes[at] ?? 0);
          slots = refilled(hashes, count, slots.length * 2);
          slot = hash & (slots.length - 1);
          while ((slots[slot] ?? -1) >= 0) slot = (slot + 1) & (slots.length - 1);
        }
        slots[slot] = count;
        first[count] = row;
        hashes[count] = hash;
        codes[row] = count++;
        break;
      }
      if (hashes[entry] === hash) {
        const other = first[entry] ?? 0;
        const known = offsets[other] ?? 0;
        if ((offsets[other + 1] ?? 0) - known === end - start && words.equal(start, known, end - start)) {
          codes[row] = entry;
          break;
        }
      }
      slot = (slot + 1) & (slots.length - 1);
    }
  }
  return first.subarray(0, count);
}

function grown(array: Uint32Array): Uint32Array<ArrayBuffer> {
  const longer = new Uint32Array(array.length * 2);
  longer.set(array);
  return longer;
}

function refilled(hashes: Int32Array, count: number, size: number): Int32Array<ArrayBuffer> {
  const slots = new Int32Array(size).fill(-1);
  for (let entry = 0; entry < count; entry++) {
    let slot = (hashes[entry] ?? 0) & (size - 1);
    while ((slots[slot] ?? -1) >= 0) slot = (slot + 1) & (size - 1);
    slots[slot] = entry;
  }
  return slots;
}

function gather(offsets: Int32Array, bytes: Uint8Array, rows: Uint32Array, order: Uint32Array): EncodedText {
  const ends = new Int32Array(order.length + 1);
  for (let at = 0; at < order.length; at++) {
    const row = rows[order[at] ?? 0] ?? 0;
    ends[at + 1] = (ends[at] ?? 0) + (offsets[row + 1] ?? 0) - (offsets[row] ?? 0);
  }
  const gathered = new Uint8Array(ends[order.length] ?? 0);
  for (let at = 0; at < order.length; at++) {
    const row = rows[order[at] ?? 0] ?? 0;
    gathered.set(bytes.subarray(offsets[row], offsets[row + 1]), ends[at]);
  }
  return { offsets: ends, bytes: gathered };
}
