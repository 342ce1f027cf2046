import type { Device } from "../../device/device.ts";
import { scratch } from "../axis.ts";
import type { ColumnMemory, ColumnOptions, FixedMemory, Memory } from "./column.ts";
import { disposeColumn, isText, Making, type OwnedColumn, type OwnedFixed } from "./owned.ts";
import { type MaskArguments, type Selection, selectionOf, writeRows, writeValues } from "./select.ts";
import { takeRows } from "./take.ts";
import { bitsOfPhysical } from "./width.ts";

export interface CompactArguments extends MaskArguments {
  readonly columns: readonly ColumnMemory[];
}

/** The rows of columns that are set in a mask, in new memory. One round trip, and one for each column of text. */
export async function compactColumns(
  device: Device,
  { columns, ...mask }: CompactArguments,
  options: ColumnOptions = {},
): Promise<{ readonly selected: number; readonly columns: OwnedColumn[] }> {
  const selection = await selectionOf(device, mask, options);
  const { selected } = selection;
  using rows = scratch(device, options, columns.every(isPlain) ? 0 : selected * 4, "rows");
  if (!columns.every(isPlain)) await writeRows(device, selection, rows, options);
  const made: OwnedColumn[] = [];
  try {
    for (const column of columns) {
      const take = { rows, count: selected, sourceRows: mask.count, mayMiss: false };
      made.push(
        isWide(column)
          ? await compactWide(device, { selection, column, rows }, options)
          : await takeRows(device, { ...take, column }, options),
      );
    }
  } catch (error) {
    for (const column of made) disposeColumn(column);
    throw error;
  }
  return { selected, columns: made };
}

/** Whether a thread may write a value without a neighbour's. */
function isWide(column: ColumnMemory): column is FixedMemory {
  return !isText(column) && bitsOfPhysical(column.physical) >= 32;
}

function isPlain(column: ColumnMemory): boolean {
  return isWide(column) && column.validity === undefined;
}

async function compactWide(
  device: Device,
  work: { readonly selection: Selection; readonly column: FixedMemory; readonly rows: Memory },
  options: ColumnOptions,
): Promise<OwnedFixed> {
  const { selection, column, rows } = work;
  const { physical, validity } = column;
  using making = new Making(device, options);
  const result = making.values(physical, selection.selected);
  const bits = bitsOfPhysical(physical);
  const bytes = bits === 32 ? 4 : bits === 64 ? 8 : 16;
  await writeValues(device, selection, { source: column.values, result, bytes }, options);
  if (validity === undefined) return making.done({ physical, values: result });
  const bitmap = { physical: "bits", values: validity } as const;
  const take = { rows, count: selection.selected, sourceRows: selection.count, mayMiss: false };
  const taken = await takeRows(device, { ...take, column: bitmap }, options);
  return making.done({ physical, values: result, validity: taken.values });
}
