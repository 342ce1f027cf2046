import type { Bindings, Device } from "../../device/device.ts";
import { AikoError } from "../../errors.ts";
import { scratch, workOptions } from "../axis.ts";
import type { Scratch } from "../gemm.ts";
import { inRows } from "../grid.ts";
import { scanAxis } from "../scan-axis.ts";
import { kernelOn, kernelText } from "../source.ts";
import { fillWords } from "./bitmap.ts";
import type { ColumnMemory, ColumnOptions, FixedMemory } from "./column.ts";
import { checkRows, keyBindings, keyParameters, keyParts, keyText } from "./order-keys.ts";
import { Making, type OwnedColumn } from "./owned.ts";
import { rankedKeys, type SortRowsKey } from "./sort-rows.ts";
import { orderWords, sortByWords } from "./sort-words.ts";
import { takeRows } from "./take.ts";

export interface WindowRowsArguments {
  readonly partitionBy: readonly ColumnMemory[];
  readonly orderBy: readonly SortRowsKey[];
  readonly count: number;
}

/** Rows in the order of their partitions, for the caller to dispose. All are u32, a row number or position each. */
export interface WindowRows extends Disposable {
  readonly count: number;
  readonly rows: Scratch;
  /** By position: where its partition starts. */
  readonly starts: Scratch;
  /** By position: where the rows start that are equal to it in the order. */
  readonly peers: Scratch;
  /** By position: how many different keys there are up to it. */
  readonly distinct: Scratch;
}

export type WindowPosition = "rowNumber" | "rank" | "denseRank" | "lag" | "lead" | "firstValue";

export interface WindowColumnArguments {
  readonly window: WindowRows;
  readonly function: WindowPosition;
  /** Of `lag`, `lead` and `firstValue`. */
  readonly column?: ColumnMemory | undefined;
  /** Of `lag` and `lead`: rows away. Default 1. */
  readonly distance?: number | undefined;
}

/** Sorts rows by partition and order, and finds where partitions and equal rows start. */
export async function windowRows(
  device: Device,
  { partitionBy, orderBy, count }: WindowRowsArguments,
  options: ColumnOptions = {},
): Promise<WindowRows> {
  checkRows(count);
  const ascending = { descending: false, nullsFirst: false };
  const keys = [...partitionBy.map((column) => ({ column, ...ascending })), ...orderBy];
  using making = new Making(device, options);
  using ranked = await rankedKeys(device, { keys, count }, options);
  const words = await orderWords(device, ranked.keys, { count }, options);
  const rows = await sortByWords(device, words, { count }, options);
  making.keep(rows);
  const made = {
    starts: making.take(count * 4, "starts of partitions"),
    peers: making.take(count * 4, "starts of equal rows"),
    distinct: making.take(count * 4, "different keys"),
  };
  const columns = ranked.keys.map(({ column }) => column);
  const partitions = columns.slice(0, partitionBy.length);
  using changes = scratch(device, options, count * 4, "changes");
  const sizes = { type: "u32", outer: 1, n: count, inner: 1 } as const;
  const startsOf = async (result: Scratch) => {
    using places = scratch(device, options, count * 4, "places of changes");
    await run(device, "place_changes", { changes, neighbours: places }, { count }, options);
    await scanAxis(device, { ...sizes, operator: "max", source: places, result }, options);
  };
  await flagChanges(device, partitions, { rows, count, adds: false }, changes, options);
  await startsOf(made.starts);
  await flagChanges(device, columns.slice(partitionBy.length), { rows, count, adds: true }, changes, options);
  await startsOf(made.peers);
  await scanAxis(device, { ...sizes, operator: "sum", source: changes, result: made.distinct }, options);
  const held = [rows, ...Object.values(made)];
  const dispose = () => {
    for (const memory of held) memory[Symbol.dispose]();
  };
  return making.done({ count, rows, ...made, [Symbol.dispose]: dispose });
}

interface Flagging {
  readonly rows: Scratch;
  readonly count: number;
  /** Keeps the flags that are there. */
  readonly adds: boolean;
}

async function flagChanges(
  device: Device,
  columns: readonly FixedMemory[],
  { rows, count, adds }: Flagging,
  changes: Scratch,
  options: ColumnOptions,
): Promise<void> {
  if (count === 0) return;
  const set = { count, rows };
  const parts = columns.flatMap(keyParts);
  if (parts.length === 0 && !adds) {
    await fillWords(device, { result: changes, words: count, value: 0 }, options);
    device.write(changes, Uint32Array.of(1), workOptions(options));
    return;
  }
  for (const [index, key] of parts.entries()) {
    const text = `${keyText(key, set)}${kernelText("columns/window-changes.wgsl")}`;
    const kernel = await kernelOn(device, text, { label: "flag changes" });
    const adding = adds || index > 0 ? 1 : 0;
    const parameters = Uint32Array.of(...keyParameters(key), count, adding, 0, 0);
    const bindings = { parameters, ...keyBindings(key, set), changes };
    device.dispatch(kernel, bindings, inRows(Math.ceil(count / 64)), workOptions(options));
  }
}

async function run(
  device: Device,
  entryPoint: string,
  bindings: Bindings,
  { count, distance = 0 }: { readonly count: number; readonly distance?: number },
  options: ColumnOptions,
): Promise<void> {
  if (count === 0) return;
  const text = kernelText("columns/window-column.wgsl");
  const kernel = await kernelOn(device, text, { entryPoint, label: `window ${entryPoint}` });
  const parameters = Uint32Array.of(count, distance, 0, 0);
  device.dispatch(kernel, { parameters, ...bindings }, inRows(Math.ceil(count / 64)), workOptions(options));
}

/** A column in the order of the rows themselves: i64 of numbers and ranks, or the type of the column that is read. */
export async function windowColumn(
  device: Device,
  { window, function: name, column, distance = 1 }: WindowColumnArguments,
  options: ColumnOptions = {},
): Promise<OwnedColumn> {
  const { count, rows, starts, peers, distinct } = window;
  if (name === "rowNumber" || name === "rank" || name === "denseRank") {
    using making = new Making(device, options);
    const numbers = making.values("i64", count);
    const [entryPoint, bindings] = {
      rowNumber: ["row_numbers", { rows, starts, numbers }] as const,
      rank: ["ranks", { rows, starts, peers, numbers }] as const,
      denseRank: ["dense_ranks", { rows, starts, distinct, numbers }] as const,
    }[name];
    await run(device, entryPoint, bindings, { count }, options);
    return making.done({ physical: "i64", values: numbers });
  }
  if (column === undefined || !Number.isInteger(distance) || distance < 0 || distance > 2 ** 31) {
    throw new AikoError("INVALID_ARGUMENT", {
      message: `${name} needs a column and a distance from 0 to 2^31, not ${distance}`,
    });
  }
  using neighbours = scratch(device, options, count * 4, "neighbours");
  const entryPoint = { lag: "rows_before", lead: "rows_after", firstValue: "first_rows" }[name];
  await run(device, entryPoint, { rows, starts, neighbours }, { count, distance }, options);
  const mayMiss = name !== "firstValue";
  return await takeRows(device, { column, rows: neighbours, count, sourceRows: count, mayMiss }, options);
}
