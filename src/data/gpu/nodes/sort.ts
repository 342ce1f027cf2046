import { sortRows } from "../../../kernels/index.ts";
import { madeRelation } from "../made-relation.ts";
import { columnsAt, type NodeKind, type NodeOf } from "../query.ts";
import { expressionsReason } from "../reasons.ts";
import { rowNumbers, takenRows } from "../row-list.ts";

export const sort: NodeKind<NodeOf<"sort">> = {
  reason: ({ input, keys }, adapter) =>
    expressionsReason(
      keys.map(({ expression }) => expression),
      adapter,
      input.schema,
    ),
  execute: async (node, wanted, query) => {
    const keys = node.keys.map(({ expression }) => expression);
    using input = await query.input(node.input, [...keys, ...columnsAt(node.input, wanted)]);
    const { rows } = input;
    const count = Math.min(rows, node.limit ?? rows);
    const columns = input.columns.slice(0, keys.length);
    const needs = { label: "sort", columns, bytes: [rows * 4, rows * 4, rows * 8, rows * 8] };
    using sorted = await madeRelation(query, needs, async (step) => {
      const loaded = await step.loadAll(columns);
      const values = await sortRows(
        step.device,
        {
          keys: loaded.map(({ memory }, at) => ({
            column: memory,
            descending: node.keys[at]?.descending ?? false,
            nullsFirst: node.keys[at]?.nullsFirst ?? false,
          })),
          count: rows,
          limit: node.limit,
        },
        step.options,
      );
      return { rows: count, columns: [{ type: rowNumbers, memory: { physical: "u32", values } }] };
    });
    using outputs = input.pick(wanted.map((_, at) => keys.length + at));
    return takenRows(outputs, { column: sorted.column(0), count, mayMiss: false });
  },
};
