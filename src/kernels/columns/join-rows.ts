import type { Device } from "../../device/device.ts";
import { scratch, workOptions } from "../axis.ts";
import type { Scratch } from "../gemm.ts";
import { inRows } from "../grid.ts";
import { exclusiveScan } from "../scan.ts";
import { ScratchScope } from "../scratch-scope.ts";
import { sort } from "../sort.ts";
import { kernelOn, kernelText, wantsLongThreads } from "../source.ts";
import type { ColumnOptions, Memory } from "./column.ts";
import { wordOf } from "./hash-table.ts";
import { assertRows } from "./join-size.ts";
import { countUnseen, emitUnseen, type UnseenRows } from "./join-unseen.ts";
import { commonText, hashParameters, rowGrid, threadsText, wholeScratch } from "./key-access.ts";
import { type MatchArguments, type MatchedRows, matchRows } from "./match-rows.ts";

export type JoinKind = "inner" | "left" | "right" | "full" | "semi" | "anti";

export interface JoinArguments extends MatchArguments {
  readonly how: JoinKind;
  /** Throws RESULT_TOO_LARGE when there would be more rows. Default 2^31. */
  readonly mostRows?: number | undefined;
}

/** Row i of the result is left row `left[i]` and right row `right[i]`, `noRow` where there is none. */
export interface JoinedRows {
  readonly left: Scratch;
  /** Absent from semi and anti joins. */
  readonly right?: Scratch;
  readonly rows: number;
}

/**
 * Joins rows with equal keys, by a hash table of the right side's or, where they are integers of a small range, by a
 * table of their values. Rows come in the order of the left side and, for each, of the right; `right` and `full` append
 * the right rows without a match. Rejects with RESULT_TOO_LARGE, naming the exact number of rows, before it allocates
 * them. The caller disposes `left` and `right`.
 */
export async function joinRows(
  device: Device,
  work: JoinArguments,
  options: ColumnOptions = {},
): Promise<JoinedRows> {
  const { how, leftCount, rightCount, mostRows } = work;
  using scope = new ScratchScope(device, options.allocate);
  const matches = await matchRows(device, work, scope, options);
  const filters = how === "semi" || how === "anti";
  const rightRows =
    filters || matches.groups === rightCount
      ? undefined
      : await rowsByGroup(device, matches, rightCount, scope, options);
  const counting: Emission = {
    matched: matches.matched,
    count: leftCount,
    withMatched: how !== "anti",
    withMissing: how === "left" || how === "full" || how === "anti",
    withRight: !filters,
    ...(rightRows === undefined ? {} : { rightRows }),
  };
  const { places, total } = await countMatches(device, counting, scope, options);
  const unseen =
    how === "right" || how === "full"
      ? await countUnseen(device, { ...matches, leftCount, rightCount }, scope, options)
      : undefined;
  const rows = assertRows(total + BigInt(unseen?.rows ?? 0), mostRows);
  return await emit(device, { counting, places, unseen, matchedRows: Number(total), rows }, options);
}

interface RightRows {
  readonly starts: Memory;
  readonly list: Memory;
}

interface Emission {
  readonly matched: Memory;
  readonly count: number;
  readonly withMatched: boolean;
  readonly withMissing: boolean;
  readonly withRight: boolean;
  /** Absent where each group is one row, its own number. */
  readonly rightRows?: RightRows;
}

/** The right side's rows by group, in their order, and where each group starts. */
async function rowsByGroup(
  device: Device,
  { ids, groups }: MatchedRows,
  count: number,
  scope: ScratchScope,
  options: ColumnOptions,
): Promise<RightRows> {
  const list = scope.take(Math.max(16, count * 4), "rows by group");
  const starts = scope.take(Math.max(16, (groups + 1) * 4), "starts");
  using sorted = scratch(device, options, count * 4, "sorted groups");
  const sizes = { outer: 1, n: count, inner: 1 };
  const work = {
    ...sizes,
    type: "u32",
    source: ids,
    values: sorted,
    indices: list,
    indexType: "u32",
  } as const;
  await sort(device, work, options);
  const text = commonText(device) + kernelText("columns/join-groups.wgsl");
  const kernel = await kernelOn(device, text, { entryPoint: "mark_starts", label: "mark starts" });
  const { each, groups: grid } = rowGrid(device, count);
  const parameters = hashParameters({ count, each, slots: groups });
  device.dispatch(kernel, { parameters, sorted, starts }, grid, workOptions(options));
  return { starts, list };
}

