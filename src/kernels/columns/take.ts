import type { Device } from "../../device/device.ts";
import { scratch } from "../axis.ts";
import type { Scratch } from "../gemm.ts";
import { kernelText } from "../source.ts";
import { fillWords } from "./bitmap.ts";
import type { ColumnMemory, ColumnOptions, FixedMemory, Memory, TextMemory } from "./column.ts";
import { runUnits } from "./launch.ts";
import { isText, Making, type OwnedColumn, type OwnedFixed, type OwnedText } from "./owned.ts";
import { textOfSpans } from "./spans.ts";
import { bitsOfPhysical, movedAs } from "./width.ts";

export interface TakeArguments<C extends ColumnMemory = ColumnMemory> {
  readonly column: C;
  /** Row numbers, u32, below `sourceRows` or `noRow`. */
  readonly rows: Memory;
  /** How many row numbers. */
  readonly count: number;
  /** Rows of the column. */
  readonly sourceRows: number;
  /** Whether `noRow` may be among the rows: then there is a validity. Default true. */
  readonly mayMiss?: boolean;
}

/**
 * The rows of a column by their numbers, in new memory; `noRow` gives null. Text takes one round trip, and throws
 * RESULT_TOO_LARGE where it comes to more than 2^31 - 1 bytes.
 */
export async function takeRows(
  device: Device,
  work: TakeArguments<FixedMemory>,
  options?: ColumnOptions,
): Promise<OwnedFixed>;
export async function takeRows(
  device: Device,
  work: TakeArguments<TextMemory>,
  options?: ColumnOptions,
): Promise<OwnedText>;
export async function takeRows(
  device: Device,
  work: TakeArguments,
  options?: ColumnOptions,
): Promise<OwnedColumn>;
export async function takeRows(
  device: Device,
  work: TakeArguments,
  options: ColumnOptions = {},
): Promise<OwnedColumn> {
  const { column, sourceRows, count, mayMiss = true } = work;
  using making = new Making(device, options);
  const validity = await takeValidity(device, { ...work, mayMiss }, making, options);
  const given = validity === undefined ? {} : { validity };
  if (isText(column)) {
    const text = await takeText(device, { ...work, column }, options);
    return making.done({ ...text, ...given });
  }
  const { physical } = column;
  const values = making.values(physical, count);
  if (sourceRows > 0) {
    await takeValues(
      device,
      { ...work, source: column.values, bits: bitsOfPhysical(physical), result: values },
      options,
    );
  }
  return making.done({ physical, values, ...given });
}

interface ValueWork extends Omit<TakeArguments, "column"> {
  readonly source: Memory;
  readonly bits: number;
  readonly result: Memory;
}

async function takeValues(device: Device, work: ValueWork, options: ColumnOptions): Promise<void> {
  const { source, bits, rows, count, sourceRows, result } = work;
  const bindings = { rows, source, result };
  const last = sourceRows - 1;
  if (bits === 32 || bits === 64 || bits === 128) {
    const bytes = bits === 32 ? 4 : bits === 64 ? 8 : 16;
    const text = `alias E = ${movedAs[bytes]};\n${kernelText("columns/take.wgsl")}`;
    await runUnits(
      device,
      { text, entryPoint: "take_values", units: count, bindings, parameters: [last] },
      options,
    );
    return;
  }
  await runUnits(
    device,
    {
      text: kernelText("columns/take-parts.wgsl"),
      entryPoint: "take_parts",
      constants: { bits },
      units: Math.ceil((count * bits) / 32),
      bindings,
      parameters: [last, count],
    },
    options,
  );
}

async function takeValidity(
  device: Device,
  work: TakeArguments & { readonly mayMiss: boolean },
  making: Making,
  options: ColumnOptions,
): Promise<Scratch | undefined> {
  const { column, rows, count, sourceRows, mayMiss } = work;
  if (column.validity === undefined && !mayMiss) return undefined;
  const result = making.bitmap(count);
  if (sourceRows === 0) {
    await fillWords(device, { result, words: Math.ceil(count / 32), value: 0 }, options);
  } else if (column.validity !== undefined) {
    const source = column.validity;
    await takeValues(device, { ...work, source, bits: 1, result }, options);
  } else {
    await runUnits(
      device,
      {
        text: kernelText("columns/take-parts.wgsl"),
        entryPoint: "given_rows",
        units: Math.ceil(count / 32),
        bindings: { rows, result },
        parameters: [0, count],
      },
      options,
    );
  }
  return result;
}

async function takeText(
  device: Device,
  { column, rows, count, sourceRows }: TakeArguments<TextMemory>,
  options: ColumnOptions,
): Promise<OwnedText> {
  using starts = scratch(device, options, count * 4, "starts");
  using lengths = scratch(device, options, count * 4, "lengths");
  if (sourceRows === 0) {
    await fillWords(device, { result: lengths, words: count, value: 0 }, options);
  } else {
    await runUnits(
      device,
      {
        text: kernelText("columns/take-spans.wgsl"),
        entryPoint: "take_spans",
        units: count,
        bindings: { rows, offsets: column.offsets, starts, lengths },
        parameters: [sourceRows - 1],
      },
      options,
    );
  }
  return await textOfSpans(device, { source: column.values, starts, lengths, count }, options);
}
