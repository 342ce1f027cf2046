import type { Device } from "../../device/device.ts";
import { scratch, workOptions } from "../axis.ts";
import type { Scratch } from "../gemm.ts";
import { bitmapBytes, type ColumnOptions } from "./column.ts";
import { type KeyField, makeWords, markWords } from "./key-words.ts";
import { keyBytes, keyParts } from "./order-keys.ts";
import { firstBytes } from "./radix-words.ts";
import { selectRows } from "./select.ts";
import { type FixedKey, orderWords, sortByWords } from "./sort-words.ts";

const samples = 4096;
const leastCount = 65_536;

export interface TopWork {
  readonly keys: readonly FixedKey[];
  readonly count: number;
  /** Below `count`. */
  readonly limit: number;
}

/**
 * The first rows of the order, without sorting the others: what is at most a bound on the first key, taken from a sample, is
 * sorted; all, where the sample misled.
 */
export async function topRows(
  device: Device,
  { keys, count, limit }: TopWork,
  options: ColumnOptions,
): Promise<Scratch> {
  const [first] = keys;
  if (first !== undefined && count >= leastCount && limit <= count / 16) {
    using candidates = await candidatesFor(device, first, count, limit, options);
    if (candidates.selected >= limit && candidates.selected <= count / 2) {
      const set = { count: candidates.selected, rows: candidates.rows };
      return await firstOf(device, keys, set, limit, options);
    }
  }
  return await firstOf(device, keys, { count }, limit, options);
}

async function firstOf(
  device: Device,
  keys: readonly FixedKey[],
  set: Parameters<typeof orderWords>[2],
  limit: number,
  options: ColumnOptions,
): Promise<Scratch> {
  const words = await orderWords(device, keys, set, options);
  using sorted = await sortByWords(device, words, set, options);
  const rows = scratch(device, options, limit * 4, "first rows");
  if (limit > 0) {
    device.copy(firstBytes(sorted, limit * 4), firstBytes(rows, limit * 4), workOptions(options));
  }
  return rows;
}

interface Candidates extends Disposable {
  readonly rows: Scratch;
  readonly selected: number;
}

async function candidatesFor(
  device: Device,
  key: FixedKey,
  count: number,
  limit: number,
  options: ColumnOptions,
): Promise<Candidates> {
  const field = wholeField(key);
  const word = { fields: [field], bits: field.bits };
  const most = await boundOf(device, word, count, limit, options);
  using mask = scratch(device, options, bitmapBytes(count), "candidates");
  await markWords(device, word, count, most, mask, options);
  const { rows, selected } = await selectRows(device, { mask, count }, options);
  return { rows, selected, [Symbol.dispose]: () => rows[Symbol.dispose]() };
}

/** The first part of a key as it is; nulls are as far out as the outermost values. */
function wholeField({ column, descending, nullsFirst }: FixedKey): KeyField {
  const [key = { column, part: "whole" } as const] = keyParts(column);
  const bits = keyBytes(key) * 8;
  const outermost = 2n ** BigInt(bits) - 1n;
  const nulls = nullsFirst ? 0n : outermost;
  return { key, bits, base: descending ? outermost : 0n, offset: 0, nulls, descending, onlyNulls: false };
}

/** A word that somewhat more than `limit` rows do not exceed, as far as a sample tells. */
async function boundOf(
  device: Device,
  word: { readonly fields: readonly KeyField[]; readonly bits: number },
  count: number,
  limit: number,
  options: ColumnOptions,
): Promise<bigint> {
  using rows = scratch(device, options, samples * 4, "sampled rows");
  using words = scratch(device, options, samples * 8, "sampled words");
  const step = count / samples;
  const places = Uint32Array.from({ length: samples }, (_, at) =>
    Math.floor(at * step + ((at * 0.618) % 1) * step),
  );
  device.write(rows, places, workOptions(options));
  await makeWords(device, word, { count: samples, rows }, words, options);
  const bytes = await device.read(
    firstBytes(words, (samples * word.bits) / 8),
    undefined,
    workOptions(options),
  );
  const found = bytes.slice().buffer;
  const sorted = word.bits === 64 ? new BigUint64Array(found).sort() : new Uint32Array(found).sort();
  const expected = (limit / count) * samples;
  const place = Math.ceil(expected + 4 * Math.sqrt(expected) + 4);
  return BigInt(sorted[Math.min(place, samples - 1)] ?? 0);
}
