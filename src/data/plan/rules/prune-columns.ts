import type { Schema } from "../../../core/column-type.ts";
import type { ResolvedExpression } from "../../../expression/column/expression.ts";
import { columnsOf, mapAggregate, mapKey, moved } from "../expressions.ts";
import { inputsOf, withInputs } from "../inputs.ts";
import type { PlanNode } from "../node.ts";

/** A node that gives fewer columns, and where each of the former ones is now. */
interface Pruned {
  readonly node: PlanNode;
  readonly at: (index: number) => number;
}

/** Columns that nobody above needs are neither read nor computed. */
export function pruneColumns(plan: PlanNode): PlanNode {
  const all = new Set(plan.schema.keys());
  const { node, at } = pruned(plan, all);
  return restored(node, at, plan.schema);
}

/** The columns of `schema` in its order. */
function restored(node: PlanNode, at: (index: number) => number, schema: Schema): PlanNode {
  if (node.schema.length === schema.length && schema.every((_, index) => at(index) === index)) {
    return node.schema === schema ? node : { ...node, schema };
  }
  const expressions = schema.map(({ type }, index) => ({ kind: "column", index: at(index), type }) as const);
  return { kind: "project", schema, input: node, expressions };
}

/** `needed` are positions in the node's schema; what comes back has at least these. */
function pruned(node: PlanNode, needed: ReadonlySet<number>): Pruned {
  switch (node.kind) {
    case "scan": {
      const kept = keep(node.columns.length, needed);
      const columns = pick(node.columns, kept);
      return { node: { ...node, schema: pick(node.schema, kept), columns }, at: places(kept) };
    }
    case "project": {
      const kept = keep(node.expressions.length, needed);
      const expressions = pick(node.expressions, kept);
      const below = pruned(node.input, read(expressions));
      return {
        node: {
          ...node,
          schema: pick(node.schema, kept),
          input: below.node,
          expressions: expressions.map((part) => moved(part, below.at)),
        },
        at: places(kept),
      };
    }
    case "filter": {
      const below = pruned(node.input, read([node.predicate], needed));
      const predicate = moved(node.predicate, below.at);
      return { node: { ...node, schema: below.node.schema, input: below.node, predicate }, at: below.at };
    }
    case "sort": {
      const keys = node.keys.map(({ expression }) => expression);
      const below = pruned(node.input, read(keys, needed));
      const over = (part: ResolvedExpression) => moved(part, below.at);
      return {
        node: {
          ...node,
          schema: below.node.schema,
          input: below.node,
          keys: node.keys.map((key) => mapKey(key, over)),
        },
        at: below.at,
      };
    }
    case "limit": {
      const below = pruned(node.input, needed);
      return { node: { ...node, schema: below.node.schema, input: below.node }, at: below.at };
    }
    case "distinct": {
      if (node.columns === undefined) return whole(node);
      const below = pruned(node.input, new Set([...needed, ...node.columns]));
      const columns = node.columns.map(below.at);
      return { node: { ...node, schema: below.node.schema, input: below.node, columns }, at: below.at };
    }
    case "explode": {
      const below = pruned(node.input, new Set([...needed, node.column]));
      const schema = scatter(node.schema, below.node.schema, below.at);
      return { node: { ...node, schema, input: below.node, column: below.at(node.column) }, at: below.at };
    }
    case "aggregate":
      return prunedAggregate(node, needed);
    case "join":
      return prunedJoin(node, needed);
    case "concat": {
      const kept = keep(node.schema.length, needed);
      const schema = pick(node.schema, kept);
      const wanted = new Set(kept);
      const inputs = node.inputs.map((input) => {
        const below = pruned(input, wanted);
        return restored(below.node, (index) => below.at(kept[index] ?? 0), pick(input.schema, kept));
      });
      return { node: { ...node, schema, inputs }, at: places(kept) };
    }
    case "window":
      return prunedWindow(node, needed);
    default:
      return whole(node);
  }
}

/** A node that needs all its columns; below it, pruning starts again. */
function whole(node: PlanNode): Pruned {
  return { node: withInputs(node, inputsOf(node).map(pruneColumns)), at: (index) => index };
}

