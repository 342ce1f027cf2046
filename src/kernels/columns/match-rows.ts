import type { Device } from "../../device/device.ts";
import { AikoError } from "../../errors.ts";
import { workOptions } from "../axis.ts";
import type { Scratch } from "../gemm.ts";
import type { ScratchScope } from "../scratch-scope.ts";
import { type ColumnMemory, type ColumnOptions, type FixedMemory, noRow } from "./column.ts";
import { numberGroups } from "./group-firsts.ts";
import { directKernel, groupByCodes, leastMeasured, mostSmallCodes } from "./group-rows.ts";
import { fillWords, insertRows } from "./hash-table.ts";
import { hashParameters, rowGrid } from "./key-access.ts";
import { type KeyCodes, keyCodes, measureRanges } from "./key-codes.ts";
import { lookUp } from "./look-up.ts";
import { keyLayout, packCodes, packWords } from "./pack-keys.ts";
import { type TextRows, textRows } from "./text-rows.ts";

export interface MatchArguments {
  readonly left: readonly ColumnMemory[];
  readonly leftCount: number;
  /** The same physical types as `left`. */
  readonly right: readonly ColumnMemory[];
  readonly rightCount: number;
  /** Whether null matches null. Default false. */
  readonly nullsEqual?: boolean | undefined;
}

/** The right side's rows by groups of equal keys, and the group that each left row matches, or `noRow`. */
export interface MatchedRows {
  readonly matched: Scratch;
  readonly ids: Scratch;
  readonly groups: number;
}

/** Builds a table of the right side's keys and looks the left side's up. `scope` disposes what it returns. */
export async function matchRows(
  device: Device,
  work: MatchArguments,
  scope: ScratchScope,
  options: ColumnOptions,
): Promise<MatchedRows> {
  assertSameKeys(work);
  const { leftCount, rightCount } = work;
  const matched = scope.take(Math.max(16, leftCount * 4), "matches");
  const ids = scope.take(Math.max(16, rightCount * 4), "group ids");
  if (leftCount === 0 || rightCount === 0) {
    await fillWords(device, matched, { count: leftCount, value: noRow }, options);
    await fillWords(device, ids, { count: rightCount, value: 0 }, options);
    return { matched, ids, groups: Math.min(1, rightCount) };
  }
  using fixed = await textRows(device, { keys: work.right, count: rightCount }, options);
  const left = await withoutTexts(device, { work, fixed }, scope, options);
  const nullable = (index: number) =>
    [left, fixed.columns].some((side) => side[index]?.validity !== undefined);
  const sides: Sides = { ...work, nullsEqual: work.nullsEqual ?? false, fixed, left, matched, ids };
  const most = Math.max(mostSmallCodes, 4 * rightCount);
  let codes = keyCodes(fixed.ranges, nullable, most);
  if (codes === undefined && Math.max(leftCount, rightCount) >= leastMeasured) {
    const ranges = await measureRanges(device, fixed, { count: rightCount, most }, options);
    codes = ranges && keyCodes(ranges, nullable, most);
  }
  const groups =
    codes === undefined
      ? await matchWords(device, sides, options)
      : await matchCodes(device, { ...sides, codes }, scope, options);
  return { matched, ids, groups };
}

interface Sides {
  readonly fixed: TextRows;
  readonly rightCount: number;
  readonly left: readonly FixedMemory[];
  readonly leftCount: number;
  readonly nullsEqual: boolean;
  readonly matched: Scratch;
  readonly ids: Scratch;
}

async function matchCodes(
  device: Device,
  work: Sides & { readonly codes: KeyCodes },
  scope: ScratchScope,
  options: ColumnOptions,
): Promise<number> {
  const { fixed, rightCount, left, leftCount, codes, nullsEqual, matched, ids } = work;
  const table = scope.take(Math.max(16, codes.size * 4), "direct table");
  const right = { fixed, codes, count: rightCount, ids, table };
  const { representatives, groups } = await groupByCodes(device, right, options);
  using _ = representatives;
  const leftCodes = scope.take(Math.max(16, leftCount * 4), "codes");
  const packing = { columns: left, count: leftCount, layout: codes, codes: leftCodes, nulls: nullsEqual };
  await packCodes(device, packing, options);
  const kernel = await directKernel(device, "look_up_codes");
  const { each, groups: grid } = rowGrid(device, leftCount);
  const parameters = hashParameters({ count: leftCount, each });
  device.dispatch(kernel, { parameters, codes: leftCodes, table, matched }, grid, workOptions(options));
  return groups;
}

async function matchWords(device: Device, work: Sides, options: ColumnOptions): Promise<number> {
  const { fixed, rightCount, left, leftCount, nullsEqual, matched, ids } = work;
  const layout = keyLayout([left, fixed.columns]);
  const right = await packWords(device, { columns: fixed.columns, count: rightCount, layout }, options);
  using _right = right.own;
  const shape = { width: layout.width, nullWords: nullsEqual ? 0 : layout.nullWords };
  const rightKeys = { keys: right.memory, ...shape };
  const hashTable = await insertRows(device, { keys: rightKeys, count: rightCount, ids }, options);
  const { table } = hashTable;
  using _table = table;
  const { representatives, groups } = await numberGroups(device, { ids, table, count: rightCount }, options);
  using _representatives = representatives;
  const packed = await packWords(device, { columns: left, count: leftCount, layout }, options);
  using _left = packed.own;
  const look = {
    keys: { keys: packed.memory, ...shape },
    count: leftCount,
    other: rightKeys,
    hashTable,
    matched,
    ...(groups === rightCount ? {} : { representatives }),
  };
  await lookUp(device, look, options);
  return groups;
}

/** Left keys in which the first right row with the same text stands in place of a text, or `noRow`. */
async function withoutTexts(
  device: Device,
  { work, fixed }: { readonly work: MatchArguments; readonly fixed: TextRows },
  scope: ScratchScope,
  options: ColumnOptions,
): Promise<readonly FixedMemory[]> {
  const columns: FixedMemory[] = [];
  for (const [index, column] of work.left.entries()) {
    const other = work.right[index];
    const hashTable = fixed.tables[index];
    if (column.physical !== "text") columns.push(column);
    else if (other?.physical === "text" && hashTable !== undefined) {
      const matched = scope.take(Math.max(16, work.leftCount * 4), "text matches");
      await lookUp(device, { keys: column, count: work.leftCount, other, hashTable, matched }, options);
      columns.push({ physical: "u32", values: matched, validity: column.validity });
    }
  }
  return columns;
}

function assertSameKeys({ left, right }: MatchArguments): void {
  const [ours, theirs] = [left, right].map((keys) => keys.map(({ physical }) => physical).join(", "));
  if (ours === theirs) return;
  throw new AikoError("INVALID_ARGUMENT", {
    message: `Cannot match keys held as ${ours} with keys held as ${theirs}.`,
    hint: "Cast the keys of one side to the types of the other first.",
  });
}
