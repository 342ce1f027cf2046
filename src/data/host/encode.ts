import { countTexts, encodeText } from "../../core/text-encode.ts";

/** Columns of fewer rows are not worth a dictionary. */
const leastRows = 64;
const sampleRows = 4096;
/** A dictionary pays while rows share its texts: four rows a text, half as many in a sample. */
const rowsPerText = 4;

export interface EncodedColumn {
  readonly offsets: Int32Array;
  readonly bytes: Uint8Array;
}

/**
 * Task: writes codes into a sorted dictionary for the rows of a text column, [offsets, bytes, validity, codes]. Undefined
 * when its texts repeat too little, by a sample first.
 */
export function encode(
  [offsets, bytes, validity, codes]: [Int32Array, Uint8Array, Uint8Array, Uint32Array],
  { hasNulls, always }: { readonly hasNulls: boolean; readonly always: boolean },
): EncodedColumn | undefined {
  const rows = codes.length;
  if (always) return encodeText(offsets, bytes, hasNulls ? validity : undefined, codes, rows);
  if (rows < leastRows || !repeats(offsets, bytes, rows)) return undefined;
  const mostTexts = Math.floor(rows / rowsPerText);
  return encodeText(offsets, bytes, hasNulls ? validity : undefined, codes, mostTexts);
}

/** Null rows count as a text of their own at most. */
function repeats(offsets: Int32Array, bytes: Uint8Array, rows: number): boolean {
  const count = Math.min(rows, sampleRows);
  const sample = Uint32Array.from({ length: count }, (_, at) => Math.floor((at * rows) / count));
  const most = Math.floor((count * 2) / rowsPerText);
  return countTexts(offsets, bytes, sample, most) <= most;
}

/** Task: writes offsets that start at 0, [offsets, out]. */
export function rebase([offsets, out]: [Int32Array, Int32Array]): void {
  const first = offsets[0] ?? 0;
  for (let at = 0; at < offsets.length; at++) out[at] = (offsets[at] ?? 0) - first;
}
