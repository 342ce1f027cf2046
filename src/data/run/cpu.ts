import { Columns } from "../columns.ts";
import type { DataContext } from "../context.ts";
import { mostRows as mostRowsOf } from "../plan/estimate.ts";
import type { PlanNode } from "../plan/node.ts";
import { refuseExplosion, tooLarge } from "./join-guard.ts";
import { type Limits, namedTable, preparedSql } from "./prepared.ts";

/** Runs a plan in the CPU engine. */
export async function queried(context: DataContext, plan: PlanNode, limits: Limits): Promise<Columns> {
  const only = plan.kind === "scan" && plan.source.kind === "memory" ? plan.source : undefined;
  if (only !== undefined && plan.kind === "scan") return only.columns.select(plan.columns);
  const engine = await context.engine();
  await refuseExplosion(context, plan, limits);
  const { signal, onProgress, mostRows } = limits;
  const isBounded = mostRowsOf(plan) <= mostRows;
  const text = await preparedSql(context, plan);
  const sql = isBounded ? text : `SELECT * FROM (${text}) LIMIT ${mostRows + 1}`;
  const table = await engine.query(sql, { signal, onProgress });
  if (table.rows > mostRows) throw await tooLarge(context, plan, limits);
  return Columns.onHost(namedTable(table, plan));
}
