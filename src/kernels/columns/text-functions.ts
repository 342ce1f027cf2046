import type { Device } from "../../device/device.ts";
import { scratch, workOptions } from "../axis.ts";
import type { Scratch } from "../gemm.ts";
import { kernelText } from "../source.ts";
import { bitmapBytes, type ColumnOptions, type Memory, type TextMemory } from "./column.ts";
import { copyBits } from "./copy-bits.ts";
import { readWords, runUnits } from "./launch.ts";
import { Making, type OwnedFixed, type OwnedText } from "./owned.ts";
import { textOfSpans } from "./spans.ts";
import { fourBytes } from "./text-pieces.ts";

export interface TextArguments {
  readonly column: TextMemory;
  /** Rows. */
  readonly count: number;
}

const text = (file: string) => kernelText(`columns/${file}.wgsl`);
const readBytes = fourBytes("four_bytes", "values", "words");

function wordsOf({ values }: TextMemory): number {
  return Math.max(1, Math.floor(values.byteLength / 4));
}

/** Enqueues the length of each row, i64: its code points, or its bytes. */
export async function textLength(
  device: Device,
  { column, count, unit }: TextArguments & { readonly unit: "characters" | "bytes" },
  options: ColumnOptions = {},
): Promise<OwnedFixed> {
  using making = new Making(device, options);
  const validity = await copiedValidity(device, column, count, making, options);
  const values = making.values("i64", count);
  await runUnits(
    device,
    {
      text: text("text-length") + readBytes + text("text-characters"),
      entryPoint: "measure_text",
      units: count,
      bindings: { offsets: column.offsets, values: column.values, result: values },
      parameters: [wordsOf(column), unit === "characters" ? 1 : 0],
    },
    options,
  );
  return making.done({ physical: "i64", values, ...validity });
}

/**
 * Enqueues 64 bits for each row, u64, that are equal where texts are. Of null rows they are anything.
 */
export async function textHash(
  device: Device,
  { column, count, seed = 0 }: TextArguments & { readonly seed?: number },
  options: ColumnOptions = {},
): Promise<Scratch> {
  using making = new Making(device, options);
  const result = making.values("u64", count);
  await runUnits(
    device,
    {
      text: text("text-hash") + readBytes,
      entryPoint: "hash_text",
      units: count,
      bindings: { offsets: column.offsets, values: column.values, result },
      parameters: [wordsOf(column), seed >>> 0],
    },
    options,
  );
  return making.done(result);
}

export interface SubstringArguments extends TextArguments {
  /** The first code point, from 1 on; below 0 counts from the end, and 0 is one before the first. */
  readonly start: number;
  /** Code points; below 0 takes those before `start`. Default: to the end. */
  readonly length?: number | undefined;
}

/** A part of each row, by DuckDB's rules for `substring`. One round trip. */
export function textSubstring(
  device: Device,
  { column, count, start, length = Number.POSITIVE_INFINITY }: SubstringArguments,
  options: ColumnOptions = {},
): Promise<OwnedText> {
  const from = Math.min(int32Most, Math.max(-int32Most, start));
  const moved = length > 0 ? Math.max(0, length + start - from) : Math.min(0, length + start - from);
  const parameters = [wordsOf(column), int32(from), int32(moved)];
  const kernel = text("text-substring") + readBytes + text("text-characters");
  return partOf(device, { column, count, kernel, entryPoint: "part_text", parameters }, options);
}

const int32Most = 2 ** 31 - 1;

function int32(value: number): number {
  return Math.trunc(Math.min(int32Most, Math.max(-(2 ** 31), value))) >>> 0;
}

/** Each row without the spaces (Unicode's category Zs, as in DuckDB) at its ends. One round trip. */
export function trimText(
  device: Device,
  { column, count, side = "both" }: TextArguments & { readonly side?: "both" | "start" | "end" },
  options: ColumnOptions = {},
): Promise<OwnedText> {
  const parameters = [wordsOf(column), side === "both" ? 3 : side === "start" ? 1 : 2];
  const kernel = text("text-trim") + readBytes;
  return partOf(device, { column, count, kernel, entryPoint: "trim_text", parameters }, options);
}

async function partOf(
  device: Device,
  work: TextArguments & {
    readonly kernel: string;
    readonly entryPoint: string;
    readonly parameters: readonly number[];
  },
  options: ColumnOptions,
): Promise<OwnedText> {
  const { column, count, kernel, entryPoint, parameters } = work;
  using making = new Making(device, options);
  const validity = await copiedValidity(device, column, count, making, options);
  using starts = scratch(device, options, count * 4, "starts");
  using lengths = scratch(device, options, count * 4, "lengths");
  const bindings = { offsets: column.offsets, values: column.values, starts, lengths };
  await runUnits(device, { text: kernel, entryPoint, units: count, bindings, parameters }, options);
  const part = await textOfSpans(device, { source: column.values, starts, lengths, count }, options);
  return making.done({ ...part, ...validity });
}

/** Enqueues the letters of ASCII in the other case; all other bytes stay as they are. */
export async function textCase(
  device: Device,
  { column, count, to }: TextArguments & { readonly to: "upper" | "lower" },
  options: ColumnOptions = {},
): Promise<OwnedText> {
  using making = new Making(device, options);
  const validity = await copiedValidity(device, column, count, making, options);
  const offsets = making.take((count + 1) * 4, "offsets");
  const bits = (count + 1) * 32;
  await copyBits(device, { source: column.offsets, from: 0, result: offsets, to: 0, bits }, options);
  const values = making.take(column.values.byteLength, "text");
  await runUnits(
    device,
    {
      text: text("text-case"),
      entryPoint: "turn_case",
      units: wordsOf(column),
      bindings: { values: column.values, result: values },
      parameters: [count, to === "upper" ? 1 : 0],
    },
    options,
  );
  return making.done({ physical: "text", offsets, values, ...validity });
}

/** Whether all bytes of the rows are ASCII. One round trip. */
export async function isAscii(
  device: Device,
  { column, count }: TextArguments,
  options: ColumnOptions = {},
): Promise<boolean> {
  using other = scratch(device, options, 4, "found");
  device.write(other, new Uint8Array(other.byteLength), workOptions(options));
  await runUnits(
    device,
    {
      text: text("text-ascii"),
      entryPoint: "find_other",
      units: wordsOf(column),
      each: 16,
      bindings: { offsets: column.offsets, values: column.values, other },
      parameters: [count],
    },
    options,
  );
  return (await readWords(device, other, 1, options))[0] === 0;
}

/** Results own all of their memory, so that they get a validity of their own. */
export async function copiedValidity(
  device: Device,
  { validity }: { readonly validity?: Memory | undefined },
  count: number,
  making: Making,
  options: ColumnOptions,
): Promise<{ readonly validity?: Scratch }> {
  if (validity === undefined) return {};
  const result = making.take(bitmapBytes(count), "validity");
  await copyBits(device, { source: validity, from: 0, result, to: 0, bits: count }, options);
  return { validity: result };
}
