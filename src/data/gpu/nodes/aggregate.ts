import type { ColumnType } from "../../../core/column-type.ts";
import type { Aggregate, ResolvedExpression } from "../../../expression/column/expression.ts";
import { groupRows, takeRows } from "../../../kernels/index.ts";
import { type Folded, foldAll, foldGroups } from "../aggregates.ts";
import type { HeldColumn, LoadedColumn } from "../held-column.ts";
import { madeRelation } from "../made-relation.ts";
import type { NodeKind, NodeOf, Query } from "../query.ts";
import { aggregatesReason, expressionsReason } from "../reasons.ts";
import type { Relation } from "../relation.ts";
import { columnBytes } from "../sizes.ts";

type AggregateNode = NodeOf<"aggregate">;

/** What some wanted columns of the result are, and where their operands are in the input. */
interface Work {
  /** Over the columns of the input: keys first. */
  readonly expressions: readonly ResolvedExpression[];
  readonly outputs: readonly (
    | { readonly key: number }
    | {
        readonly aggregate: Aggregate<ResolvedExpression>;
        readonly operand: number | undefined;
        readonly type: ColumnType;
        readonly name: string;
      }
  )[];
}

export const aggregate: NodeKind<AggregateNode> = {
  reason: ({ input, keys, aggregates }, adapter) => {
    const operands = aggregates.map(({ operand }) => operand).filter((operand) => operand !== undefined);
    return (
      aggregatesReason(aggregates, adapter) ??
      expressionsReason([...keys, ...operands], adapter, input.schema)
    );
  },
  execute: (node, wanted, query) => {
    const work = workOf(node, wanted);
    return node.keys.length === 0 ? ofAll(work, query, node) : ofGroups(work, query, node);
  },
};

function workOf({ keys, aggregates, schema }: AggregateNode, wanted: readonly number[]): Work {
  const expressions = [...keys];
  const outputs = wanted.map((at) => {
    const aggregate = aggregates[at - keys.length];
    if (aggregate === undefined) return { key: at };
    const { operand } = aggregate;
    const { name, type } = schema[at] ?? { name: "", type: { kind: "int64" } };
    return { aggregate, operand: operand && expressions.push(operand) - 1, type, name };
  });
  return { expressions, outputs };
}

/** One row. Rows that filters leave out are masked, not removed. */
async function ofAll(
  { expressions, outputs }: Work,
  query: Query,
  { input }: AggregateNode,
): Promise<Relation> {
  const { relation, isMasked } = await query.masked(input, expressions);
  using all = relation;
  const { rows, columns } = all;
  const needs = {
    label: "aggregate",
    columns,
    bytes: columns.flatMap(({ type }) => columnBytes(type, rows / 16)),
  };
  return await madeRelation(query, needs, async (step) => {
    const loaded = await step.loadAll(columns);
    const mask = isMasked ? loaded.at(-1) : undefined;
    return { rows: 1, columns: await foldAll(step, foldedOf(outputs, loaded), { count: rows, mask }) };
  });
}

/** A row for each combination of keys, in the order of their first rows. */
async function ofGroups(
  { expressions, outputs }: Work,
  query: Query,
  node: AggregateNode,
): Promise<Relation> {
  using relation = await query.input(node.input, expressions);
  const { rows, columns } = relation;
  const keys: readonly HeldColumn[] = columns.slice(0, node.keys.length);
  const needs = { label: "group", columns, bytes: [rows * 4, rows * 8, rows * 4] };
  return await madeRelation(query, needs, async (step) => {
    const { device, options } = step;
    const loaded = await step.loadAll(columns);
    const work = { keys: loaded.slice(0, keys.length).map(({ memory }) => memory), count: rows };
    const { groups, ids, representatives } = await groupRows(device, work, options);
    const folded = [...(await foldGroups(step, foldedOf(outputs, loaded), { count: rows, groups, ids }))];
    const made: LoadedColumn[] = [];
    for (const output of outputs) {
      const column = "key" in output ? loaded[output.key] : folded.shift();
      if (column === undefined) continue;
      if (!("key" in output)) made.push(column);
      else {
        const taking = {
          column: column.memory,
          rows: representatives,
          count: groups,
          sourceRows: rows,
          mayMiss: false,
        };
        made.push({ ...column, memory: await takeRows(device, taking, options) });
      }
    }
    return { rows: groups, columns: made };
  });
}

function foldedOf(outputs: Work["outputs"], loaded: readonly LoadedColumn[]): readonly Folded[] {
  return outputs.flatMap((output) => {
    if ("key" in output) return [];
    const { aggregate, operand, type, name } = output;
    return [{ aggregate, type, name, operand: operand === undefined ? undefined : loaded[operand] }];
  });
}
