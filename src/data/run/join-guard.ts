import { AikoError } from "../../errors.ts";
import type { DataContext } from "../context.ts";
import { mostRows } from "../plan/estimate.ts";
import { nodesOf } from "../plan/inputs.ts";
import type { PlanNode } from "../plan/node.ts";
import { Table } from "../table.ts";
import { type Limits, preparedSql } from "./prepared.ts";

type JoinNode = PlanNode & { readonly kind: "join" };

const multiplies: ReadonlySet<string> = new Set(["inner", "left", "right", "full", "cross"]);

/**
 * Throws RESULT_TOO_LARGE for a join that gives more rows than are allowed. Joins that could are estimated by the
 * engine, and counted exactly where that is above the limit.
 */
export async function refuseExplosion(context: DataContext, plan: PlanNode, limits: Limits): Promise<void> {
  for (const join of explosive(plan, limits)) {
    if ((await estimated(context, join, limits)) <= limits.mostRows) continue;
    const error = await refused(context, join, limits);
    if (error !== undefined) throw error;
  }
}

/** Of a result that has more rows than are allowed: how many, where joins made them. */
export async function tooLarge(context: DataContext, plan: PlanNode, limits: Limits): Promise<AikoError> {
  for (const join of explosive(plan, limits)) {
    const error = await refused(context, join, limits);
    if (error !== undefined) return error;
  }
  return new AikoError("RESULT_TOO_LARGE", {
    message: `The result has more than the ${limits.mostRows} rows that are allowed`,
    hint: "Filter first, take it in batches, write it to a file, or pass a larger mostRows.",
  });
}

function explosive(plan: PlanNode, limits: Limits): readonly JoinNode[] {
  return [...nodesOf(plan)].filter(
    (node): node is JoinNode =>
      node.kind === "join" && multiplies.has(node.how) && mostRows(node) > limits.mostRows,
  );
}

async function refused(context: DataContext, join: JoinNode, limits: Limits): Promise<AikoError | undefined> {
  const rows = await counted(context, join, limits);
  if (rows <= limits.mostRows) return undefined;
  return new AikoError("RESULT_TOO_LARGE", {
    message: `The join would give ${rows} rows; at most ${limits.mostRows} are allowed`,
    hint: "Join on more columns, filter first, or pass a larger mostRows.",
  });
}

/** What the engine's statistics say. */
async function estimated(context: DataContext, join: JoinNode, { signal }: Limits): Promise<number> {
  const engine = await context.engine();
  const sql = await preparedSql(context, join);
  const table = new Table(await engine.query(`EXPLAIN (FORMAT JSON) ${sql}`, { signal }));
  const text = table
    .toRows()
    .map((row) => String(row["explain_value"]))
    .join("");
  const estimates = [...text.matchAll(/"Estimated Cardinality": *"(\d+)"/g)].map(([, rows]) => Number(rows));
  return Math.max(0, ...estimates);
}

/** Exactly, from how often each key occurs on either side: nothing is joined row by row. */
async function counted(context: DataContext, join: JoinNode, limits: Limits): Promise<number> {
  const { left, right, leftKeys, rightKeys } = join;
  const grouped = (input: PlanNode, keys: JoinNode["leftKeys"]): PlanNode => ({
    kind: "aggregate",
    schema: [
      ...keys.map(({ type }, at) => ({ name: `k${at}`, type })),
      { name: "rows", type: { kind: "int64" } },
    ],
    input,
    keys,
    aggregates: [{ function: "countRows" }],
  });
  const width = leftKeys.length;
  const column = (index: number) => ({ kind: "column", index, type: { kind: "int64" } }) as const;
  const key = (node: PlanNode, at: number) =>
    ({ kind: "column", index: at, type: node.schema[at]?.type ?? { kind: "int64" } }) as const;
  const [a, b] = [grouped(left, leftKeys), grouped(right, rightKeys)];
  const at = leftKeys.map((_, index) => index);
  const pairs: PlanNode = {
    ...join,
    schema: [...a.schema, ...b.schema],
    left: a,
    right: b,
    leftKeys: at.map((index) => key(a, index)),
    rightKeys: at.map((index) => key(b, index)),
  };
  const one = { kind: "literal", value: 1, type: { kind: "float64" } } as const;
  const asFloat = (index: number) =>
    ({
      kind: "call",
      name: "coalesce",
      type: { kind: "float64" },
      operands: [{ kind: "cast", operand: column(index), orNull: false, type: { kind: "float64" } }, one],
    }) as const;
  const total: PlanNode = {
    kind: "aggregate",
    schema: [{ name: "rows", type: { kind: "float64" } }],
    input: pairs,
    keys: [],
    aggregates: [
      {
        function: "sum",
        operand: {
          kind: "call",
          name: "multiply",
          operands: [asFloat(width), asFloat(2 * width + 1)],
          type: { kind: "float64" },
        },
      },
    ],
  };
  const engine = await context.engine();
  const table = await engine.query(await preparedSql(context, total), { signal: limits.signal });
  return Number(new Table(table).at(0)?.["c0"] ?? 0);
}
