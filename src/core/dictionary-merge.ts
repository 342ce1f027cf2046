import type { TextColumn } from "./column.ts";
import { textColumn } from "./column-make.ts";
import { compareBytes } from "./text-compare.ts";
import { isTurnLong, nextTurn } from "./turn.ts";

export interface MergedDictionary {
  readonly dictionary: TextColumn;
  /** For each of the dictionaries, the new code of each of its codes. */
  readonly codes: readonly Uint32Array[];
}

const piece = 1 << 12;

/** One sorted dictionary of several, halves first. */
export async function mergeDictionaries(dictionaries: readonly TextColumn[]): Promise<MergedDictionary> {
  const [only] = dictionaries;
  if (only === undefined) return { dictionary: textColumn(new Int32Array(1), new Uint8Array(0)), codes: [] };
  if (dictionaries.length === 1) {
    return { dictionary: only, codes: [Uint32Array.from({ length: only.length }, (_, at) => at)] };
  }
  const half = dictionaries.length >>> 1;
  const low = await mergeDictionaries(dictionaries.slice(0, half));
  const high = await mergeDictionaries(dictionaries.slice(half));
  const { dictionary, left, right } = await mergeTwo(low.dictionary, high.dictionary);
  return {
    dictionary,
    codes: [
      ...low.codes.map((codes) => codes.map((code) => left[code] ?? 0)),
      ...high.codes.map((codes) => codes.map((code) => right[code] ?? 0)),
    ],
  };
}

async function mergeTwo(a: TextColumn, b: TextColumn) {
  const left = new Uint32Array(a.length);
  const right = new Uint32Array(b.length);
  const offsets = new Int32Array(a.length + b.length + 1);
  const bytes = new Uint8Array(spanOf(a) + spanOf(b));
  let count = 0;
  for (let atA = 0, atB = 0; atA < a.length || atB < b.length; count++) {
    if (count % piece === 0) while (isTurnLong()) await nextTurn();
    const order = atA === a.length ? 1 : atB === b.length ? -1 : compare(a, atA, b, atB);
    const [from, row] = order <= 0 ? [a, atA] : [b, atB];
    const start = offsets[count] ?? 0;
    const text = from.bytes.subarray(from.offsets[row], from.offsets[row + 1]);
    bytes.set(text, start);
    offsets[count + 1] = start + text.length;
    if (order <= 0) left[atA++] = count;
    if (order >= 0) right[atB++] = count;
  }
  const end = offsets[count] ?? 0;
  return { dictionary: textColumn(offsets.slice(0, count + 1), bytes.subarray(0, end)), left, right };
}

function compare(a: TextColumn, rowA: number, b: TextColumn, rowB: number): number {
  return compareBytes(
    a.bytes,
    a.offsets[rowA] ?? 0,
    a.offsets[rowA + 1] ?? 0,
    b.bytes,
    b.offsets[rowB] ?? 0,
    b.offsets[rowB + 1] ?? 0,
  );
}

function spanOf({ offsets, length }: TextColumn): number {
  return (offsets[length] ?? 0) - (offsets[0] ?? 0);
}
