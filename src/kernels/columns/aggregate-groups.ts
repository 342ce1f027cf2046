import type { Device } from "../../device/device.ts";
import { AikoError } from "../../errors.ts";
import type { AggregateFunction } from "../../expression/column/expression.ts";
import { scratch, workOptions } from "../axis.ts";
import type { Scratch } from "../gemm.ts";
import { inRows } from "../grid.ts";
import { kernelOn, kernelText } from "../source.ts";
import { type Fold, foldGroups, foldParameters, foldParts, type Grouping } from "./aggregate-fold.ts";
import { resultOf } from "./aggregate-result.ts";
import { countDistinct, quantiles } from "./aggregate-sorted.ts";
import { accumulatorOf, isFloat } from "./aggregate-text.ts";
import {
  bitmapBytes,
  type ColumnMemory,
  type ColumnOptions,
  type FixedMemory,
  type Memory,
} from "./column.ts";
import { checkRows } from "./order-keys.ts";
import { disposeColumn, Making, type OwnedColumn, type OwnedFixed } from "./owned.ts";
import { takeRows } from "./take.ts";
import { textRanks } from "./text-ranks.ts";

export interface GroupAggregate {
  readonly function: AggregateFunction;
  /** Absent for `countRows`. */
  readonly column?: ColumnMemory | undefined;
  /** Of `quantile`, from 0 to 1. */
  readonly fraction?: number | undefined;
  /** Sums an `i64` into an `i128`, as decimals are. */
  readonly wide?: boolean | undefined;
  /** Digits behind the point of a decimal: what gives floats divides by 10 to this power. */
  readonly scale?: number | undefined;
}

export interface AggregateGroupsArguments {
  /** A group number below `groups` of each row, u32. */
  readonly ids: Memory;
  readonly groups: number;
  readonly count: number;
  readonly aggregates: readonly GroupAggregate[];
}

const floats: ReadonlySet<AggregateFunction> = new Set(["mean", "variance", "stddev", "median", "quantile"]);

/** Why a device cannot compute an aggregate, or nothing where it can. */
export function unsupportedAggregate(
  device: Device,
  name: AggregateFunction,
  physical: ColumnMemory["physical"] | undefined,
): string | undefined {
  const isText = physical === "text";
  if (isText && (name === "sum" || floats.has(name))) return `${name} takes numbers, not text`;
  const needs = floats.has(name) || (name === "sum" && physical !== undefined && isFloat(physical));
  if (!needs || device.adapter.features.has("f64")) return undefined;
  return `${name} is computed in f64, which ${device.label} does not have`;
}

function refuseUnsupported(device: Device, aggregates: readonly GroupAggregate[]): void {
  for (const { function: name, column, fraction = 0.5 } of aggregates) {
    const reason = unsupportedAggregate(device, name, column?.physical);
    if (reason !== undefined) throw new AikoError("UNSUPPORTED", { message: `Cannot aggregate: ${reason}` });
    if (!(fraction >= 0 && fraction <= 1)) {
      throw new AikoError("INVALID_ARGUMENT", {
        message: `A quantile of ${fraction} does not exist: it is from 0 to 1`,
      });
    }
    if (column === undefined && name !== "countRows") {
      throw new AikoError("INVALID_ARGUMENT", { message: `The aggregate ${name} needs a column` });
    }
  }
}

/**
 * One column an aggregate, with a row a group. Integers and decimals are exact: OVERFLOW where a sum exceeds its type. Sums of
 * floats are f64, in an order that depends only on the numbers of rows and groups. One round trip, more for text, medians
 * and distinct counts.
 */
export function aggregateGroups(
  device: Device,
  { ids, groups, count, aggregates }: AggregateGroupsArguments,
  options: ColumnOptions = {},
): Promise<OwnedColumn[]> {
  return aggregateGrouping(device, { ids, groups, count }, aggregates, options);
}

/** As `aggregateGroups`, of all rows: columns of one row. */
export function aggregateAll(
  device: Device,
  { count, aggregates }: { readonly count: number; readonly aggregates: readonly GroupAggregate[] },
  options: ColumnOptions = {},
): Promise<OwnedColumn[]> {
  return aggregateGrouping(device, { groups: 1, count }, aggregates, options);
}

interface Finished {
  readonly physical: FixedMemory["physical"];
  readonly values: Scratch;
  readonly validity: Scratch;
  /** Rows in order, where the values are places in it. */
  readonly order?: Scratch;
}

async function aggregateGrouping(
  device: Device,
  grouping: Grouping,
  aggregates: readonly GroupAggregate[],
  options: ColumnOptions,
): Promise<OwnedColumn[]> {
  checkRows(grouping.count);
  refuseUnsupported(device, aggregates);
  if (grouping.groups === 0) grouping = { count: 0, groups: 0 };
  using making = new Making(device, options);
  using status = scratch(device, options, aggregates.length * 8, "status of aggregates");
  device.write(status, new Uint32Array(status.byteLength / 4), workOptions(options));
  const results: OwnedColumn[] = [];
  const finished: Finished[] = [];
  try {
    for (const [index, aggregate] of aggregates.entries()) {
      finished.push(await finish(device, aggregate, grouping, { making, status, index }, options));
    }
    const found = new Uint32Array(status.byteLength / 4);
    await device.read(status, found, workOptions(options));
    for (const [index, aggregate] of aggregates.entries()) {
      const result = finished[index];
      if (result === undefined) continue;
      if (found[index * 2 + 1] !== 0) throw overflow(aggregate);
      const hasNulls = found[index * 2] !== 0;
      results.push(await settled(device, aggregate, grouping, result, hasNulls, options));
    }
    making.done(undefined);
    return results;
  } catch (error) {
    for (const column of results) {
      if (!finished.some(({ values }) => values === column.values)) disposeColumn(column);
    }
    throw error;
  } finally {
    grouping.sortedRows?.[Symbol.dispose]();
  }
}

