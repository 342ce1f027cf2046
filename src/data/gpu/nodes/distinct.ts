import { distinctRows } from "../../../kernels/index.ts";
import { madeRelation } from "../made-relation.ts";
import { columnsAt, type NodeKind, type NodeOf } from "../query.ts";
import { rowNumbers, takenRows } from "../row-list.ts";

export const distinct: NodeKind<NodeOf<"distinct">> = {
  reason: () => undefined,
  execute: async (node, wanted, query) => {
    const keys = node.columns ?? [...node.schema.keys()];
    using input = await query.input(node.input, columnsAt(node.input, [...keys, ...wanted]));
    const { rows: count } = input;
    const columns = input.columns.slice(0, keys.length);
    const needs = { label: "distinct", columns, bytes: [count * 4, count * 8] };
    using rows = await madeRelation(query, needs, async (step) => {
      const loaded = await step.loadAll(columns);
      const work = { keys: loaded.map(({ memory }) => memory), count };
      const { representatives: values, groups } = await distinctRows(step.device, work, step.options);
      return { rows: groups, columns: [{ type: rowNumbers, memory: { physical: "u32", values } }] };
    });
    using outputs = input.pick(wanted.map((_, at) => keys.length + at));
    return takenRows(outputs, { column: rows.column(0), count: rows.rows, mayMiss: false });
  },
};
