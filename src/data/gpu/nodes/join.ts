import { crossRows, joinRows } from "../../../kernels/index.ts";
import { unified } from "../dictionaries.ts";
import type { HeldColumn, LoadedColumn } from "../held-column.ts";
import { madeRelation } from "../made-relation.ts";
import { columnsAt, type NodeKind, type NodeOf, type Query } from "../query.ts";
import { expressionsReason } from "../reasons.ts";
import { Relation } from "../relation.ts";
import { rowNumbers, takenRows } from "../row-list.ts";
import { rowBytes } from "../sizes.ts";

type JoinNode = NodeOf<"join">;

export const join: NodeKind<JoinNode> = {
  reason: ({ left, right, leftKeys, rightKeys }, adapter) =>
    expressionsReason(leftKeys, adapter, left.schema) ?? expressionsReason(rightKeys, adapter, right.schema),
  execute: async (node, wanted, query) => {
    const { left: leftNode, right: rightNode, leftKeys, rightKeys } = node;
    const width = leftNode.schema.length;
    const leftWanted = wanted.filter((at) => at < width);
    const rightWanted = wanted.filter((at) => at >= width).map((at) => at - width);
    using left = await query.input(leftNode, [...leftKeys, ...columnsAt(leftNode, leftWanted)]);
    using right = await query.input(rightNode, [...rightKeys, ...columnsAt(rightNode, rightWanted)]);
    using lists = await matches(node, left, right, wanted, query);
    const { how } = node;
    const count = lists.rows;
    using leftOut = left.pick(leftWanted.map((_, at) => leftKeys.length + at));
    using leftRows = takenRows(leftOut, {
      column: lists.column(0),
      count,
      mayMiss: how === "right" || how === "full",
    });
    if (how === "semi" || how === "anti") return leftRows.pick(wanted.map((_, at) => at));
    using rightOut = right.pick(rightWanted.map((_, at) => rightKeys.length + at));
    using rightRows = takenRows(rightOut, {
      column: lists.column(1),
      count,
      mayMiss: how === "left" || how === "full",
    });
    let [nextLeft, nextRight] = [0, 0];
    return new Relation(
      count,
      wanted.map((at) => (at < width ? leftRows.column(nextLeft++) : rightRows.column(nextRight++)).retain()),
    );
  },
};

/** The numbers of the rows that match: of the left side, and of the right one where it gives columns. */
async function matches(
  node: JoinNode,
  left: Relation,
  right: Relation,
  wanted: readonly number[],
  query: Query,
): Promise<Relation> {
  const { how, nullsEqual, leftKeys, rightKeys } = node;
  const columns: readonly HeldColumn[] = [
    ...left.columns.slice(0, leftKeys.length),
    ...right.columns.slice(0, rightKeys.length),
  ];
  const outputBytes = wanted.reduce((sum, at) => sum + rowBytes(node.schema[at]?.type ?? rowNumbers), 8);
  const mostRows = Math.min(2 ** 31 - 1, Math.floor(query.memory.budgetBytes / outputBytes));
  const bytes = [(left.rows + right.rows) * 8, left.rows * 8, right.rows * 8];
  return madeRelation(query, { label: "join", columns, bytes }, async (step) => {
    const loaded = await step.loadAll(columns);
    const pairs: (readonly LoadedColumn[])[] = [];
    for (let key = 0; key < leftKeys.length; key++) {
      const pair = [loaded[key], loaded[leftKeys.length + key]].filter((column) => column !== undefined);
      pairs.push(await unified(step, pair, [left.rows, right.rows]));
    }
    const side = (at: number) =>
      pairs.map((pair) => pair[at]?.memory).filter((memory) => memory !== undefined);
    const counts = { leftCount: left.rows, rightCount: right.rows, mostRows };
    const found =
      how === "cross"
        ? await crossRows(step.device, counts, step.options)
        : await joinRows(
            step.device,
            { ...counts, left: side(0), right: side(1), how, nullsEqual },
            step.options,
          );
    const lists = [found.left, found.right].filter((list) => list !== undefined);
    return {
      rows: found.rows,
      columns: lists.map((values) => ({ type: rowNumbers, memory: { physical: "u32", values } })),
    };
  });
}
