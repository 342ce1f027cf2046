import type { Device } from "../../device/device.ts";
import { scratch, workOptions } from "../axis.ts";
import type { Scratch } from "../gemm.ts";
import { exclusiveScan } from "../scan.ts";
import { kernelOn, kernelText } from "../source.ts";
import type { ColumnOptions, Memory } from "./column.ts";
import { wordOf } from "./hash-table.ts";
import { commonText, hashParameters, rowGrid } from "./key-access.ts";

export interface NumberedGroups {
  /** The first row of each group, ascending. */
  readonly representatives: Scratch;
  readonly groups: number;
}

interface SlottedRows {
  /** A slot a row; becomes the group's number. */
  readonly ids: Memory;
  /** The first row of each slot that is used; becomes the group's number. */
  readonly table: Memory;
  readonly count: number;
  /** Whether `ids` have their top bit where a row is the first already: then `table` may hold anything. */
  readonly isMarked?: boolean;
}

/** Numbers groups in the order of their first rows. */
export async function numberGroups(
  device: Device,
  { ids, table, count, isMarked = false }: SlottedRows,
  options: ColumnOptions,
): Promise<NumberedGroups> {
  const [mark, place] = await Promise.all([
    firstsKernel(device, isMarked ? "count_firsts" : "mark_firsts"),
    firstsKernel(device, "place_firsts"),
  ]);
  const { each, threads, groups: grid } = rowGrid(device, count, 16);
  using counts = scratch(device, options, (threads + 1) * 4, "firsts");
  using places = scratch(device, options, (threads + 1) * 4, "places");
  const parameters = hashParameters({ count, each, chunks: threads });
  const work = workOptions(options);
  device.dispatch(mark, { parameters, ids, ...(isMarked ? {} : { table }), counts }, grid, work);
  await exclusiveScan(device, { source: counts, result: places, count: threads + 1 }, work);
  const groups = await wordOf(device, places, threads);
  const representatives = scratch(device, options, groups * 4, "representatives");
  try {
    device.dispatch(place, { parameters, ids, table, counts: places, representatives }, grid, work);
    await renameRows(device, { ids, table, count }, options);
    return { representatives, groups };
  } catch (error) {
    representatives[Symbol.dispose]();
    throw error;
  }
}

/** Enqueues `ids[row] = table[ids[row]]`. */
export async function renameRows(
  device: Device,
  { ids, table, count }: { readonly ids: Memory; readonly table: Memory; readonly count: number },
  options: ColumnOptions,
): Promise<void> {
  const rename = await firstsKernel(device, "rename_rows");
  const { each, groups } = rowGrid(device, count);
  const parameters = hashParameters({ count, each });
  device.dispatch(rename, { parameters, ids, table }, groups, workOptions(options));
}

function firstsKernel(device: Device, entryPoint: string) {
  const text = commonText(device) + kernelText("columns/group-firsts.wgsl");
  return kernelOn(device, text, { entryPoint, label: entryPoint.replace("_", " ") });
}
