import type { ResolvedExpression } from "../../expression/column/expression.ts";
import { columnsOf, moved, substituted } from "../plan/expressions.ts";
import type { PlanNode } from "../plan/node.ts";
import { columnsAt } from "./query.ts";

/** What filters and projections do to the rows of the node below them, in one pass. */
export interface Pipeline {
  /** Neither a filter nor a projection. */
  readonly node: PlanNode;
  /** Over the columns of `node`: rows for which all of them hold. */
  readonly predicates: readonly ResolvedExpression[];
  /** Over the columns of `node`. */
  readonly expressions: readonly ResolvedExpression[];
  /** Of the columns that predicates and expressions are over, for errors. */
  readonly names: readonly string[];
}

/** Expressions over a node's columns, as a pass over the first node below that is more than rows in, rows out. */
export function pipelineOf(node: PlanNode, expressions: readonly ResolvedExpression[]): Pipeline {
  let below = node;
  let predicates: readonly ResolvedExpression[] = [];
  let outputs = expressions;
  for (;;) {
    if (below.kind === "filter") {
      predicates = [below.predicate, ...predicates];
      below = below.input;
    } else if (below.kind === "project") {
      const computed = below.expressions;
      predicates = predicates.map((predicate) => substituted(predicate, computed));
      outputs = outputs.map((output) => substituted(output, computed));
      below = below.input;
    } else if (below.kind === "scan" && below.source.kind === "memory" && below.predicate !== undefined) {
      const { source, columns, predicate } = below;
      const chosen = columnsAt(source, columns);
      predicates = [predicate, ...predicates.map((each) => substituted(each, chosen))];
      outputs = outputs.map((output) => substituted(output, chosen));
      below = { kind: "scan", source, columns: [...source.schema.keys()], schema: source.schema };
    } else {
      return { node: below, predicates, expressions: outputs, names: below.schema.map(({ name }) => name) };
    }
  }
}

/** The columns that a pass reads, and the pass over only these. */
export function narrowed({ node, predicates, expressions, names }: Pipeline): {
  readonly columns: readonly number[];
  readonly pipeline: Pipeline;
} {
  const read = new Set<number>();
  for (const each of [...predicates, ...expressions]) columnsOf(each, read);
  const columns = [...read].sort((a, b) => a - b);
  const positions = new Map(columns.map((index, at) => [index, at]));
  const move = (each: ResolvedExpression) => moved(each, (index) => positions.get(index) ?? index);
  return {
    columns,
    pipeline: {
      node,
      predicates: predicates.map(move),
      expressions: expressions.map(move),
      names: columns.map((index) => names[index] ?? ""),
    },
  };
}
