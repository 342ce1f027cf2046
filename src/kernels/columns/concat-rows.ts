import type { Device } from "../../device/device.ts";
import { AikoError } from "../../errors.ts";
import type { Scratch } from "../gemm.ts";
import { fillWords } from "./bitmap.ts";
import { bitmapBytes, type ColumnMemory, type ColumnOptions, type FixedMemory } from "./column.ts";
import { copyBits } from "./copy-bits.ts";
import { endsOf, moveOffsets, type TextRows } from "./ends.ts";
import { isText, Making, type OwnedColumn, type OwnedText } from "./owned.ts";
import { assertFits } from "./spans.ts";
import { bitsOfPhysical } from "./width.ts";

/** Rows from `first` on, `count` of them. */
export interface RowRange {
  readonly column: ColumnMemory;
  readonly first: number;
  readonly count: number;
}

/** Rows of a column in new memory. Text takes one round trip. */
export function sliceRows(
  device: Device,
  range: RowRange,
  options: ColumnOptions = {},
): Promise<OwnedColumn> {
  return joined(device, [range], options);
}

export interface ConcatRowsArguments {
  /** At least one column, all of one physical type, each with its rows. */
  readonly columns: readonly { readonly column: ColumnMemory; readonly count: number }[];
}

/**
 * Columns one below the other in new memory. Text takes one round trip, and throws RESULT_TOO_LARGE where it comes to more
 * than 2^31 - 1 bytes.
 */
export function concatRows(
  device: Device,
  { columns }: ConcatRowsArguments,
  options: ColumnOptions = {},
): Promise<OwnedColumn> {
  return joined(
    device,
    columns.map((part) => ({ ...part, first: 0 })),
    options,
  );
}

async function joined(
  device: Device,
  ranges: readonly RowRange[],
  options: ColumnOptions,
): Promise<OwnedColumn> {
  const physical = ranges[0]?.column.physical;
  if (physical === undefined || ranges.some(({ column }) => column.physical !== physical)) {
    throw new AikoError("INVALID_ARGUMENT", {
      message: `Cannot put columns below each other that hold ${ranges.map(({ column }) => column.physical).join(", ") || "nothing"}`,
      hint: "Give at least one column, all of one type.",
    });
  }
  using making = new Making(device, options);
  const rows = ranges.reduce((sum, { count }) => sum + count, 0);
  const validity = await joinedValidity(device, ranges, rows, making, options);
  const given = validity === undefined ? {} : { validity };
  const texts = ranges.flatMap(({ column, ...rest }) => (isText(column) ? [{ ...rest, column }] : []));
  if (texts.length > 0) {
    return making.done({ ...(await joinedText(device, texts, rows, options)), ...given });
  }
  const fixed = physical as FixedMemory["physical"];
  const values = making.values(fixed, rows);
  await joinBits(
    device,
    ranges.map(({ column, ...rest }) => ({ ...rest, source: column.values })),
    { bits: bitsOfPhysical(fixed), result: values },
    options,
  );
  return making.done({ physical: fixed, values, ...given });
}

async function joinBits(
  device: Device,
  parts: readonly {
    readonly source: ColumnMemory["values"];
    readonly first: number;
    readonly count: number;
  }[],
  { bits, result }: { readonly bits: number; readonly result: Scratch },
  options: ColumnOptions,
): Promise<void> {
  let to = 0;
  for (const { source, first, count } of parts) {
    await copyBits(
      device,
      { source, from: first * bits, result, to: to * bits, bits: count * bits },
      options,
    );
    to += count;
  }
}

async function joinedValidity(
  device: Device,
  ranges: readonly RowRange[],
  rows: number,
  making: Making,
  options: ColumnOptions,
): Promise<Scratch | undefined> {
  if (ranges.every(({ column }) => column.validity === undefined)) return undefined;
  const result = making.bitmap(rows);
  const without = ranges.filter(({ column }) => column.validity === undefined);
  const most = Math.max(0, ...without.map(({ count }) => count));
  using all = new Making(device, options);
  const full = all.take(most === 0 ? 0 : bitmapBytes(most), "all valid");
  if (most > 0)
    await fillWords(device, { result: full, words: Math.ceil(most / 32), value: 0xffff_ffff }, options);
  await joinBits(
    device,
    ranges.map(({ column, first, count }) =>
      column.validity === undefined
        ? { source: full, first: 0, count }
        : { source: column.validity, first, count },
    ),
    { bits: 1, result },
    options,
  );
  return result;
}

async function joinedText(
  device: Device,
  parts: readonly TextRows[],
  rows: number,
  options: ColumnOptions,
): Promise<OwnedText> {
  const ends = await endsOf(device, parts, options);
  const total = ends.reduce((sum, { from, to }) => sum + to - from, 0);
  assertFits(total, rows);
  using making = new Making(device, options);
  const offsets = making.take((rows + 1) * 4, "offsets");
  const values = making.take(total, "text");
  let row = 0;
  let byte = 0;
  for (const [at, part] of parts.entries()) {
    const { from, to } = ends[at] ?? { from: 0, to: 0 };
    await moveOffsets(device, { ...part, result: offsets, to: row, added: byte - from }, options);
    const bits = { from: from * 8, to: byte * 8, bits: (to - from) * 8 };
    await copyBits(device, { source: part.column.values, result: values, ...bits }, options);
    row += part.count;
    byte += to - from;
  }
  return making.done({ physical: "text", offsets, values });
}
