import type { Device } from "../../device/device.ts";
import { scratch, workOptions } from "../axis.ts";
import type { Scratch } from "../gemm.ts";
import { kernelOn, kernelText, wantsLongThreads } from "../source.ts";
import { type ColumnMemory, type ColumnOptions, noRow } from "./column.ts";
import { type NumberedGroups, numberGroups } from "./group-firsts.ts";
import { groupFew, groupParts, type WordRows } from "./group-long.ts";
import { fillWords, insertRows } from "./hash-table.ts";
import { commonText, hashParameters, rowGrid } from "./key-access.ts";
import { type FixedKeys, type KeyCodes, keyCodes, measureRanges } from "./key-codes.ts";
import { keyLayout, packCodes, packWords } from "./pack-keys.ts";
import { textRows } from "./text-rows.ts";

export interface KeyRows {
  readonly keys: readonly ColumnMemory[];
  readonly count: number;
}

/** `ids[row]` is the number of the row's group, in the order of the groups' first rows. */
export interface RowGroups extends NumberedGroups {
  readonly ids: Scratch;
}

/**
 * Groups rows with equal keys; nulls are equal to each other. Keys of few possible values address a table, others are
 * hashed. Without keys, all rows are one group. The caller disposes `ids` and `representatives`.
 */
export async function groupRows(
  device: Device,
  { keys, count }: KeyRows,
  options: ColumnOptions = {},
): Promise<RowGroups> {
  const ids = scratch(device, options, count * 4, "group ids");
  try {
    const numbered =
      count === 0 ? none(device, options) : await numberRows(device, { keys, count, ids }, options);
    return { ids, ...numbered };
  } catch (error) {
    ids[Symbol.dispose]();
    throw error;
  }
}

function none(device: Device, options: ColumnOptions): NumberedGroups {
  return { representatives: scratch(device, options, 0, "representatives"), groups: 0 };
}

async function numberRows(
  device: Device,
  { keys, count, ids }: KeyRows & { readonly ids: Scratch },
  options: ColumnOptions,
): Promise<NumberedGroups> {
  using fixed = await textRows(device, { keys, count }, options);
  const { columns } = fixed;
  const nullable = (index: number) => columns[index]?.validity !== undefined;
  const most = Math.max(mostSmallCodes, 2 * count);
  const small = keyCodes(fixed.ranges, nullable, most);
  if (small !== undefined) return await groupCodes(device, { fixed, codes: small, count, ids }, options);
  const layout = keyLayout([columns]);
  const packed = await packWords(device, { columns, count, layout }, options);
  using _ = packed.own;
  const words = { keys: packed.memory, width: layout.width, nullWords: 0 };
  const isLong = wantsLongThreads(device) && count >= leastLong;
  const few = isLong ? await groupFew(device, { words, count, ids }, options) : undefined;
  if (few !== undefined) return few;
  if (count >= leastMeasured) {
    const ranges = await measureRanges(device, fixed, { count, most }, options);
    const codes = ranges && keyCodes(ranges, nullable, most);
    if (codes !== undefined) return await groupCodes(device, { fixed, codes, count, ids }, options);
  }
  return await (isLong ? groupParts : groupHashed)(device, { words, count, ids }, options);
}

/** The first row of each different key, ascending. The caller disposes them. */
export async function distinctRows(
  device: Device,
  work: KeyRows,
  options: ColumnOptions = {},
): Promise<NumberedGroups> {
  const { ids, representatives, groups } = await groupRows(device, work, options);
  ids[Symbol.dispose]();
  return { representatives, groups };
}

/** So many codes are few for any number of rows: a 16-bit integer or null. */
export const mostSmallCodes = 65_537;
/** Below so many rows a CPU is fast enough with the GPU's way. */
const leastLong = 32_768;
/** Below so many rows a look at the values costs more than it saves. */
export const leastMeasured = 4096;

export interface CodedRows {
  readonly fixed: FixedKeys;
  readonly codes: KeyCodes;
  readonly count: number;
  readonly ids: Scratch;
}

async function groupCodes(device: Device, work: CodedRows, options: ColumnOptions): Promise<NumberedGroups> {
  using table = scratch(device, options, work.codes.size * 4, "direct table");
  return await groupByCodes(device, { ...work, table }, options);
}

/** Leaves the number of the group in each code's place of `table`, and `noRow` where there is none. */
export async function groupByCodes(
  device: Device,
  { fixed, codes, count, ids, table }: CodedRows & { readonly table: Scratch },
  options: ColumnOptions,
): Promise<NumberedGroups> {
  const { columns } = fixed;
  await packCodes(device, { columns, count, layout: codes, codes: ids, nulls: true }, options);
  await fillWords(device, table, { count: codes.size, value: noRow }, options);
  const kernel = await directKernel(device, "insert_codes");
  const { each, groups } = rowGrid(device, count);
  const parameters = hashParameters({ count, each });
  device.dispatch(kernel, { parameters, codes: ids, table }, groups, workOptions(options));
  return await numberGroups(device, { ids, table, count }, options);
}

export function directKernel(device: Device, entryPoint: "insert_codes" | "look_up_codes") {
  const text = commonText(device) + kernelText("columns/direct-table.wgsl");
  return kernelOn(device, text, { entryPoint, label: entryPoint.replaceAll("_", " ") });
}

async function groupHashed(
  device: Device,
  { words, count, ids }: WordRows,
  options: ColumnOptions,
): Promise<NumberedGroups> {
  const { table } = await insertRows(device, { keys: words, count, ids }, options);
  using _ = table;
  return await numberGroups(device, { ids, table, count }, options);
}
