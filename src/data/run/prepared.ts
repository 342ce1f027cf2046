import type { HostTable } from "../../core/column.ts";
import { AikoError } from "../../errors.ts";
import type { Columns } from "../columns.ts";
import type { DataContext } from "../context.ts";
import { planSql, type SourceSql, type Sources } from "../duckdb/plan-sql.ts";
import { readerSql } from "../files/reader.ts";
import { nodesOf } from "../plan/inputs.ts";
import type { PlanNode } from "../plan/node.ts";

export interface Limits {
  /** More rows than these are refused: RESULT_TOO_LARGE. */
  readonly mostRows: number;
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: ((fraction: number) => void) | undefined;
}

/** A plan as one SQL text, with the columns in memory that it reads as tables of the engine. */
export async function preparedSql(context: DataContext, plan: PlanNode): Promise<string> {
  const engine = await context.engine();
  const tables = new Map<Columns, SourceSql>();
  for (const node of nodesOf(plan)) {
    if (node.kind !== "scan" || node.source.kind !== "memory") continue;
    const { columns } = node.source;
    if (tables.has(columns)) continue;
    const cells = columns.schema.map((_, at) => `c${at}`);
    const { name } = await columns.engineTable((table) => engine.load({ ...table, names: cells }), engine);
    tables.set(columns, { from: name, columns: cells, rowNumber: "rowid" });
  }
  const sources: Sources = (source) => {
    if (source.kind === "files") return readerSql(source);
    const table = tables.get(source.columns);
    if (table !== undefined) return table;
    throw new AikoError("INTERNAL", { message: "A plan reads columns that were not prepared" });
  };
  return planSql(plan, sources);
}

/** With the plan's names, where the engine's are c0, c1, ..., its zones, where the engine's are UTC, and its durations. */
export function namedTable(table: HostTable, plan: PlanNode): HostTable {
  const columns = table.columns.map((column, at) => {
    const { type } = plan.schema[at] ?? {};
    if (type?.kind === "duration" && column.type.kind === "int64") return { ...column, type };
    if (type?.kind !== "timestamp" || column.type.kind !== "timestamp") return column;
    return { ...column, type: { ...column.type, timeZone: type.timeZone } };
  });
  return { ...table, names: plan.schema.map(({ name }) => name), columns };
}
