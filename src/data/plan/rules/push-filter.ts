import type { ResolvedExpression } from "../../../expression/column/expression.ts";
import { canFail, columnsOf, conjunction, conjuncts, moved, substituted } from "../expressions.ts";
import type { JoinKind, PlanNode } from "../node.ts";

type FilterNode = PlanNode & { readonly kind: "filter" };

/** A filter goes below what does not change which rows it keeps: towards the reader. */
export function pushFilter(node: PlanNode): PlanNode {
  if (node.kind !== "filter") return node;
  const { input, predicate } = node;
  switch (input.kind) {
    case "project":
      return below(input, substituted(predicate, input.expressions));
    case "sort":
      return input.limit === undefined ? below(input, predicate) : node;
    case "concat":
      return { ...input, inputs: input.inputs.map((one) => filtered(one, predicate)) };
    case "distinct":
      return pushParts(node, input, isOver(input.columns));
    case "aggregate":
      return pushParts(node, input, isOver(range(input.keys.length)), (part) =>
        substituted(part, input.keys),
      );
    case "explode":
      return pushParts(node, input, (index) => index !== input.column);
    case "join":
      return pushIntoJoin(node, input);
    case "scan":
      return pushIntoScan(node, input);
    default:
      return node;
  }
}

type Unary = Extract<PlanNode, { readonly input: PlanNode }>;

function below(node: Unary, predicate: ResolvedExpression): PlanNode {
  return { ...node, input: filtered(node.input, predicate) };
}

function filtered(input: PlanNode, predicate: ResolvedExpression): PlanNode {
  return { kind: "filter", schema: input.schema, input, predicate };
}

function isOver(columns: readonly number[] | undefined) {
  return (index: number) => columns === undefined || columns.includes(index);
}

function range(length: number): number[] {
  return Array.from({ length }, (_, at) => at);
}

/** Sends those parts below `input` that read only columns it passes on. */
function pushParts(
  node: FilterNode,
  input: Unary,
  passes: (index: number) => boolean,
  translate = (part: ResolvedExpression) => part,
): PlanNode {
  const parts = conjuncts(node.predicate);
  const isLocal = (part: ResolvedExpression) => {
    const columns = [...columnsOf(part)];
    return columns.length > 0 && columns.every(passes) && !canFail(part);
  };
  const local = conjunction(parts.filter(isLocal).map(translate));
  if (local === undefined) return node;
  return kept(
    below(input, local),
    parts.filter((part) => !isLocal(part)),
  );
}

function kept(node: PlanNode, parts: readonly ResolvedExpression[]): PlanNode {
  const rest = conjunction(parts);
  return rest === undefined ? node : filtered(node, rest);
}

const filtersLeft: readonly JoinKind[] = ["inner", "cross", "left", "semi", "anti"];
const filtersRight: readonly JoinKind[] = ["inner", "cross", "right"];

function pushIntoJoin(node: FilterNode, join: PlanNode & { readonly kind: "join" }): PlanNode {
  const width = join.left.schema.length;
  const left: ResolvedExpression[] = [];
  const right: ResolvedExpression[] = [];
  const rest: ResolvedExpression[] = [];
  for (const part of conjuncts(node.predicate)) {
    const columns = [...columnsOf(part)];
    const isOfOne = columns.length > 0 && !canFail(part);
    if (isOfOne && filtersLeft.includes(join.how) && columns.every((at) => at < width)) left.push(part);
    else if (isOfOne && filtersRight.includes(join.how) && columns.every((at) => at >= width)) {
      right.push(moved(part, (at) => at - width));
    } else rest.push(part);
  }
  const ofLeft = conjunction(left);
  const ofRight = conjunction(right);
  if (ofLeft === undefined && ofRight === undefined) return node;
  return kept(
    {
      ...join,
      left: ofLeft === undefined ? join.left : filtered(join.left, ofLeft),
      right: ofRight === undefined ? join.right : filtered(join.right, ofRight),
    },
    rest,
  );
}

/** Only a reader of files can use it; for columns in memory the filter stays a node of its own. */
function pushIntoScan(node: FilterNode, scan: PlanNode & { readonly kind: "scan" }): PlanNode {
  if (scan.source.kind !== "files") return node;
  const own = moved(node.predicate, (at) => scan.columns[at] ?? at);
  if (scan.predicate !== undefined && canFail(own)) return node;
  const predicate = conjunction([
    ...(scan.predicate === undefined ? [] : conjuncts(scan.predicate)),
    ...conjuncts(own),
  ]);
  return predicate === undefined ? node : { ...scan, predicate };
}