async function countMatches(
  device: Device,
  work: Emission,
  scope: ScratchScope,
  options: ColumnOptions,
): Promise<{ readonly places: Memory; readonly total: bigint }> {
  const { count, matched, rightRows } = work;
  const { threads, groups } = rowGrid(device, count, 16);
  using counts = scratch(device, options, 2 * (threads + 1) * 4, "counts");
  const places = scope.take(Math.max(16, (threads + 1) * 4), "places");
  if (count === 0) return { places, total: 0n };
  const kernel = await joinKernel(device, work, "count_matches");
  const starts = rightRows === undefined ? {} : { starts: rightRows.starts };
  const bindings = { joining: joining(device, work), matched, ...starts, counts };
  device.dispatch(kernel, bindings, groups, workOptions(options));
  await exclusiveScan(device, { source: counts, result: places, count: threads + 1 }, workOptions(options));
  if (rightRows === undefined) return { places, total: BigInt(await wordOf(device, places, threads)) };
  return { places, total: await sumCounts(device, { counts, count: threads }, options) };
}

/** Past 2^32: counts are of 64 bits. */
async function sumCounts(
  device: Device,
  { counts, count }: { readonly counts: Memory; readonly count: number },
  options: ColumnOptions,
): Promise<bigint> {
  const text = commonText(device) + kernelText("columns/join-sums.wgsl");
  const kernel = await kernelOn(device, text, { entryPoint: "sum_counts", label: "sum counts" });
  const each = Math.ceil(count / 1024);
  const chunks = Math.ceil(count / each);
  const grid = inRows(wantsLongThreads(device) ? chunks : Math.ceil(chunks / 64));
  using sums = scratch(device, options, chunks * 8, "sums");
  const parameters = hashParameters({ count, each, chunks });
  device.dispatch(kernel, { parameters, counts, sums }, grid, workOptions(options));
  const bytes = (await device.read(sums)).slice(0, chunks * 8);
  return new BigUint64Array(bytes.buffer as ArrayBuffer).reduce((total, sum) => total + sum, 0n);
}

interface Emitting {
  readonly counting: Emission;
  readonly places: Memory;
  readonly unseen: UnseenRows | undefined;
  readonly matchedRows: number;
  readonly rows: number;
}

async function emit(device: Device, work: Emitting, options: ColumnOptions): Promise<JoinedRows> {
  const { counting, places, unseen, matchedRows, rows } = work;
  const { matched, count, withRight, rightRows } = counting;
  const made: Scratch[] = [];
  const take = (label: string) => {
    const memory = wholeScratch(device, options, rows * 4, label);
    made.push(memory);
    return memory;
  };
  try {
    const left = take("left rows");
    const right = withRight ? take("right rows") : undefined;
    if (matchedRows > 0) {
      const kernel = await joinKernel(device, counting, "emit_matches");
      const { groups } = rowGrid(device, count, 16);
      const more = { ...(right === undefined ? {} : { right }), ...(right === undefined ? {} : rightRows) };
      const bindings = { joining: joining(device, counting), matched, places, left, ...more };
      device.dispatch(kernel, bindings, groups, workOptions(options));
    }
    if (right === undefined) return { left, rows };
    if (unseen !== undefined) await emitUnseen(device, { unseen, left, right, base: matchedRows }, options);
    return { left, right, rows };
  } catch (error) {
    for (const memory of made) memory[Symbol.dispose]();
    throw error;
  }
}

function joining(device: Device, { count, withMatched, withMissing }: Emission): Uint32Array {
  const { each, threads } = rowGrid(device, count, 16);
  return Uint32Array.of(count, each, threads, Number(withMatched), Number(withMissing), 0, 0, 0);
}

function joinKernel(device: Device, work: Emission, entryPoint: "count_matches" | "emit_matches") {
  const text = [
    threadsText(device),
    work.rightRows === undefined ? oneRow : manyRows,
    work.withRight ? putsRight : "fn put_right(at: u32, row: u32) {}\n",
    kernelText("columns/join-rows.wgsl"),
  ].join("");
  return kernelOn(device, text, { entryPoint, label: entryPoint.replace("_", " ") });
}

const oneRow = `fn size_of(found: u32) -> u32 { return 1u; }
fn right_of(found: u32, k: u32) -> u32 { return found; }
`;
const manyRows = `@group(0) @binding(2) var<storage, read> starts: array<u32>;
@group(0) @binding(3) var<storage, read> list: array<u32>;
fn size_of(found: u32) -> u32 { return starts[found + 1u] - starts[found]; }
fn right_of(found: u32, k: u32) -> u32 { return list[starts[found] + k]; }
`;
const putsRight = `@group(0) @binding(7) var<storage, read_write> right: array<u32>;
fn put_right(at: u32, row: u32) { right[at] = row; }
`;
