import type { HostColumn } from "../../core/column.ts";
import { nullColumn } from "../../core/column-make.ts";
import { type ColumnType, physicalOf } from "../../core/column-type.ts";
import { AikoError, isAikoError } from "../../errors.ts";
import {
  branchOf,
  evaluateOnHost,
  partsOfResolved,
  type ResolvedExpression,
} from "../../expression/column/index.ts";
import type { FixedPhysical, Memory } from "../../kernels/columns/column.ts";
import { combineBitmaps, takeRows } from "../../kernels/index.ts";
import { encodeColumn } from "../encode.ts";
import { columnsOf, moved } from "../plan/expressions.ts";
import { uploaded } from "./dictionaries.ts";
import type { LoadedColumn } from "./held-column.ts";
import { fixedOf } from "./loaded.ts";
import type { Step } from "./step.ts";

/** Functions are computed once for each text of a dictionary, in slices, if there are no more than these. */
export const mostTexts = 1 << 16;

/**
 * The expression with functions of one encoded text column, other than tests, replaced; `isEncoded` says which columns are.
 * Tests are the fused kernel's.
 */
export function withoutTextFunctions(
  node: ResolvedExpression,
  isEncoded: (index: number) => boolean,
  replace: (node: ResolvedExpression, index: number) => ResolvedExpression,
): ResolvedExpression {
  if (node.kind === "column" || node.kind === "literal") return node;
  const [index, ...others] = columnsOf(node);
  if (index !== undefined && others.length === 0 && isEncoded(index)) {
    if (node.type.kind === "bool") return node;
    if (isOfText(node)) return replace(node, index);
  }
  const inner = (part: ResolvedExpression) => withoutTextFunctions(part, isEncoded, replace);
  switch (node.kind) {
    case "call":
      return { ...node, operands: node.operands.map(inner) };
    case "cast":
      return { ...node, operand: inner(node.operand) };
    case "case":
      return {
        ...node,
        branches: node.branches.map(({ when, then }) => branchOf(inner(when), inner(then))),
        otherwise: inner(node.otherwise),
      };
  }
}

function isOfText(node: ResolvedExpression): boolean {
  return node.type.kind === "utf8" || partsOfResolved(node).some(({ type }) => type.kind === "utf8");
}

/** A function of a text column in a dictionary: of each text on the host, then by code on the device. */
export async function ofEachText(
  step: Step,
  node: ResolvedExpression,
  column: LoadedColumn,
  count: number,
): Promise<LoadedColumn> {
  const { device, options } = step;
  const { results, dictionary } = await resultsOf(node, column);
  const { type } = node;
  const validity = results.nullCount > 0 ? results.validity : undefined;
  const source = {
    physical: type.kind === "utf8" ? "u32" : (physicalOf(type) as FixedPhysical),
    values: await uploaded(step, valuesOf(results), "results of texts"),
    validity: validity && (await uploaded(step, validity, "results of texts")),
  };
  const { values: rows, validity: given } = fixedOf(column);
  const work = { column: source, rows, count, sourceRows: results.length, mayMiss: false };
  const taken = await takeRows(device, work, options);
  return { type, dictionary, memory: { ...taken, validity: await both(step, taken.validity, given, count) } };
}

async function both(
  { device, options }: Step,
  left: Memory | undefined,
  right: Memory | undefined,
  count: number,
): Promise<Memory | undefined> {
  const one = left ?? right;
  if (one === undefined) return undefined;
  return combineBitmaps(device, { operation: "and", left: one, right: right ?? one, count }, options);
}

async function resultsOf(node: ResolvedExpression, { dictionary, type }: LoadedColumn) {
  if (dictionary === undefined)
    throw new AikoError("INTERNAL", { message: "A text column has no dictionary" });
  const single = moved(node, () => 0);
  try {
    const [ofNull] = await evaluateOnHost([single], [nullColumn(type, 1)], 1);
    const [results] = await evaluateOnHost([single], [dictionary], dictionary.length);
    if (results === undefined || ofNull?.nullCount !== 1)
      throw notOnDevice("it is not null where the text is");
    if (results.layout !== "text") return { results, dictionary: undefined };
    const encoded = await encodeColumn(results, { always: true });
    if (encoded === undefined) throw notOnDevice("its results are not encoded");
    return { results: encoded, dictionary: encoded.dictionary };
  } catch (error) {
    // A text that no row has any more may be the one that fails.
    if (isAikoError(error, "OVERFLOW") || isAikoError(error, "INVALID_VALUE"))
      throw notOnDevice(error.message);
    throw error;
  }
}

function valuesOf(column: HostColumn): ArrayBufferView {
  if (column.layout === "dictionary") return column.codes;
  if (column.layout === "fixed") return column.values;
  throw notOnDevice(`it gives ${column.layout}`);
}

function notOnDevice(reason: string): AikoError {
  return new AikoError("UNSUPPORTED", {
    message: `A function of a text column cannot run on the device: ${reason}`,
  });
}

/** A reference to the column at a position. */
export function columnAt(index: number, type: ColumnType): ResolvedExpression {
  return { kind: "column", index, type };
}
