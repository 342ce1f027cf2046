import { totalmem } from "node:os";
import { AikoError } from "../../errors.ts";
import { abortError, type OperationReport, type RunOptions } from "../../runtime/index.ts";
import type { Columns } from "../columns.ts";
import type { DataContext } from "../context.ts";
import { rowBytes } from "../plan/estimate.ts";
import type { PlanNode } from "../plan/node.ts";
import { optimize } from "../plan/optimize.ts";
import { Table } from "../table.ts";
import { lackingOf, planOperation } from "./plan-operation.ts";

export interface CollectOptions extends RunOptions {
  /** More rows than these are refused, with RESULT_TOO_LARGE. Default: what a quarter of the machine's memory holds. */
  readonly mostRows?: number | undefined;
  /** Called with what is done, from 0 to 1, while the CPU engine works. */
  readonly onProgress?: ((fraction: number) => void) | undefined;
}

/** Runs a plan where it is predicted to be faster. */
export async function collected(
  context: DataContext,
  plan: PlanNode,
  options: CollectOptions,
): Promise<Table> {
  const { columns, report } = await computed(context, optimize(plan), options);
  return Table.of(columns, report);
}

export interface Computed {
  readonly columns: Columns;
  readonly report: OperationReport | undefined;
}

/** `plan` is optimised. */
export async function computed(
  context: DataContext,
  plan: PlanNode,
  options: CollectOptions,
): Promise<Computed> {
  const { onProgress, mostRows = mostOf(plan), ...run } = options;
  if (options.signal?.aborted) throw abortError(options.signal, "data");
  if (run.placement === "gpu") await assertSupported(context, plan, run.device);
  const operation = planOperation(context, plan);
  const { value, report } = await context.runtime.run(operation, { plan, mostRows, onProgress }, run);
  return { columns: value, report };
}

/** What a quarter of the memory holds: the engine has a copy while the result is read. */
export function mostOf(plan: PlanNode): number {
  return Math.floor(totalmem() / 4 / Math.max(1, rowBytes(plan.schema)));
}

/** Who asks for the GPU gets all of it there, or UNSUPPORTED with what is lacking. */
async function assertSupported(context: DataContext, plan: PlanNode, id: string | undefined): Promise<void> {
  const adapters = await context.runtime.adapters();
  const adapter = id === undefined ? adapters[0] : adapters.find((one) => one.id === id);
  if (adapter === undefined) return;
  const reasons = lackingOf(context, plan, adapter);
  if (reasons.length === 0) return;
  throw new AikoError("UNSUPPORTED", {
    message: `${adapter.id} cannot run this plan: ${reasons.join("; ")}`,
    hint: 'Use placement "auto": what the GPU lacks runs in DuckDB.',
  });
}
