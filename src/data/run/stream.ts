import type { HostTable } from "../../core/column.ts";
import type { DataContext } from "../context.ts";
import type { PlanNode } from "../plan/node.ts";
import { namedTable, preparedSql } from "./prepared.ts";

/** Streams an optimised plan's rows from the CPU engine, which keeps what exceeds its memory on disk. */
export async function* streamed(
  context: DataContext,
  plan: PlanNode,
  { rows, signal }: { readonly rows?: number | undefined; readonly signal?: AbortSignal | undefined },
): AsyncGenerator<HostTable, void, undefined> {
  const engine = await context.engine();
  const sql = await preparedSql(context, plan);
  const options = rows === undefined ? { signal } : { signal, batchRows: rows };
  for await (const batch of engine.stream(sql, options)) yield namedTable(batch, plan);
}
