import type { Device } from "../../device/device.ts";
import { AikoError } from "../../errors.ts";
import type { Scratch } from "../gemm.ts";
import type { ColumnMemory, ColumnOptions } from "./column.ts";
import type { KeyOrder } from "./key-words.ts";
import { checkRows } from "./order-keys.ts";
import { type FixedKey, orderWords, sortByWords } from "./sort-words.ts";
import { textRanks } from "./text-ranks.ts";
import { topRows } from "./top-rows.ts";

export interface SortRowsKey extends KeyOrder {
  readonly column: ColumnMemory;
}

export interface SortRowsArguments {
  /** The first is the most significant. */
  readonly keys: readonly SortRowsKey[];
  readonly count: number;
  /** So many of the first rows are enough. */
  readonly limit?: number | undefined;
}

/** Keys of fixed size, where texts are their ranks, and the memory of these. */
export interface RankedKeys extends Disposable {
  readonly keys: readonly FixedKey[];
}

export async function rankedKeys(
  device: Device,
  { keys, count }: SortRowsArguments,
  options: ColumnOptions,
): Promise<RankedKeys> {
  const made: Scratch[] = [];
  const dispose = () => {
    for (const memory of made) memory[Symbol.dispose]();
  };
  const ranked: FixedKey[] = [];
  try {
    for (const { column, ...order } of keys) {
      if (column.physical !== "text") {
        ranked.push({ column, ...order });
        continue;
      }
      const { order: unused, ranks } = await textRanks(device, column, count, options);
      unused[Symbol.dispose]();
      made.push(ranks);
      ranked.push({ column: { physical: "u32", values: ranks, validity: column.validity }, ...order });
    }
  } catch (error) {
    dispose();
    throw error;
  }
  return { keys: ranked, [Symbol.dispose]: dispose };
}

/**
 * The rows in the order of their keys, the first key first: u32 row numbers, for the caller to dispose. Stable. NaN comes after
 * all numbers, -0 equals +0, text compares by its bytes. Radix sort of words that hold as many keys as fit, by their measured
 * ranges; text is ranked first. With a `limit` below the count only so many rows are in the result, and few others are sorted.
 * One round trip, more for text and limits.
 */
export async function sortRows(
  device: Device,
  work: SortRowsArguments,
  options: ColumnOptions = {},
): Promise<Scratch> {
  const { keys, count, limit = count } = work;
  checkRows(count);
  if (!(limit >= 0)) {
    throw new AikoError("INVALID_ARGUMENT", { message: `Cannot sort the first ${limit} rows` });
  }
  const [first, ...others] = keys;
  if (limit >= count && first?.column.physical === "text" && others.length === 0 && isPlain(first)) {
    const { order, ranks } = await textRanks(device, first.column, count, options);
    ranks[Symbol.dispose]();
    return order;
  }
  using ranked = await rankedKeys(device, work, options);
  if (limit < count) return await topRows(device, { keys: ranked.keys, count, limit }, options);
  const words = await orderWords(device, ranked.keys, { count }, options);
  return await sortByWords(device, words, { count }, options);
}

function isPlain({ column, descending }: SortRowsKey): boolean {
  return column.validity === undefined && !descending;
}
