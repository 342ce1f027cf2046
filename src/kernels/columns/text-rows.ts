import type { Device } from "../../device/device.ts";
import { scratch } from "../axis.ts";
import type { Scratch } from "../gemm.ts";
import type { ColumnMemory, ColumnOptions, FixedMemory, TextMemory } from "./column.ts";
import { renameRows } from "./group-firsts.ts";
import { type HashTable, insertRows } from "./hash-table.ts";
import { type FixedKeys, rangeOfType, type ValueRange } from "./key-codes.ts";

/** Keys without text: in place of a text stands the first row that has it. */
export class TextRows implements FixedKeys, Disposable {
  readonly columns: FixedMemory[] = [];
  readonly ranges: (ValueRange | undefined)[] = [];
  /** Tables of the text columns, by their place among the keys. */
  readonly tables: (HashTable | undefined)[] = [];
  readonly #held: Scratch[] = [];

  add(column: FixedMemory, range: ValueRange | undefined, made?: { rows: Scratch; table?: HashTable }): void {
    this.columns.push(column);
    this.ranges.push(range);
    this.tables.push(made?.table);
    if (made !== undefined) this.#held.push(made.rows);
    if (made?.table !== undefined) this.#held.push(made.table.table);
  }

  [Symbol.dispose](): void {
    for (const memory of this.#held.splice(0)) memory[Symbol.dispose]();
  }
}

export async function textRows(
  device: Device,
  { keys, count }: { readonly keys: readonly ColumnMemory[]; readonly count: number },
  options: ColumnOptions,
): Promise<TextRows> {
  const fixed = new TextRows();
  try {
    for (const column of keys) {
      if (column.physical !== "text") {
        fixed.add(column, rangeOfType(column));
        continue;
      }
      const { rows, table } = await firstRows(device, { column, count }, options);
      const { validity } = column;
      fixed.add({ physical: "u32", values: rows, validity }, { least: 0n, values: count }, { rows, table });
    }
    return fixed;
  } catch (error) {
    fixed[Symbol.dispose]();
    throw error;
  }
}

async function firstRows(
  device: Device,
  { column, count }: { readonly column: TextMemory; readonly count: number },
  options: ColumnOptions,
): Promise<{ readonly rows: Scratch; readonly table: HashTable }> {
  const rows = scratch(device, options, count * 4, "first rows");
  try {
    const table = await insertRows(device, { keys: column, count, ids: rows }, options);
    await renameRows(device, { ids: rows, table: table.table, count }, options);
    return { rows, table };
  } catch (error) {
    rows[Symbol.dispose]();
    throw error;
  }
}
