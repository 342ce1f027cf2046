import { Columns } from "../columns.ts";
import type { PlanNode } from "../plan/node.ts";
import { evaluated, masked } from "./evaluate.ts";
import { kindOf } from "./nodes/index.ts";
import { narrowed, pipelineOf } from "./pipeline.ts";
import { columnsAt, type NodeOf, type Query } from "./query.ts";
import type { Relation } from "./relation.ts";
import { runStep, type StepContext } from "./step.ts";

export interface GpuQueryContext extends StepContext {
  /** Brings the columns that a scan of files gives: the CPU engine reads files. Without it they are UNSUPPORTED. */
  readonly read?: ((node: NodeOf<"scan">) => Promise<Columns>) | undefined;
  /** Told of each node that is done, its rows and milliseconds, inputs included; waits for the device to know. */
  readonly onNode?:
    | ((node: PlanNode, done: { readonly rows: number; readonly ms: number }) => void)
    | undefined;
}

/**
 * Runs a plan on a device; the result stays there. Resolves when the device's work is done. Rejects with UNSUPPORTED for
 * what `unsupportedReason` names, OUT_OF_MEMORY, RESULT_TOO_LARGE, OVERFLOW, INVALID_VALUE and ABORTED; nothing is left
 * on the device then.
 */
export async function executeOnGpu(plan: PlanNode, context: GpuQueryContext): Promise<Columns> {
  const query = queryOf(context);
  using result = await query.input(plan, columnsAt(plan, [...plan.schema.keys()]));
  const columns = await gathered(query, result, plan);
  try {
    await context.device.wait();
  } catch (error) {
    columns.dispose();
    throw error;
  }
  return columns;
}

function queryOf(context: GpuQueryContext): Query {
  const { device, memory, timer, signal, read, onNode } = context;
  const run = async (node: PlanNode, wanted: readonly number[]): Promise<Relation> => {
    if (onNode === undefined) return kindOf(node).execute(node, wanted, query);
    const start = performance.now();
    const relation = await kindOf(node).execute(node, wanted, query);
    await device.wait();
    onNode(node, { rows: relation.rows, ms: performance.now() - start });
    return relation;
  };
  const query: Query = {
    device,
    memory,
    timer,
    signal,
    read,
    input: async (node, expressions) => {
      const { columns, pipeline } = narrowed(pipelineOf(node, expressions));
      using relation = await run(pipeline.node, columns);
      return await evaluated(query, relation, pipeline);
    },
    masked: async (node, expressions) => {
      const { columns, pipeline } = narrowed(pipelineOf(node, expressions));
      using relation = await run(pipeline.node, columns);
      return await masked(query, relation, pipeline);
    },
  };
  return query;
}

/** Everything made, as columns of their own. */
async function gathered(query: Query, { rows, columns }: Relation, { schema }: PlanNode): Promise<Columns> {
  const lazy = columns.filter((column) => column.kept === undefined);
  if (lazy.length > 0) {
    await runStep(query, { label: "gather", columns: lazy }, async (step) => {
      await step.loadAll(lazy);
    });
  }
  const parts = columns.map(({ kept }) => kept).filter((part) => part !== undefined);
  return Columns.beside(parts, schema, rows);
}
