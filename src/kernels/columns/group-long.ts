import type { Device } from "../../device/device.ts";
import { scratch, workOptions } from "../axis.ts";
import { ScratchScope } from "../scratch-scope.ts";
import { chunkOf, kernelOn, kernelText } from "../source.ts";
import { type ColumnOptions, type Memory, noRow } from "./column.ts";
import { type NumberedGroups, numberGroups, renameRows } from "./group-firsts.ts";
import { fillWords, firstSeed, partOf, type WordKeys, withSeeds, wordOf } from "./hash-table.ts";
import { commonText, copyText, hashParameters, wholeScratch, wordsText } from "./key-access.ts";
import { keyParts, longThreads, partedKeys, partKeys, restoreRows } from "./key-parts.ts";

export interface WordRows {
  readonly words: WordKeys;
  readonly count: number;
  readonly ids: Memory;
}

/** Far more than groups: probes are mispredicted branches. */
const chunkSlots = 16_384;
const chunkGroups = 2048;
const chunkProbes = 256;

/**
 * For a CPU: groups by a table a chunk of rows, then joins the tables. `undefined` where a chunk has more than 2,048
 * groups, which it notices after about as many rows.
 */
export async function groupFew(
  device: Device,
  { words, count, ids }: WordRows,
  options: ColumnOptions,
): Promise<NumberedGroups | undefined> {
  const { keys, width } = words;
  const each = chunkOf(count, longThreads, 32);
  const chunks = Math.ceil(count / each);
  using scope = new ScratchScope(device, options.allocate);
  const room = longThreads * chunkGroups * 4;
  const tables = scope.take(longThreads * chunkSlots * 4, "tables");
  const lists = scope.take(room, "lists");
  const joined = scope.take(2 * room, "joined table");
  const firsts = scope.take(room, "first rows");
  const counts = scope.take((longThreads + 1) * 4, "counts");
  const [group, join] = await Promise.all([
    longKernel(device, "group-chunks.wgsl", "group_chunks", width),
    longKernel(device, "group-chunks.wgsl", "join_chunks", width),
  ]);
  const hashing = { seed: firstSeed, mostProbes: chunkProbes };
  const parameters = hashParameters({ count, each, width, slots: chunkSlots, chunks, ...hashing });
  const work = workOptions(options);
  device.dispatch(group, { parameters, keys, ids, tables, lists, counts }, chunks, work);
  const joining = { parameters, keys, tables, lists, counts, joined, representatives: firsts };
  device.dispatch(join, joining, 1, work);
  const groups = await wordOf(device, counts, chunks);
  if (groups === noRow) return undefined;
  const representatives = scratch(device, options, groups * 4, "representatives");
  device.copy(partOf(firsts, groups * 4), partOf(representatives, groups * 4), work);
  await renameRows(device, { ids, table: tables, count }, options);
  return { representatives, groups };
}

/** For a CPU: groups each of 256 parts of the keys by itself. */
export async function groupParts(
  device: Device,
  { words, count, ids }: WordRows,
  options: ColumnOptions,
): Promise<NumberedGroups> {
  const { width } = words;
  using scope = new ScratchScope(device, options.allocate);
  const keys = partedKeys(device, { words, count }, scope);
  const { chunks, parted, places } = keys;
  const slots = scope.take(count * 4, "slots");
  const trouble = scope.take(16, "trouble");
  const group = await longKernel(device, "group-parts.wgsl", "group_parts", width);
  const work = workOptions(options);
  await withSeeds(async (hashing) => {
    await fillWords(device, trouble, { count: 1, value: 0 }, options);
    await partKeys(device, keys, hashing.seed, scope, options);
    const { regions, total } = regionsOf(await wordsOf(device, places, keyParts * chunks), chunks, count);
    using table = wholeScratch(device, options, total * 4, "table of parts");
    const parameters = hashParameters({ count, each: 0, width, chunks, slots: longThreads, ...hashing });
    const grouping = { parameters, keys: parted, places, slots, table, regions, trouble };
    device.dispatch(group, grouping, longThreads, work);
    return (await wordOf(device, trouble, 0)) === 0;
  });
  await restoreRows(device, keys, { found: slots, rows: ids }, options);
  return await numberGroups(device, { ids, table: slots, count, isMarked: true }, options);
}

/** Where each worker's table starts: room for twice the rows of the largest of its parts, a power of two. */
function regionsOf(places: Uint32Array, chunks: number, count: number) {
  const regions = new Uint32Array(longThreads);
  let total = 0;
  for (let worker = 0; worker < longThreads; worker++) {
    regions[worker] = total;
    let most = 1;
    for (let part = worker; part < keyParts; part += longThreads) {
      const end = part === keyParts - 1 ? count : (places[(part + 1) * chunks] ?? count);
      most = Math.max(most, end - (places[part * chunks] ?? 0));
    }
    total += 2 ** (Math.ceil(Math.log2(most)) + 1);
  }
  return { regions, total };
}

async function wordsOf(device: Device, memory: Memory, count: number): Promise<Uint32Array> {
  const bytes = await device.read(partOf(memory, count * 4));
  return new Uint32Array(bytes.buffer, bytes.byteOffset, count);
}

function longKernel(device: Device, file: LongFile, entryPoint: string, width: number) {
  const inPlace = file === "group-parts.wgsl";
  const text = [
    commonText(device),
    wordsText(width, inPlace ? "read_write" : "read"),
    inPlace ? copyText(width, "keys") : "",
    kernelText(`columns/${file}`),
  ].join("");
  return kernelOn(device, text, { entryPoint, label: entryPoint.replace("_", " ") });
}

type LongFile = "group-chunks.wgsl" | "group-parts.wgsl";
