import type { Device } from "../../device/device.ts";
import { workOptions } from "../axis.ts";
import type { Scratch } from "../gemm.ts";
import { kernelOn, kernelText } from "../source.ts";
import { type ColumnOptions, type FixedMemory, type Memory, noRow } from "./column.ts";
import { fillWords } from "./hash-table.ts";
import {
  keyWords,
  rowGrid,
  sourceOf,
  threadsText,
  validityText,
  valueText,
  wholeScratch,
} from "./key-access.ts";
import type { KeyCodes } from "./key-codes.ts";

/** Rows of `width` words, the last `nullWords` of which say which columns are null. */
export interface KeyLayout {
  readonly width: number;
  readonly nullWords: number;
  readonly columns: readonly {
    readonly at: number;
    /** Among the columns that may be null. */
    readonly nullAt: number | undefined;
  }[];
}

/** `sides` hold the same columns in the same order: either may have nulls where the other has none. */
export function keyLayout(
  sides: readonly (readonly FixedMemory[])[],
  nullable = (index: number) => sides.some((side) => side[index]?.validity !== undefined),
): KeyLayout {
  let width = 0;
  let nulls = 0;
  const columns = (sides[0] ?? []).map(({ physical }, index) => {
    const at = width;
    width += keyWords(physical);
    return { at, nullAt: nullable(index) ? nulls++ : undefined };
  });
  const nullWords = Math.ceil(nulls / 32);
  return { width: width + nullWords, nullWords, columns };
}

/** Words of the keys: the column itself where it is that already, else new memory that `own` disposes. */
export interface PackedKeys {
  readonly memory: Memory;
  readonly own?: Scratch;
}

export async function packWords(
  device: Device,
  { columns, count, layout }: PackArguments & { readonly layout: KeyLayout },
  options: ColumnOptions,
): Promise<PackedKeys> {
  const [only] = columns;
  const plain = ["i32", "u32", "i64", "u64", "i128"];
  if (only !== undefined && columns.length === 1 && layout.nullWords === 0 && plain.includes(only.physical)) {
    return { memory: only.values };
  }
  const packed = wholeScratch(device, options, count * layout.width * 4, "key words");
  const { each, groups } = rowGrid(device, count);
  const firstNull = layout.width - layout.nullWords;
  for (const [index, column] of columns.entries()) {
    const { at = 0, nullAt } = layout.columns[index] ?? {};
    const place =
      nullAt === undefined
        ? [noRow, 0, 0]
        : [firstNull + Math.floor(nullAt / 32), 2 ** (nullAt % 32), nullAt % 32 === 0 ? 1 : 0];
    const packing = Uint32Array.of(count, each, layout.width, at, ...place, 0, 0, 0, 0, 0, hasNulls(column));
    const kernel = await packKernel(device, column, "pack_words");
    device.dispatch(kernel, { packing, ...sourceOf(column), packed }, groups, workOptions(options));
  }
  return { memory: packed, own: packed };
}

/** Writes a code a row into `codes`; rows whose value has none, and null rows unless `nulls`, become `noRow`. */
export async function packCodes(
  device: Device,
  work: PackArguments & { readonly layout: KeyCodes; readonly codes: Memory; readonly nulls: boolean },
  options: ColumnOptions,
): Promise<void> {
  const { columns, count, layout, codes, nulls } = work;
  if (columns.length === 0) await fillWords(device, codes, { count, value: 0 }, options);
  const { each, groups } = rowGrid(device, count);
  for (const [index, column] of columns.entries()) {
    const part = layout.columns[index] ?? { least: 0n, values: 0, nullable: false };
    const { least, values, nullable } = part;
    const low = Number(BigInt.asUintN(32, least));
    const high = Number(BigInt.asUintN(32, least >> 32n));
    const isFirst = index === 0 ? 1 : 0;
    const span = values + (nullable ? 1 : 0);
    const nullCode = nulls ? values : noRow;
    const packing = Uint32Array.of(
      count,
      each,
      0,
      0,
      0,
      0,
      isFirst,
      values,
      span,
      nullCode,
      low,
      high,
      hasNulls(column),
    );
    const kernel = await packKernel(device, column, "pack_codes");
    device.dispatch(kernel, { packing, ...sourceOf(column), packed: codes }, groups, workOptions(options));
  }
}

interface PackArguments {
  readonly columns: readonly FixedMemory[];
  readonly count: number;
}

function hasNulls({ validity }: FixedMemory): number {
  return validity === undefined ? 0 : 1;
}

function packKernel(device: Device, column: FixedMemory, entryPoint: "pack_words" | "pack_codes") {
  const text = [
    threadsText(device),
    valueText(column.physical),
    validityText,
    kernelText("columns/pack-keys.wgsl"),
  ].join("");
  return kernelOn(device, text, { entryPoint, label: "pack keys" });
}
