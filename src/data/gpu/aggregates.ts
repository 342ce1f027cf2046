import type { ColumnType } from "../../core/column-type.ts";
import { AikoError, isAikoError } from "../../errors.ts";
import type { Aggregate, ResolvedExpression } from "../../expression/column/expression.ts";
import type { ColumnMemory, Memory } from "../../kernels/columns/column.ts";
import { aggregateAll, aggregateGroups, combineBitmaps, type GroupAggregate } from "../../kernels/index.ts";
import type { LoadedColumn } from "./held-column.ts";
import { fixedOf } from "./loaded.ts";
import type { Step } from "./step.ts";

/** An aggregate with its operand on the device. */
export interface Folded {
  readonly aggregate: Aggregate<ResolvedExpression>;
  readonly operand: LoadedColumn | undefined;
  /** Of the result. */
  readonly type: ColumnType;
  readonly name: string;
}

/** A row for each group; `ids` are the groups of the rows. */
export async function foldGroups(
  { device, options }: Step,
  folded: readonly Folded[],
  work: { readonly ids: Memory; readonly groups: number; readonly count: number },
): Promise<readonly LoadedColumn[]> {
  const aggregates = folded.map(partOf);
  const made = await named(folded, () => aggregateGroups(device, { ...work, aggregates }, options));
  return folded.map((each, at) => resultOf(each, made[at]));
}

/** One row; only rows that the mask names count. */
export async function foldAll(
  step: Step,
  folded: readonly Folded[],
  { count, mask }: { readonly count: number; readonly mask: LoadedColumn | undefined },
): Promise<readonly LoadedColumn[]> {
  const { device, options } = step;
  const aggregates: GroupAggregate[] = [];
  for (const each of folded) {
    aggregates.push(mask === undefined ? partOf(each) : await maskedPart(step, each, mask, count));
  }
  const made = await named(folded, () => aggregateAll(device, { count, aggregates }, options));
  return folded.map((each, at) => resultOf(each, made[at]));
}

/** Decimals are integers to kernels. */
function partOf({ aggregate, operand }: Folded): GroupAggregate {
  const { function: name, fraction } = aggregate;
  const scale = operand?.type.kind === "decimal" ? operand.type.scale : undefined;
  const wide = scale !== undefined && name === "sum";
  return { function: name, column: operand?.memory, fraction, scale, wide };
}

/** Rows outside the mask are nulls to the aggregate; counting rows is counting those of the mask. */
async function maskedPart(
  { device, options }: Step,
  folded: Folded,
  mask: LoadedColumn,
  count: number,
): Promise<GroupAggregate> {
  const bits = fixedOf(mask).values;
  const { operand } = folded;
  if (operand === undefined) {
    return { function: "count", column: { physical: "bits", values: bits, validity: bits } };
  }
  const { memory } = operand;
  const { validity: left } = memory;
  const validity =
    left === undefined
      ? bits
      : await combineBitmaps(device, { operation: "and", left, right: bits, count }, options);
  return { ...partOf(folded), column: { ...memory, validity } };
}

/** Texts that were codes are codes again. */
function resultOf({ operand, type }: Folded, memory: ColumnMemory | undefined): LoadedColumn {
  if (memory === undefined) {
    throw new AikoError("INTERNAL", { message: "An aggregate gave no column" });
  }
  return { type, memory, dictionary: type.kind === "utf8" ? operand?.dictionary : undefined };
}

/** An overflow says which columns of the result it may be in. */
async function named<T>(folded: readonly Folded[], work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (!isAikoError(error, "OVERFLOW")) throw error;
    const sums = folded.filter(({ aggregate }) => aggregate.function === "sum").map(({ name }) => name);
    throw new AikoError("OVERFLOW", {
      message: `${error.message}: ${sums.join(" or ")}`,
      hint: "Cast the operand to float64 or to a decimal.",
      cause: error,
    });
  }
}
