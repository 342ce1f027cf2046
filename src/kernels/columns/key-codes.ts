import type { Device } from "../../device/device.ts";
import { scratch, workOptions } from "../axis.ts";
import { kernelOn, kernelText } from "../source.ts";
import { type ColumnOptions, type FixedMemory, noRow } from "./column.ts";
import { commonText, hashParameters, keyWords, rowGrid, sourceOf, validityText } from "./key-access.ts";

/** Values from `least` on, so many of them. */
export interface ValueRange {
  readonly least: bigint;
  readonly values: number;
}

/** Keys of few possible values, numbered: `size` codes. */
export interface KeyCodes {
  readonly size: number;
  readonly columns: readonly (ValueRange & { readonly nullable: boolean })[];
}

/** Memory of a side's key columns, and the ranges that are known without a look at the values. */
export interface FixedKeys {
  readonly columns: readonly FixedMemory[];
  readonly ranges: readonly (ValueRange | undefined)[];
}

/** What the type alone says. */
export function rangeOfType({ physical }: FixedMemory): ValueRange | undefined {
  if (physical === "bits") return { least: 0n, values: 2 };
  if (physical === "i8" || physical === "u8") return { least: 0n, values: 256 };
  return physical === "i16" || physical === "u16" ? { least: 0n, values: 65_536 } : undefined;
}

/** The numbering, where all ranges are known and there are at most `most` codes. */
export function keyCodes(
  ranges: readonly (ValueRange | undefined)[],
  nullable: (index: number) => boolean,
  most: number,
): KeyCodes | undefined {
  let size = 1;
  const columns: (ValueRange & { nullable: boolean })[] = [];
  for (const [index, range] of ranges.entries()) {
    if (range === undefined) return undefined;
    columns.push({ ...range, nullable: nullable(index) });
    size *= range.values + (nullable(index) ? 1 : 0);
    if (size > most) return undefined;
  }
  return { size, columns };
}

/** Reads ranges that are not known from the values of 32 and 64-bit integers; `undefined` where one is wider than `most`. */
export async function measureRanges(
  device: Device,
  { columns, ranges }: FixedKeys,
  { count, most }: { readonly count: number; readonly most: number },
  options: ColumnOptions,
): Promise<readonly ValueRange[] | undefined> {
  const measured: ValueRange[] = [];
  for (const [index, column] of columns.entries()) {
    const range = ranges[index] ?? (await measureRange(device, column, { count, most }, options));
    if (range === undefined || range.values > most) return undefined;
    measured.push(range);
  }
  return measured;
}

async function measureRange(
  device: Device,
  column: FixedMemory,
  { count, most: mostValues }: { readonly count: number; readonly most: number },
  options: ColumnOptions,
): Promise<ValueRange | undefined> {
  const { physical } = column;
  if (physical !== "i32" && physical !== "u32" && physical !== "i64" && physical !== "u64") return undefined;
  const limits = limitsOf[physical];
  const text = `${commonText(device)}${validityText}alias E = ${physical};
const least_value = ${limits.least};
const greatest_value = ${limits.greatest};
fn spread(least: E, most: E) -> u64 { return ${limits.spread}; }
@group(0) @binding(1) var<storage, read> values: array<E>;
${kernelText("columns/code-range.wgsl")}`;
  const kernel = await kernelOn(device, text, {
    entryPoint: "key_range",
    label: "range of keys",
  });
  const { each, threads, groups } = rowGrid(device, count, Math.max(16, Math.ceil(count / 4096)));
  const bytes = threads * 2 * 4 * keyWords(physical);
  using ranges = scratch(device, options, bytes, "ranges");
  const parameters = hashParameters({
    count,
    each,
    chunks: threads,
    seed: Math.min(mostValues, noRow),
    nullWords: column.validity === undefined ? 0 : 1,
  });
  device.dispatch(kernel, { parameters, ...sourceOf(column), ranges }, groups, workOptions(options));
  const found = (await device.read(ranges)).slice(0, bytes).buffer;
  let least: bigint | undefined;
  let most: bigint | undefined;
  const ends = new limits.array(found as ArrayBuffer);
  for (let thread = 0; thread < threads; thread++) {
    const low = BigInt(ends[thread * 2] ?? 0);
    const high = BigInt(ends[thread * 2 + 1] ?? 0);
    if (low > high) continue;
    if (least === undefined || low < least) least = low;
    if (most === undefined || high > most) most = high;
  }
  if (least === undefined || most === undefined) return { least: 0n, values: 1 };
  return { least, values: Number(most - least) + 1 };
}

const narrowSpread = "u64(bitcast<u32>(most) - bitcast<u32>(least))";
const wideSpread = "bitcast<u64>(most) - bitcast<u64>(least)";

const limitsOf = {
  i32: {
    array: Int32Array,
    least: "bitcast<i32>(0x80000000u)",
    greatest: "0x7fffffff",
    spread: narrowSpread,
  },
  u32: { array: Uint32Array, least: "0u", greatest: "0xffffffffu", spread: narrowSpread },
  i64: {
    array: BigInt64Array,
    least: "bitcast<i64>(0x8000000000000000lu)",
    greatest: "0x7fffffffffffffffli",
    spread: wideSpread,
  },
  u64: { array: BigUint64Array, least: "0lu", greatest: "0xfffffffffffffffflu", spread: wideSpread },
} as const;
