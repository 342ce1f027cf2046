import type { Device } from "../../device/device.ts";
import { scratch, workOptions } from "../axis.ts";
import type { Scratch } from "../gemm.ts";
import { inRows } from "../grid.ts";
import { chunkOf, kernelOn, kernelText, wantsLongThreads } from "../source.ts";
import { type Accumulator, accumulatorText, readText } from "./aggregate-text.ts";
import { fillWords } from "./bitmap.ts";
import type { ColumnMemory, ColumnOptions, FixedMemory, Memory } from "./column.ts";
import { bitsOf, keyParameters, orderedText } from "./order-keys.ts";
import { radixWords } from "./radix-words.ts";

/** Rows and the groups that they belong to. Without `ids` all are one group. */
export interface Grouping {
  readonly count: number;
  readonly groups: number;
  readonly ids?: Memory | undefined;
  /** The rows in order of their groups, once something needs them. */
  sortedRows?: Scratch | undefined;
}

export interface Fold {
  readonly accumulator: Accumulator;
  /** Absent where only rows count. */
  readonly column?: ColumnMemory | undefined;
  /** Keeps the complement: the least, or the first. */
  readonly turns: boolean;
}

const longThreads = 64;
const shortThreads = 16_384;
const shortSlots = 2 ** 22;
const runRows = 512;
const mergedAtOnce = 64;

/** WGSL of what is known of a group, with and without what reads rows, and what a fold binds. */
export interface FoldParts {
  readonly shape: string;
  readonly text: string;
  readonly bytes: number;
  readonly bindings: Readonly<Record<string, Memory>>;
  readonly fixed: FixedMemory | undefined;
}

export function foldParts({ accumulator, column }: Fold, listed: boolean): FoldParts {
  const fixed = column === undefined || column.physical === "text" ? undefined : column;
  const reads = fixed !== undefined && accumulator !== "count" && accumulator !== "row";
  const physical = reads ? fixed.physical : "u32";
  const { shape, absorb, bytes } = accumulatorText(accumulator, bitsOf(physical));
  const shapeText = `${kernelText("columns/aggregate.wgsl")}${orderedText(physical)}${shape}`;
  const reading = readText(accumulator, fixed, column?.validity !== undefined, listed);
  const bindings: Record<string, Memory> = {
    ...(reads ? { values: fixed.values } : {}),
    ...(column?.validity === undefined ? {} : { validity: column.validity }),
  };
  return { shape: shapeText, text: `${shapeText}${reading}${absorb}`, bytes, bindings, fixed };
}

export interface FoldParameters {
  readonly count?: number;
  readonly chunk?: number;
  readonly step?: number;
  readonly groups?: number;
  readonly tables?: number;
  readonly each?: number;
  readonly status?: number;
  readonly divisor?: number;
}

export function foldParameters(
  fold: Fold,
  fixed: FixedMemory | undefined,
  {
    count = 0,
    chunk = 0,
    step = 1,
    groups = 1,
    tables = 1,
    each = 1,
    status = 0,
    divisor = 1,
  }: FoldParameters,
): Uint32Array {
  const column = fixed === undefined ? [0, 5, 0, 0] : keyParameters({ column: fixed, part: "whole" });
  const words = new Uint32Array(Float64Array.of(divisor).buffer);
  const turn = fold.turns ? 1 : 0;
  return Uint32Array.of(...column, count, chunk, step, groups, tables, each, turn, status, ...words, 0, 0);
}

/** What is known of each group, in memory that the caller disposes: in tables by thread, or in runs of sorted rows. */
export async function foldGroups(
  device: Device,
  fold: Fold,
  grouping: Grouping,
  options: ColumnOptions,
): Promise<Scratch> {
  if (tablesFor(device, grouping) === undefined) return foldRuns(device, fold, grouping, options);
  const { ids } = grouping;
  const parts = foldParts(fold, false);
  const text = `${parts.text}${groupText(ids)}`;
  const bindings = { ...parts.bindings, ...(ids === undefined ? {} : { ids }) };
  return foldTables(device, fold, grouping, { ...parts, text, bindings }, options);
}

/** How many tables of all groups pay; none where there are nearly as many groups as rows. */
function tablesFor(device: Device, { count, groups }: Grouping): number | undefined {
  if (wantsLongThreads(device)) {
    const most = Math.min(longThreads, 2 ** Math.floor(Math.log2(Math.max(1, count / (2 * groups)))));
    return most >= 2 || groups === 1 ? Math.max(1, most) : undefined;
  }
  const most = Math.min(shortThreads, Math.floor(shortSlots / groups), Math.ceil(count / 32));
  return most >= 1024 || groups === 1 || count <= 1024 ? Math.max(1, most) : undefined;
}

const groupText = (ids: Memory | undefined) => {
  const group =
    ids === undefined
      ? "fn group_of_row(row: u32) -> u32 { return 0u; }\n"
      : `@group(0) @binding(4) var<storage, read> ids: array<u32>;
fn group_of_row(row: u32) -> u32 { return ids[row & 0x7fffffffu]; }
`;
  return `${group}fn takes_part(row: u32) -> bool { return is_valid(row); }\n`;
};

