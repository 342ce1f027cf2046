import type { ResolvedExpression } from "../../expression/column/expression.ts";
import { compactColumns, countBits, selectRows } from "../../kernels/index.ts";
import { columnsOf, expressionKey } from "../plan/expressions.ts";
import { compute, type Pass } from "./compute.ts";
import type { HeldColumn } from "./held-column.ts";
import { fixedOf } from "./loaded.ts";
import { madeRelation } from "./made-relation.ts";
import type { MaskedRelation } from "./query.ts";
import { Relation } from "./relation.ts";
import { isUngathered, rowNumbers, takenRows } from "./row-list.ts";
import { columnBytes } from "./sizes.ts";
import { runStep, type StepContext } from "./step.ts";

/** What the expressions give for the rows for which the predicates hold. */
export async function evaluated(context: StepContext, relation: Relation, pass: Pass): Promise<Relation> {
  const { relation: all, isMasked } = await masked(context, relation, pass);
  using _ = all;
  const outputs = pass.expressions.map((__, at) => at);
  if (!isMasked) return all.pick(outputs);
  using columns = all.pick(outputs);
  return await compacted(context, columns, all.column(outputs.length));
}

/** What the expressions give for all rows, and where the predicates hold: errors count for those rows only. */
export async function masked(context: StepContext, relation: Relation, pass: Pass): Promise<MaskedRelation> {
  const { predicates, expressions, names } = pass;
  const isMasked = predicates.length > 0;
  const toCompute = new Map<string, ResolvedExpression>();
  for (const each of expressions) if (each.kind !== "column") toCompute.set(expressionKey(each), each);
  const distinct = [...toCompute.values()];
  using made =
    distinct.length === 0 && !isMasked
      ? new Relation(relation.rows, [])
      : await computed(context, relation, { predicates, expressions: distinct, names });
  const positions = new Map([...toCompute.keys()].map((key, at) => [key, at]));
  const columns = expressions.map((each) =>
    each.kind === "column"
      ? relation.column(each.index)
      : made.column(positions.get(expressionKey(each)) ?? 0),
  );
  if (isMasked) columns.push(made.column(distinct.length));
  return {
    relation: new Relation(
      relation.rows,
      columns.map((column) => column.retain()),
    ),
    isMasked,
  };
}

/** New columns for expressions that are not just columns, and after them the mask of the predicates. */
async function computed(context: StepContext, { rows, columns }: Relation, pass: Pass): Promise<Relation> {
  const { predicates, expressions } = pass;
  const read = new Set<number>();
  for (const each of [...predicates, ...expressions]) columnsOf(each, read);
  const inputs = columns.map((column, at) => (read.has(at) ? column : undefined));
  const bytes = expressions.flatMap(({ type }) => columnBytes(type, rows));
  if (predicates.length > 0) bytes.push(...columnBytes({ kind: "bool" }, rows));
  const needs = { label: "expressions", columns: inputs.filter((column) => column !== undefined), bytes };
  return madeRelation(context, needs, async (step) => {
    const loaded = [];
    for (const input of inputs) loaded.push(input && (await step.load(input)));
    return { rows, columns: await compute(step, loaded, rows, pass) };
  });
}

/** The rows that a mask selects. */
async function compacted(context: StepContext, relation: Relation, mask: HeldColumn): Promise<Relation> {
  const { rows: count, columns } = relation;
  const direct = [...new Set(columns.filter((column) => !isUngathered(column)))];
  const most = await mostSelected(context, mask, count, direct);
  const bytes = [most * 4, ...direct.flatMap(({ type }) => columnBytes(type, most))];
  const needs = { label: "filter", columns: [mask, ...direct], bytes };
  using made = await madeRelation(context, needs, async (step) => {
    const { device, options } = step;
    const work = { mask: fixedOf(await step.load(mask)).values, count };
    const loaded = await step.loadAll(direct);
    const kept = await compactColumns(
      device,
      { ...work, columns: loaded.map(({ memory }) => memory) },
      options,
    );
    const compact = loaded.map((column, at) => ({ ...column, memory: kept.columns[at] ?? column.memory }));
    if (direct.length === columns.length) return { rows: kept.selected, columns: compact };
    const { rows: values } = await selectRows(device, work, options);
    const numbers = { type: rowNumbers, memory: { physical: "u32", values } } as const;
    return { rows: kept.selected, columns: [...compact, numbers] };
  });
  const list = made.columns[direct.length];
  using taken =
    list === undefined
      ? new Relation(made.rows, [])
      : takenRows(relation, { column: list, count: made.rows, mayMiss: false });
  const positions = new Map(direct.map((column, at) => [column, at]));
  const outputs = columns.map((column, at) => {
    const position = positions.get(column);
    return position === undefined ? taken.column(at) : made.column(position);
  });
  return new Relation(
    made.rows,
    outputs.map((column) => column.retain()),
  );
}

/** How many rows to reserve for: counted first where all of them might be too many. */
async function mostSelected(
  context: StepContext,
  mask: HeldColumn,
  count: number,
  columns: readonly HeldColumn[],
): Promise<number> {
  const bytes = columns.flatMap(({ type }) => columnBytes(type, count)).reduce((sum, each) => sum + each, 0);
  if (bytes * 4 <= context.memory.reachableBytes) return count;
  return runStep(context, { label: "filter", columns: [mask] }, async (step) => {
    const bitmap = fixedOf(await step.load(mask)).values;
    return countBits(step.device, { bitmap, count }, step.options);
  });
}
