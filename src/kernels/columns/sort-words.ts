import type { Device } from "../../device/device.ts";
import { scratch, workOptions } from "../axis.ts";
import type { Scratch } from "../gemm.ts";
import { inRows } from "../grid.ts";
import { kernelOn, kernelText } from "../source.ts";
import type { ColumnOptions, FixedMemory } from "./column.ts";
import { keyRanges } from "./key-range.ts";
import { type KeyOrder, type KeyWord, keyFields, keyWords, makeWords, wordBytes } from "./key-words.ts";
import { keyParts, type RowSet } from "./order-keys.ts";
import { firstBytes, radixWords } from "./radix-words.ts";

export interface FixedKey extends KeyOrder {
  readonly column: FixedMemory;
}

/** The words, from the least significant on, that stand for rows in an order. One round trip. */
export async function orderWords(
  device: Device,
  keys: readonly FixedKey[],
  set: RowSet,
  options: ColumnOptions,
): Promise<readonly KeyWord[]> {
  const parts = keys.map(({ column }) => keyParts(column));
  const ranges = await keyRanges(device, parts.flat(), set, options);
  let first = 0;
  const fields = keys.flatMap((key, index) => {
    const own = parts[index] ?? [];
    const ownRanges = ranges.slice(first, first + own.length);
    first += own.length;
    return keyFields(own, ownRanges, set.count, key);
  });
  return keyWords(fields);
}

/** Enqueues a stable sort of rows by words; the caller disposes the rows. */
export async function sortByWords(
  device: Device,
  words: readonly KeyWord[],
  set: RowSet,
  options: ColumnOptions,
): Promise<Scratch> {
  const { count } = set;
  const made: Scratch[] = [];
  try {
    let rows = set.rows;
    for (const word of words) {
      const result = scratch(device, options, count * 4, "sorted rows");
      made.push(result);
      const bytes = wordBytes(word);
      using memory = scratch(device, options, count * bytes, "key words");
      await makeWords(device, word, { count, rows }, memory, options);
      await radixWords(
        device,
        { words: memory, wordBytes: bytes, bits: word.bits, count, rows, result },
        options,
      );
      rows = result;
    }
    if (made.length === 0) {
      const result = scratch(device, options, count * 4, "rows");
      made.push(result);
      await listRows(device, set, result, options);
    }
  } catch (error) {
    for (const memory of made) memory[Symbol.dispose]();
    throw error;
  }
  for (const memory of made.slice(0, -1)) memory[Symbol.dispose]();
  return made[made.length - 1] ?? scratch(device, options, 0, "rows");
}

/** Enqueues the rows of a set, in order. */
export async function listRows(
  device: Device,
  set: RowSet,
  result: Scratch,
  options: ColumnOptions,
): Promise<void> {
  if (set.count === 0) return;
  if (set.rows !== undefined) {
    const bytes = set.count * 4;
    device.copy(firstBytes(set.rows, bytes), firstBytes(result, bytes), workOptions(options));
    return;
  }
  const kernel = await kernelOn(device, kernelText("columns/positions.wgsl"), { label: "list rows" });
  const bindings = { parameters: Uint32Array.of(set.count), result };
  device.dispatch(kernel, bindings, inRows(Math.ceil(set.count / 64)), workOptions(options));
}