function prunedAggregate(
  node: PlanNode & { readonly kind: "aggregate" },
  needed: ReadonlySet<number>,
): Pruned {
  const width = node.keys.length;
  const kept = node.schema.map((_, at) => at).filter((at) => at < width || needed.has(at));
  if (kept.length === 0) kept.push(0);
  const aggregates = pick(
    node.aggregates,
    kept.filter((at) => at >= width).map((at) => at - width),
  );
  const below = pruned(
    node.input,
    read([...node.keys, ...aggregates.flatMap(({ operand }) => operand ?? [])]),
  );
  const over = (part: ResolvedExpression) => moved(part, below.at);
  return {
    node: {
      ...node,
      schema: pick(node.schema, kept),
      input: below.node,
      keys: node.keys.map(over),
      aggregates: aggregates.map((aggregate) => mapAggregate(aggregate, over)),
    },
    at: places(kept),
  };
}

function prunedJoin(node: PlanNode & { readonly kind: "join" }, needed: ReadonlySet<number>): Pruned {
  const width = node.left.schema.length;
  const ofLeft = [...needed].filter((at) => at < width);
  const ofRight = [...needed].filter((at) => at >= width).map((at) => at - width);
  const left = pruned(node.left, read(node.leftKeys, ofLeft));
  const right = pruned(node.right, read(node.rightKeys, ofRight));
  const leftWidth = left.node.schema.length;
  const isOneSided = node.how === "semi" || node.how === "anti";
  return {
    node: {
      ...node,
      schema: isOneSided ? left.node.schema : [...left.node.schema, ...right.node.schema],
      left: left.node,
      right: right.node,
      leftKeys: node.leftKeys.map((key) => moved(key, left.at)),
      rightKeys: node.rightKeys.map((key) => moved(key, right.at)),
    },
    at: (index) => (index < width ? left.at(index) : leftWidth + right.at(index - width)),
  };
}

function prunedWindow(node: PlanNode & { readonly kind: "window" }, needed: ReadonlySet<number>): Pruned {
  const width = node.input.schema.length;
  const keptColumns = node.columns.map((_, at) => at).filter((at) => needed.has(width + at));
  const passed = [...needed].filter((at) => at < width);
  if (keptColumns.length === 0) return pruned(node.input, new Set(passed));
  const columns = pick(node.columns, keptColumns);
  const reads = [
    ...node.partitionBy,
    ...node.orderBy.map(({ expression }) => expression),
    ...columns.flatMap(({ operand }) => operand ?? []),
  ];
  const below = pruned(node.input, read(reads, passed));
  const over = (part: ResolvedExpression) => moved(part, below.at);
  const newWidth = below.node.schema.length;
  return {
    node: {
      ...node,
      schema: [
        ...below.node.schema,
        ...pick(
          node.schema,
          keptColumns.map((at) => at + width),
        ),
      ],
      input: below.node,
      partitionBy: node.partitionBy.map(over),
      orderBy: node.orderBy.map((key) => mapKey(key, over)),
      columns: columns.map((column) =>
        column.operand === undefined ? column : { ...column, operand: over(column.operand) },
      ),
    },
    at: (index) => (index < width ? below.at(index) : newWidth + keptColumns.indexOf(index - width)),
  };
}

/** Positions in order. A table without columns would have no rows: one is kept. */
function keep(length: number, needed: ReadonlySet<number>): number[] {
  const kept = Array.from({ length }, (_, at) => at).filter((at) => needed.has(at));
  return kept.length === 0 && length > 0 ? [0] : kept;
}

function pick<T>(items: readonly T[], at: readonly number[]): T[] {
  return at.map((index) => items[index] as T);
}

function places(kept: readonly number[]): (index: number) => number {
  return (index) => kept.indexOf(index);
}

function read(expressions: readonly ResolvedExpression[], also: Iterable<number> = []): Set<number> {
  const into = new Set(also);
  for (const expression of expressions) columnsOf(expression, into);
  return into;
}

/** The kept columns' own names and types: exploding changes the type of one. */
function scatter(before: Schema, kept: Schema, at: (index: number) => number): Schema {
  const schema = [...kept];
  before.forEach((field, index) => {
    const place = at(index);
    if (place >= 0) schema[place] = field;
  });
  return schema;
}
