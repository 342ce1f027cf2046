import type { Device } from "../../device/device.ts";
import { AikoError } from "../../errors.ts";
import { scratch, workOptions } from "../axis.ts";
import { inRows } from "../grid.ts";
import { kernelOn, kernelText } from "../source.ts";
import { foldParameters, foldTables, type Grouping } from "./aggregate-fold.ts";
import { resultOf } from "./aggregate-result.ts";
import { accumulatorText } from "./aggregate-text.ts";
import { bitmapBytes, type ColumnOptions, type FixedMemory } from "./column.ts";
import { type Edge, edgeKey } from "./edge-keys.ts";
import { bitsOf, checkRows, keyBytes, orderedText, rowText } from "./order-keys.ts";
import { Making, type OwnedFixed } from "./owned.ts";

export interface HistogramArguments {
  readonly column: FixedMemory;
  readonly count: number;
  /** Ascending; bin i holds values from edge i up to, not with, the next, and the last one both of its edges. */
  readonly edges: readonly Edge[];
}

const mostBins = 2 ** 20;

/** The edges of bins of one width. */
export function equalEdges(from: number, to: number, bins: number): number[] {
  return Array.from({ length: bins + 1 }, (_, at) => (at === bins ? to : from + ((to - from) * at) / bins));
}

/**
 * How many values each bin holds: an i64 a bin. Nulls, NaN and values outside of all bins do not count. Edges are compared as
 * the column's own type holds them, so that integers of 64 bits and f64 are exact on every device.
 */
export async function histogram(
  device: Device,
  { column, count, edges }: HistogramArguments,
  options: ColumnOptions = {},
): Promise<OwnedFixed> {
  checkRows(count);
  const { keys, bins } = edgeKeys(column, edges);
  using making = new Making(device, options);
  const values = making.values("i64", edges.length - 1);
  const key = { column, part: "whole" } as const;
  const wide = keyBytes(key) === 8;
  using starts = scratch(device, options, keys.length * keyBytes(key), "starts of bins");
  const words = wide ? BigUint64Array.from(keys) : Uint32Array.from(keys, Number);
  device.write(starts, words, workOptions(options));
  const counting = { accumulator: "count", column, turns: false } as const;
  const { shape, absorb, bytes } = accumulatorText("count", bitsOf(column.physical));
  const head = `${kernelText("columns/aggregate.wgsl")}${orderedText(column.physical)}${shape}`;
  const grouping: Grouping = { count: bins === 0 ? 0 : count, groups: edges.length - 1 };
  const fill = `${head}${rowText(column, false)}${absorb}${kernelText("columns/histogram.wgsl")}`;
  const { validity } = column;
  const parts = {
    shape: head,
    text: fill,
    bytes,
    fixed: column,
    bindings: { values: column.values, ...(validity === undefined ? {} : { validity }), starts },
  };
  using tables = await foldTables(device, counting, grouping, parts, options);
  const result = resultOf({ function: "count", accumulator: "count", physical: "u32", wide: false });
  const text = `${head}${result.text}${kernelText("columns/aggregate-finish.wgsl")}`;
  const kernel = await kernelOn(device, text, { label: "finish aggregates" });
  using unused = scratch(device, options, bitmapBytes(grouping.groups), "validity");
  using status = scratch(device, options, 8, "status");
  const parameters = foldParameters(counting, column, { groups: grouping.groups });
  const bindings = { parameters, tables, result: values, result_validity: unused, status };
  device.dispatch(kernel, bindings, inRows(Math.ceil(grouping.groups / 32 / 64)), workOptions(options));
  return making.done({ physical: "i64", values });
}

/** Starts of bins and the last key, in the type's range; `bins` is 0 where no value can be in any. */
function edgeKeys({ physical }: FixedMemory, edges: readonly Edge[]): { keys: bigint[]; bins: number } {
  if (physical === "bits" || physical === "i128") {
    throw new AikoError("INVALID_ARGUMENT", {
      message: `A histogram takes integers up to 64 bits and floats, not ${physical}`,
      hint: "Cast the column to float64.",
    });
  }
  const ascends = edges.every((edge, at) => at === 0 || (edges[at - 1] ?? edge) < edge);
  if (edges.length < 2 || edges.length > mostBins + 1 || !ascends || edges.some(Number.isNaN)) {
    throw new AikoError("INVALID_ARGUMENT", {
      message: `The edges of a histogram are 2 to ${mostBins + 1} numbers that ascend, not these ${edges.length}`,
    });
  }
  const most = (1n << BigInt(bitsOf(physical))) - 1n;
  const clamped = (value: bigint) => (value < 0n ? 0n : value > most ? most : value);
  const starts = edges.slice(0, -1).map((edge) => edgeKey(physical, edge, false));
  const last = edgeKey(physical, edges[edges.length - 1] ?? 0, true);
  const isEmpty = last < 0n || (starts[0] ?? 0n) > most;
  return { keys: [...starts.map(clamped), clamped(last)], bins: isEmpty ? 0 : starts.length };
}
