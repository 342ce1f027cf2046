import type { Device } from "../../device/device.ts";
import { scratch, workOptions } from "../axis.ts";
import type { Scratch } from "../gemm.ts";
import { inRows } from "../grid.ts";
import { scanAxis } from "../scan-axis.ts";
import { kernelOn, kernelText } from "../source.ts";
import { foldGroups, type Grouping } from "./aggregate-fold.ts";
import { readText } from "./aggregate-text.ts";
import {
  bitmapBytes,
  type ColumnMemory,
  type ColumnOptions,
  type FixedMemory,
  type Memory,
} from "./column.ts";
import { bitsOf, keyBindings, keyParameters, keyText, orderedText } from "./order-keys.ts";
import { sortRows } from "./sort-rows.ts";
import { takeRows } from "./take.ts";
import { textRanks } from "./text-ranks.ts";

/** Rows in the order of their groups, then of their values, nulls last. */
function sortedInGroups(
  device: Device,
  column: FixedMemory,
  { count, ids }: Grouping,
  options: ColumnOptions,
): Promise<Scratch> {
  const order = { descending: false, nullsFirst: false };
  const values = { column, ...order };
  const groups = ids === undefined ? [] : [{ column: { physical: "u32", values: ids } as const, ...order }];
  return sortRows(device, { keys: [...groups, values], count }, options);
}

/** A u32 a group: how many different values it has, by sorting. Nulls do not count, NaN is one, and -0 is +0. */
export async function countDistinct(
  device: Device,
  column: ColumnMemory,
  grouping: Grouping,
  options: ColumnOptions,
): Promise<Scratch> {
  const { count, groups, ids } = grouping;
  if (column.physical === "text") {
    const { order, ranks } = await textRanks(device, column, count, options);
    order[Symbol.dispose]();
    using held = ranks;
    const coded = { physical: "u32", values: held, validity: column.validity } as const;
    return await countDistinct(device, coded, grouping, options);
  }
  using rows = await sortedInGroups(device, column, grouping, options);
  using marks = scratch(device, options, bitmapBytes(count), "new values");
  const key = { column, part: "whole" } as const;
  const set = { count, rows };
  const differs =
    bitsOf(column.physical) === 128
      ? "values[a * 2u] != values[b * 2u] || values[a * 2u + 1u] != values[b * 2u + 1u]"
      : "key_of_row(a) != key_of_row(b)";
  const text = `${keyText(key, set)}fn differs(a: u32, b: u32) -> bool { return ${differs}; }
${kernelText("columns/distinct-marks.wgsl")}`;
  const kernel = await kernelOn(device, text, { label: "mark new values" });
  const parameters = Uint32Array.of(...keyParameters(key), count, ids === undefined ? 0 : 1, 0, 0);
  if (count > 0) {
    const bindings = { parameters, ...keyBindings(key, set), ids: ids ?? rows, marks };
    device.dispatch(kernel, bindings, inRows(Math.ceil(count / 32 / 64)), workOptions(options));
  }
  const marked = { physical: "u32", values: marks, validity: marks } as const;
  const fold = { accumulator: "count", column: marked, turns: false } as const;
  if (ids === undefined) return await foldGroups(device, fold, { count, groups }, options);
  const given = { physical: "u32", values: ids } as const;
  const work = { column: given, rows, count, sourceRows: count, mayMiss: false };
  using sortedIds = (await takeRows(device, work, options)).values;
  const sortedGrouping: Grouping = { count, groups, ids: sortedIds };
  try {
    return await foldGroups(device, fold, sortedGrouping, options);
  } finally {
    sortedGrouping.sortedRows?.[Symbol.dispose]();
  }
}

export interface QuantileWork {
  readonly fraction: number;
  readonly divisor: number;
  /** An f64 a group. */
  readonly values: Memory;
  readonly validity: Memory;
  /** Gets the number of nulls, at this word. */
  readonly status: Memory;
  readonly at: number;
}

/** Enqueues quantiles of each group, by sorting. */
export async function quantiles(
  device: Device,
  column: FixedMemory,
  grouping: Grouping,
  work: QuantileWork,
  options: ColumnOptions,
): Promise<void> {
  const { groups } = grouping;
  using rows = await sortedInGroups(device, column, grouping, options);
  const counting = { accumulator: "count", turns: false } as const;
  using counts = await foldGroups(device, { ...counting, column }, grouping, options);
  using totals = await foldGroups(device, counting, grouping, options);
  using starts = scratch(device, options, groups * 4, "starts of groups");
  const sums = { operator: "sum", type: "u32", source: totals, result: starts, exclusive: true } as const;
  await scanAxis(device, { ...sums, outer: 1, n: groups, inner: 1 }, options);
  const plain: FixedMemory = { physical: column.physical, values: column.values };
  const text = [
    orderedText(column.physical),
    readText("floatSum", plain, false, true),
    kernelText("columns/pick-quantiles.wgsl"),
  ].join("");
  const kernel = await kernelOn(device, text, { label: "pick quantiles" });
  const words = new Uint32Array(Float64Array.of(work.fraction, work.divisor).buffer);
  const key = keyParameters({ column, part: "whole" });
  const bindings = {
    parameters: Uint32Array.of(...key, groups, work.at, ...words, 0, 0),
    values: column.values,
    counts,
    rows,
    starts,
    result: work.values,
    result_validity: work.validity,
    status: work.status,
  };
  device.dispatch(kernel, bindings, inRows(Math.ceil(groups / 32 / 64)), workOptions(options));
}
