import type { BufferView, Device } from "../../device/device.ts";
import { powerOfTwo, scratch, workOptions } from "../axis.ts";
import type { Scratch } from "../gemm.ts";
import { kernelOn, kernelText, wantsLongThreads } from "../source.ts";
import { type ColumnOptions, type Memory, noRow, type TextMemory } from "./column.ts";
import { commonText, hashParameters, rowGrid, textText, wholeScratch, wordsText } from "./key-access.ts";

/** Seed of the first attempt: results do not depend on it. */
export const firstSeed = 0x9e37_79b9;
/** Far above what random hashes come to in a table that is half full. */
export const mostProbes = 1024;
const attempts = 4;

/** Rows of `width` words in `keys`. The last `nullWords` are not 0 where a key is null. */
export interface WordKeys {
  readonly keys: Memory;
  readonly width: number;
  readonly nullWords: number;
}

export type HashedKeys = WordKeys | TextMemory;

/** A slot names the first row with its key, or `noRow`. */
export interface HashTable {
  readonly table: Scratch;
  readonly slots: number;
  readonly seed: number;
}

export function isText(keys: HashedKeys): keys is TextMemory {
  return "physical" in keys;
}

export function keyText(keys: HashedKeys): string {
  return isText(keys) ? textText() : wordsText(keys.width);
}

export function keyBindings(keys: HashedKeys): Readonly<Record<string, Memory>> {
  return isText(keys) ? { offsets: keys.offsets, bytes: keys.values } : { keys: keys.keys };
}

export async function fillWords(
  device: Device,
  words: Memory,
  { count, value }: { readonly count: number; readonly value: number },
  options: ColumnOptions,
): Promise<void> {
  const text = commonText(device) + kernelText("columns/fill-words.wgsl");
  const kernel = await kernelOn(device, text, { entryPoint: "fill_words", label: "fill words" });
  const { each, groups } = rowGrid(device, count);
  const parameters = hashParameters({ count, each, seed: value });
  device.dispatch(kernel, { parameters, words }, groups, workOptions(options));
}

/** Runs `attempt` with another, random seed when too many keys fall together, and at last however many probes it takes. */
export async function withSeeds(
  attempt: (hashing: { readonly seed: number; readonly mostProbes: number }) => Promise<boolean>,
): Promise<number> {
  for (let index = 0; ; index++) {
    const seed = index === 0 ? firstSeed : Math.floor(Math.random() * 2 ** 32);
    const isLast = index === attempts - 1;
    if ((await attempt({ seed, mostProbes: isLast ? noRow : mostProbes })) || isLast) return seed;
  }
}

/** Enqueues a table of all rows, at most half full (on a CPU a quarter: probes are mispredicted branches), and writes each row's slot to `ids`. The caller disposes the table. */
export async function insertRows(
  device: Device,
  { keys, count, ids }: { readonly keys: HashedKeys; readonly count: number; readonly ids: Memory },
  options: ColumnOptions,
): Promise<HashTable> {
  const slots = powerOfTwo(Math.max(2, count * (wantsLongThreads(device) ? 4 : 2)));
  const { each, groups } = rowGrid(device, count);
  const { width, nullWords } = isText(keys) ? { width: 0, nullWords: 0 } : keys;
  const table = wholeScratch(device, options, slots * 4, "hash table");
  try {
    const text = `${commonText(device)}${keyText(keys)}${kernelText("columns/hash-insert.wgsl")}`;
    const kernel = await kernelOn(device, text, { entryPoint: "insert_rows", label: "insert rows" });
    using trouble = scratch(device, options, 4, "trouble");
    const seed = await withSeeds(async (hashing) => {
      await fillWords(device, table, { count: slots, value: noRow }, options);
      await fillWords(device, trouble, { count: 1, value: 0 }, options);
      const parameters = hashParameters({ count, each, width, nullWords, slots, ...hashing });
      const bindings = { parameters, ...keyBindings(keys), table, ids, trouble };
      device.dispatch(kernel, bindings, groups, workOptions(options));
      return count <= mostProbes || (await wordOf(device, trouble, 0)) === 0;
    });
    return { table, slots, seed };
  } catch (error) {
    table[Symbol.dispose]();
    throw error;
  }
}

/** The first bytes of memory that may be longer. */
export function partOf(memory: Memory, bytes: number): BufferView {
  return "buffer" in memory ? memory.buffer.view(memory.byteOffset, bytes) : memory.view(0, bytes);
}

/** Reads one word. */
export async function wordOf(device: Device, memory: Memory, index: number): Promise<number> {
  const { buffer, byteOffset } = partOf(memory, (index + 1) * 4);
  const at = byteOffset + index * 4;
  const start = at - (at % device.adapter.limits.viewAlignment);
  const bytes = await device.read(buffer.view(start, at - start + 4));
  return new DataView(bytes.buffer, bytes.byteOffset).getUint32(at - start, true);
}