function overflow({ column }: GroupAggregate): AikoError {
  return new AikoError("OVERFLOW", {
    message: `A sum of ${column?.physical ?? "integers"} exceeds the type of sums`,
    hint: "Cast the column to float64 before summing, if a rounded result will do.",
  });
}

interface FinishWork {
  readonly making: Making;
  readonly status: Memory;
  readonly index: number;
}

async function finish(
  device: Device,
  aggregate: GroupAggregate,
  grouping: Grouping,
  work: FinishWork,
  options: ColumnOptions,
): Promise<Finished> {
  const { function: name, column } = aggregate;
  if (column?.physical === "text" && (name === "min" || name === "max")) {
    const { order, ranks } = await textRanks(device, column, grouping.count, options);
    using held = ranks;
    work.making.keep(order);
    const coded: FixedMemory = { physical: "u32", values: held, validity: column.validity };
    return { ...(await finishFold(device, { ...aggregate, column: coded }, grouping, work, options)), order };
  }
  if (name === "median" || name === "quantile")
    return finishQuantile(device, aggregate, grouping, work, options);
  return finishFold(device, aggregate, grouping, work, options);
}

async function finishFold(
  device: Device,
  aggregate: GroupAggregate,
  grouping: Grouping,
  { making, status, index }: FinishWork,
  options: ColumnOptions,
): Promise<Finished> {
  const { function: name, column, wide = false, scale = 0 } = aggregate;
  const { groups } = grouping;
  const fixed = column === undefined || column.physical === "text" ? undefined : column;
  const accumulator = accumulatorOf(name, column?.physical ?? "u32");
  const turns = name === "min" || name === "all" || name === "first";
  const fold: Fold = { accumulator, column, turns };
  const result = resultOf({ function: name, accumulator, physical: fixed?.physical ?? "u32", wide });
  const values = making.values(result.physical, groups);
  const validity = making.take(bitmapBytes(groups), "validity");
  if (groups === 0) return { physical: result.physical, values, validity };
  using tables =
    name === "countDistinct" && column !== undefined
      ? await countDistinct(device, column, grouping, options)
      : await foldGroups(device, fold, grouping, options);
  const { shape, fixed: read } = foldParts(fold, false);
  const text = `${shape}${result.text}${kernelText("columns/aggregate-finish.wgsl")}`;
  const kernel = await kernelOn(device, text, { label: "finish aggregates" });
  const divisor = 10 ** (name === "variance" ? 2 * scale : scale);
  const parameters = foldParameters(fold, read, { groups, status: index * 2, divisor });
  const bindings = { parameters, tables, result: values, result_validity: validity, status };
  device.dispatch(kernel, bindings, inRows(Math.ceil(groups / 32 / 64)), workOptions(options));
  return { physical: result.physical, values, validity };
}

async function finishQuantile(
  device: Device,
  { column, function: name, fraction = 0.5, scale = 0 }: GroupAggregate,
  grouping: Grouping,
  { making, status, index }: FinishWork,
  options: ColumnOptions,
): Promise<Finished> {
  const values = making.values("f64", grouping.groups);
  const validity = making.take(bitmapBytes(grouping.groups), "validity");
  const finished = { physical: "f64", values, validity } as const;
  if (grouping.groups === 0 || column === undefined || column.physical === "text") return finished;
  const chosen = name === "median" ? 0.5 : fraction;
  const work = { fraction: chosen, divisor: 10 ** scale, values, validity, status, at: index * 2 };
  await quantiles(device, column, grouping, work, options);
  return finished;
}

/** Where rows were found, their values; a bitmap only where there are nulls. */
async function settled(
  device: Device,
  { function: name, column }: GroupAggregate,
  { groups, count }: Grouping,
  { physical, values, validity, order }: Finished,
  hasNulls: boolean,
  options: ColumnOptions,
): Promise<OwnedColumn> {
  if (order !== undefined && column !== undefined) {
    const places: FixedMemory = { physical: "u32", values: order };
    const work = { rows: values, count: groups, sourceRows: count, mayMiss: false };
    using rows = (await takeRows(device, { ...work, column: places }, options)).values;
    const taken = await takeRows(device, { ...work, column, rows }, options);
    taken.validity?.[Symbol.dispose]();
    values[Symbol.dispose]();
    order[Symbol.dispose]();
    if (hasNulls) return { ...taken, validity };
    validity[Symbol.dispose]();
    return { ...taken, validity: undefined };
  }
  if ((name === "first" || name === "last") && column !== undefined) {
    const work = { column, rows: values, count: groups, sourceRows: count, mayMiss: hasNulls };
    const taken = await takeRows(device, work, options);
    values[Symbol.dispose]();
    validity[Symbol.dispose]();
    if (hasNulls || taken.validity === undefined) return taken;
    taken.validity[Symbol.dispose]();
    return { ...taken, validity: undefined };
  }
  if (hasNulls) return { physical, values, validity };
  validity[Symbol.dispose]();
  const made: OwnedFixed = { physical, values };
  return made;
}
