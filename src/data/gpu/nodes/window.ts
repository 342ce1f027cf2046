import type { ColumnType } from "../../../core/column-type.ts";
import type { AggregateFunction } from "../../../expression/column/index.ts";
import {
  groupRows,
  takeRows,
  type WindowPosition,
  windowColumn,
  windowRows,
} from "../../../kernels/index.ts";
import type { WindowColumn, WindowFunction } from "../../plan/node.ts";
import { foldGroups } from "../aggregates.ts";
import type { LoadedColumn } from "../held-column.ts";
import { madeRelation } from "../made-relation.ts";
import { columnsAt, type NodeKind, type NodeOf } from "../query.ts";
import { aggregatesReason, expressionsReason } from "../reasons.ts";
import { Relation } from "../relation.ts";
import { columnBytes } from "../sizes.ts";
import type { Step } from "../step.ts";

type WindowNode = NodeOf<"window">;

const positions: ReadonlySet<WindowFunction> = new Set<WindowPosition>([
  "rowNumber",
  "rank",
  "denseRank",
  "lag",
  "lead",
  "firstValue",
]);

function isPosition(name: WindowFunction): name is WindowPosition {
  return positions.has(name);
}

const wholes: ReadonlySet<WindowFunction> = new Set<AggregateFunction>([
  "count",
  "countRows",
  "countDistinct",
  "sum",
  "mean",
  "min",
  "max",
  "any",
  "all",
  "variance",
  "stddev",
  "median",
]);

/** Of all rows of a partition, in whatever order. */
function isWhole(name: WindowFunction): name is AggregateFunction {
  return wholes.has(name);
}

export const window: NodeKind<WindowNode> = {
  reason: ({ input, partitionBy, orderBy, columns }, adapter) => {
    const other = columns.find(({ function: name }) => !isPosition(name) && !isWhole(name));
    if (other !== undefined) return `windows of ${other.function} run on the CPU`;
    const aggregates = columns.flatMap(({ function: name, operand }) =>
      isWhole(name) ? [{ function: name, operand }] : [],
    );
    const operands = columns.map(({ operand }) => operand).filter((operand) => operand !== undefined);
    const keys = orderBy.map(({ expression }) => expression);
    return (
      aggregatesReason(aggregates, adapter) ??
      expressionsReason([...partitionBy, ...keys, ...operands], adapter, input.schema)
    );
  },
  execute: async (node, wanted, query) => {
    const { partitionBy, orderBy, columns, schema } = node;
    const width = node.input.schema.length;
    const kept = wanted.filter((at) => at < width);
    const keys = [...partitionBy, ...orderBy.map(({ expression }) => expression)];
    const expressions = [...keys];
    const computed = wanted.flatMap((at): Computed[] => {
      const column = columns[at - width];
      const { name, type } = schema[at] ?? { name: "", type: { kind: "int64" } };
      if (column === undefined) return [];
      const operand = column.operand && expressions.push(column.operand) - 1;
      return [{ column, operand, name, type }];
    });
    using input = await query.input(node.input, [...expressions, ...columnsAt(node.input, kept)]);
    const { rows: count } = input;
    const read = input.columns.slice(0, expressions.length);
    const bytes = [
      ...Array<number>(8).fill(count * 4),
      ...computed.flatMap(({ type }) => columnBytes(type, count)),
    ];
    using made = await madeRelation(query, { label: "window", columns: read, bytes }, async (step) => {
      const loaded = await step.loadAll(read);
      const results = [
        ...(await inOrder(step, node, { computed, loaded, count })),
        ...(await overPartitions(step, node, { computed, loaded, count })),
      ];
      const columnsMade = computed.map((each) => results.find(({ of }) => of === each)?.made);
      return { rows: count, columns: columnsMade.filter((column) => column !== undefined) };
    });
    let [nextKept, nextMade] = [expressions.length, 0];
    return new Relation(
      count,
      wanted.map((at) => (at < width ? input.column(nextKept++) : made.column(nextMade++)).retain()),
    );
  },
};

interface Computed {
  readonly column: WindowColumn;
  /** Among the loaded columns: those of partitions come first, then those of the order. */
  readonly operand: number | undefined;
  readonly name: string;
  readonly type: ColumnType;
}

interface Work {
  readonly computed: readonly Computed[];
  readonly loaded: readonly LoadedColumn[];
  readonly count: number;
}

interface Result {
  readonly of: Computed;
  readonly made: LoadedColumn;
}

async function inOrder(
  { device, options }: Step,
  { partitionBy, orderBy }: WindowNode,
  { computed, loaded, count }: Work,
): Promise<readonly Result[]> {
  if (!computed.some(({ column }) => isPosition(column.function))) return [];
  const memory = loaded.map((column) => column.memory);
  const order = memory.slice(partitionBy.length, partitionBy.length + orderBy.length);
  using rows = await windowRows(
    device,
    {
      partitionBy: memory.slice(0, partitionBy.length),
      orderBy: order.map((column, at) => ({
        column,
        descending: orderBy[at]?.descending ?? false,
        nullsFirst: orderBy[at]?.nullsFirst ?? false,
      })),
      count,
    },
    options,
  );
  const results: Result[] = [];
  for (const of of computed) {
    const { function: name, rows: distance } = of.column;
    if (!isPosition(name)) continue;
    const column = of.operand === undefined ? undefined : loaded[of.operand];
    const work = { window: rows, function: name, column: column?.memory, distance };
    const made = {
      type: of.type,
      memory: await windowColumn(device, work, options),
      dictionary: column?.dictionary,
    };
    results.push({ of, made });
  }
  return results;
}

/** Aggregates of the partitions, by each row's partition. */
async function overPartitions(
  step: Step,
  { partitionBy }: WindowNode,
  { computed, loaded, count }: Work,
): Promise<readonly Result[]> {
  const { device, options } = step;
  const wanted = computed.filter(({ column }) => isWhole(column.function));
  if (wanted.length === 0) return [];
  const keys = loaded.slice(0, partitionBy.length).map(({ memory }) => memory);
  const { ids, groups } = await groupRows(device, { keys, count }, options);
  const folded = wanted.flatMap(({ column, operand, name, type }) =>
    isWhole(column.function)
      ? [
          {
            aggregate: { function: column.function, operand: column.operand },
            operand: operand === undefined ? undefined : loaded[operand],
            name,
            type,
          },
        ]
      : [],
  );
  const columns = await foldGroups(step, folded, { ids, groups, count });
  const results: Result[] = [];
  for (const [at, of] of wanted.entries()) {
    const column = columns[at];
    if (column === undefined) continue;
    const work = { column: column.memory, rows: ids, count, sourceRows: groups, mayMiss: false };
    results.push({ of, made: { ...column, memory: await takeRows(device, work, options) } });
  }
  return results;
}