/** Compilers keep the order of float sums, so four of them go on at once; all else they turn into vectors by themselves. */
function foldEntry({ accumulator }: Fold): "fold_apart" | "fold_rows" {
  return accumulator === "floatSum" || accumulator === "moments" ? "fold_apart" : "fold_rows";
}

/** Folds rows into tables of all groups by the text in `parts`, and the tables into one. */
export async function foldTables(
  device: Device,
  fold: Fold,
  { count, groups, ids }: Grouping,
  parts: FoldParts,
  options: ColumnOptions,
): Promise<Scratch> {
  const { shape, text, bytes, bindings, fixed } = parts;
  const long = wantsLongThreads(device);
  const most = tablesFor(device, { count, groups }) ?? 1;
  const folds = long && ids === undefined && groups === 1;
  const chunk = chunkOf(count, most, 64);
  const tables = long ? Math.max(1, Math.ceil(count / chunk)) : most;
  const threads = long ? 1 : 64;
  const [fill, merge] = await Promise.all([
    kernelOn(device, `${text}${kernelText("columns/aggregate-tables.wgsl")}`, {
      entryPoint: folds ? foldEntry(fold) : "fill_tables",
      constants: { threads },
      label: "aggregate rows",
    }),
    kernelOn(device, `${shape}${kernelText("columns/aggregate-merge.wgsl")}`, { label: "merge aggregates" }),
  ]);
  const strided = !long && tables > 1;
  const sizes = { count, chunk: strided ? 1 : chunk, step: strided ? tables : 1, groups, tables };
  let made = scratch(device, options, tables * groups * bytes, "aggregates");
  const parameters = foldParameters(fold, fixed, sizes);
  const grid = Math.ceil(tables / threads);
  device.dispatch(fill, { parameters, ...bindings, tables: made }, grid, workOptions(options));
  for (let left = tables; left > 1; ) {
    const next = Math.ceil(left / mergedAtOnce);
    using before = made;
    made = scratch(device, options, next * groups * bytes, "aggregates");
    const merging = foldParameters(fold, fixed, { ...sizes, tables: left, each: mergedAtOnce });
    const slots = inRows(Math.ceil((next * groups) / 64));
    device.dispatch(merge, { parameters: merging, parts: before, tables: made }, slots, workOptions(options));
    left = next;
  }
  return made;
}

/** The rows in order of their groups; they are kept for further aggregates. */
export async function rowsByGroup(
  device: Device,
  grouping: Grouping,
  options: ColumnOptions,
): Promise<Scratch> {
  const { count, groups, ids } = grouping;
  if (grouping.sortedRows !== undefined) return grouping.sortedRows;
  const result = scratch(device, options, count * 4, "rows by group");
  grouping.sortedRows = result;
  using words = scratch(device, options, count * 4, "group numbers");
  if (ids !== undefined && count > 0) {
    const bytes = count * 4;
    device.copy(
      "buffer" in ids ? ids.buffer.view(ids.byteOffset, bytes) : ids.view(0, bytes),
      "buffer" in words ? words.buffer.view(words.byteOffset, bytes) : words.view(0, bytes),
      workOptions(options),
    );
    const bits = Math.max(1, Math.ceil(Math.log2(groups)));
    await radixWords(device, { words, wordBytes: 4, bits, count, result }, options);
  }
  return result;
}

async function foldRuns(
  device: Device,
  fold: Fold,
  grouping: Grouping,
  options: ColumnOptions,
): Promise<Scratch> {
  const { count, groups, ids } = grouping;
  const rows = await rowsByGroup(device, grouping, options);
  const { shape, text, bytes, bindings, fixed } = foldParts(fold, true);
  const long = wantsLongThreads(device);
  const chunk = long ? chunkOf(count, longThreads, 64) : runRows;
  const parts = Math.ceil(count / chunk);
  const threads = long ? 1 : 64;
  const [folding, joining] = await Promise.all([
    kernelOn(device, `${text}${groupText(ids)}${kernelText("columns/aggregate-runs.wgsl")}`, {
      constants: { threads },
      label: "aggregate runs",
    }),
    kernelOn(device, `${shape}${kernelText("columns/aggregate-join.wgsl")}`, { label: "join aggregates" }),
  ]);
  const tables = scratch(device, options, groups * bytes, "aggregates");
  using edges = scratch(device, options, parts * 2 * bytes, "edges");
  using edgeGroups = scratch(device, options, parts * 8, "edges");
  await fillWords(device, { result: tables, words: (groups * bytes) / 4, value: 0 }, options);
  if (parts === 0) return tables;
  const parameters = foldParameters(fold, fixed, { count, chunk, groups, tables: parts });
  const all = { parameters, tables, edges, edge_groups: edgeGroups };
  const read = { ...bindings, rows, ...(ids === undefined ? {} : { ids }) };
  device.dispatch(folding, { ...read, ...all }, inRows(Math.ceil(parts / threads)), workOptions(options));
  device.dispatch(joining, all, inRows(Math.ceil((parts * 2) / 64)), workOptions(options));
  return tables;
}
